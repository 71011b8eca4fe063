// Words in running speech, as they are spoken: `runtime/streaming/recognizer.py` and `loudness_gate.py` in JavaScript, which
// have the formulas and the reasons.

import { centred, LowCut, ToneCut } from "./cleaning.js";
import { evidence, logProbabilities } from "./decision.js";
import { Resampler } from "./resampling.js";
import { SegmentSearch } from "./segment-search.js";
import { joined } from "./sound.js";

class LoudnessGate {
  constructor(marginDb, memory, head, silenceDb) {
    Object.assign(this, { marginDb, memory, head, silenceDb, powers: [] });
  }

  isLoud(samples) {
    const powerDb = 10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    this.powers = [...this.powers, Math.max(powerDb, this.silenceDb)].slice(-this.memory);
    return powerDb > (this.powers.length > this.head ? Math.min(...this.powers) + this.marginDb : this.silenceDb);
  }
}

/** Samples that come in blocks and go in steps. */
class Steps {
  constructor(size) {
    this.size = size;
    this.waiting = new Float32Array(0);
  }

  *push(samples) {
    this.waiting = joined(this.waiting, samples);
    for (; this.waiting.length >= this.size; this.waiting = this.waiting.slice(this.size)) yield this.waiting.slice(0, this.size);
  }
}

/**
 * Recognises the words of one stream. `push` and `flush` promise those that are decided: {scored, start_seconds, end_seconds,
 * decided_seconds}, with what the model said of each.
 */
export class StreamingRecognizer {
  constructor(model, sampleRate) {
    const { streaming: config, sample_rate: rate, hop, tones, audible } = model.facts;
    const steps = (seconds) => Math.round(seconds / config.step_seconds);
    Object.assign(this, { model, config, steps });
    this.size = Math.round(config.step_seconds * rate);
    this.stepSeconds = this.size / rate;
    this.resampler = new Resampler(sampleRate, rate);
    this.came = new Steps(this.size);
    this.cleaned = new Steps(this.size);
    this.lowCut = null; // it begins with the first sample
    this.toneCut = new ToneCut(hop, tones);
    this.gate = new LoudnessGate(config.loud_db, steps(config.floor_seconds), steps(config.head_seconds), 20 * Math.log10(audible));
    this.search = new SegmentSearch(steps(config.patience_seconds));
    this.taken = 0; // steps that came
    this.recent = new Float32Array(0);
    this.starts = [];
    this.quiet = 0;
    this.turn = Promise.resolve(); // one block after the other, however fast they come
  }

  push(samples) {
    return this.next(() => this.take(this.resampler.push(samples)));
  }

  flush() {
    return this.next(async () => {
      const found = await this.take(this.resampler.flush());
      const left = this.came.waiting.length;
      if (left > 0) found.push(...(await this.take(new Float32Array(this.size - left))));
      return [...found, ...(await this.advanceAll(this.toneCut.flush())), ...this.events(this.search.finish())];
    });
  }

  next(work) {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  async take(samples) {
    const found = [];
    for (const step of this.came.push(samples)) {
      this.taken += 1;
      const kernel = this.model.facts.stream_low_cut;
      this.lowCut ??= new LowCut(kernel, new Float32Array(kernel.length - 1).fill(step[0]));
      found.push(...(await this.advanceAll(this.toneCut.push(this.lowCut.push(step)))));
    }
    return found;
  }

  async advanceAll(samples) {
    const found = [];
    for (const step of this.cleaned.push(samples)) found.push(...this.events(await this.advance(step)));
    return found;
  }

  async advance(samples) {
    const { config, steps } = this;
    const longest = steps(config.longest_seconds);
    const end = this.search.step + 1;
    this.recent = joined(this.recent, samples).slice(-longest * this.size);
    let segments = [];
    if (this.gate.isLoud(samples)) {
      this.quiet = 0;
      this.starts.push(end - 1);
      segments = await this.segments(this.starts.filter((start) => start <= end - steps(config.shortest_seconds)), end);
    } else {
      this.quiet += 1;
    }
    const paused = this.quiet >= steps(config.pause_seconds);
    this.starts = paused ? [] : this.starts.filter((start) => start > end - longest);
    return this.search.advance(segments, this.starts);
  }

  async segments(starts, end) {
    if (starts.length === 0) return [];
    const { calibration, clip_samples: length } = this.model.facts;
    const { neutral_probability: neutral, least_probability: least, word_gain: ofWord } = this.config;
    const scores = await this.model.run(starts.map((start) => centred(this.recent.slice((start - end) * this.size), length)));
    const found = starts.map((start, row) => {
      const best = Math.max(...logProbabilities(scores[row].logits));
      const gain = (end - start) * this.stepSeconds * (best - Math.log(neutral)) + ofWord;
      return { start, end, gain, best, scored: scores[row] };
    });
    return found.filter(
      ({ gain, best, scored }) => gain > 0 && best >= Math.log(least) && evidence(scored.logits) >= calibration.threshold,
    );
  }

  events(segments) {
    return segments.map(({ start, end, scored }) => ({
      scored,
      start_seconds: start * this.stepSeconds,
      end_seconds: end * this.stepSeconds,
      decided_seconds: this.taken * this.stepSeconds,
    }));
  }
}
