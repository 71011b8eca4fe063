// Words in running speech, as they are spoken: `runtime/streaming/recognizer.py` and `loudness_gate.py` in JavaScript, which
// have the formulas and the reasons.

import { AUDIBLE, filtered, fitLength } from "./clips.js";
import { accepts, logProbabilities, probabilities } from "./decision.js";
import { Resampler } from "./resampling.js";
import { SegmentSearch } from "./segment-search.js";

const SILENCE_DB = 20 * Math.log10(AUDIBLE);

class LoudnessGate {
  constructor(marginDb, memory, head) {
    Object.assign(this, { marginDb, memory, head, powers: [] });
  }

  isLoud(samples) {
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const powerDb = power > 0 ? 10 * Math.log10(power) : -Infinity;
    this.powers.push(Math.max(powerDb, SILENCE_DB));
    if (this.powers.length > this.memory) this.powers.shift();
    const known = this.powers.length > this.head;
    return powerDb > (known ? Math.min(...this.powers) + this.marginDb : SILENCE_DB);
  }
}

function joined(...parts) {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Hears one stream. `push` and `flush` promise the words that are decided: {word, confidence, start, end, ...} in seconds. */
export class StreamingRecognizer {
  constructor(model, sampleRate) {
    const config = model.facts.streaming;
    Object.assign(this, { model, config });
    this.size = Math.round(config.step_seconds * model.facts.sample_rate);
    this.stepSeconds = this.size / model.facts.sample_rate;
    this.steps = (seconds) => Math.round(seconds / config.step_seconds);
    this.resampler = new Resampler(sampleRate, model.facts.sample_rate);
    this.gate = new LoudnessGate(config.loud_db, this.steps(config.floor_seconds), this.steps(config.head_seconds));
    this.search = new SegmentSearch(this.steps(config.patience_seconds));
    this.waiting = new Float32Array(0);
    this.before = null; // what the low cut remembers
    this.recent = new Float32Array(0);
    this.starts = [];
    this.quiet = 0;
    this.turn = Promise.resolve(); // one step after the other, however fast the blocks come
  }

  push(samples) {
    return this.next(() => this.hear(this.resampler.push(samples)));
  }

  flush() {
    return this.next(async () => {
      const events = await this.hear(this.resampler.flush());
      if (this.waiting.length > 0) events.push(...(await this.hear(new Float32Array(this.size - this.waiting.length))));
      return [...events, ...this.events(this.search.finish())];
    });
  }

  next(work) {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  async hear(samples) {
    this.waiting = joined(this.waiting, samples);
    const events = [];
    while (this.waiting.length >= this.size) {
      const step = this.waiting.slice(0, this.size);
      this.waiting = this.waiting.slice(this.size);
      events.push(...this.events(await this.advance(step)));
    }
    return events;
  }

  async advance(step) {
    const samples = this.cutLow(step);
    const longest = this.steps(this.config.longest_seconds);
    const end = this.search.step + 1;
    this.recent = joined(this.recent, samples).slice(-longest * this.size);
    let segments = [];
    if (this.gate.isLoud(samples)) {
      this.quiet = 0;
      this.starts.push(end - 1);
      const latest = end - this.steps(this.config.shortest_seconds);
      segments = await this.segments(this.starts.filter((start) => start <= latest), end);
    } else {
      this.quiet += 1;
    }
    const paused = this.quiet >= this.steps(this.config.pause_seconds);
    this.starts = paused ? [] : this.starts.filter((start) => start > end - longest);
    return this.search.advance(segments, this.starts);
  }

  cutLow(step) {
    const kernel = this.model.facts.stream_low_cut;
    this.before ??= new Float64Array(kernel.length - 1).fill(step[0]);
    const out = filtered(step, kernel, this.before);
    const signal = joined(Float32Array.from(this.before), step);
    this.before = signal.slice(step.length);
    return out;
  }

  async segments(starts, end) {
    if (starts.length === 0) return [];
    const { calibration, clip_samples: length } = this.model.facts;
    const clips = starts.map((start) => fitLength(this.recent.subarray(this.recent.length - (end - start) * this.size), length));
    const { logits, features } = await this.model.run(clips);
    const neutral = Math.log(this.config.neutral_probability);
    const least = Math.log(this.config.least_probability);
    const found = [];
    starts.forEach((start, row) => {
      const chances = logProbabilities(logits[row]);
      const best = Math.max(...chances);
      const gain = (end - start) * this.stepSeconds * (best - neutral) + this.config.word_gain;
      if (gain <= 0 || best < least || !accepts(logits[row], calibration.threshold)) return;
      const shares = probabilities(logits[row], calibration.temperature);
      found.push({ start, end, gain, word: chances.indexOf(best), logits: logits[row], features: features[row], shares });
    });
    return found;
  }

  events(segments) {
    return segments.map(({ start, end, word, shares, logits, features }) => ({
      word,
      confidence: shares[word],
      shares,
      logits,
      features,
      start: start * this.stepSeconds,
      end: end * this.stepSeconds,
      decided: this.search.step * this.stepSeconds,
    }));
  }
}
