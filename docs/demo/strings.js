// Strings of digits: of a recording, and while they are spoken.

import { audible, Cleaning } from "./cleaning.js";
import { decisive, floats, loadGraph, queue, scalar } from "./engine.js";
import { joined } from "./sound.js";

const AT_ONCE = 250; // steps of a recording

export class StringReader {
  static async load(facts) {
    const [network, decide] = await Promise.all([facts.name, "string_decision"].map((name) => loadGraph(`${name}.onnx`)));
    return Object.assign(new StringReader(), { facts, network, decide });
  }

  begin() {
    return floats(new Float32Array(this.facts.state_size), 1, this.facts.state_size);
  }

  /** Promise the probabilities of whole steps of sound, a row a step, and the state behind them. */
  async read(samples, state) {
    const { probabilities, state_after: after } = await this.network({ waveform: floats(samples, 1, samples.length), state });
    const [, count, units] = probabilities.dims;
    return [Array.from({ length: count }, (_, i) => probabilities.data.slice(i * units, (i + 1) * units)), after];
  }

  /** Promise the string that frames stand for; times count from `offset` frames before them. */
  async answer(frames, offset = 0) {
    const { vocabulary: { words, digits }, calibration, step_samples: step, sample_rate: rate } = this.facts;
    const { string, first, last, confidence, accepted } = await this.decide({
      probabilities: floats(joined(...frames), frames.length, frames[0].length),
      words: scalar(BigInt(words.length)),
      other_weight: scalar(calibration.other_weight ?? 1),
      ...decisive(calibration),
    });
    const seconds = ({ data }, i) => ((Number(data[i]) + offset) * step) / rate;
    const said = Array.from(string.data, (index, i) => ({
      word: words[index], digit: digits[index], start_seconds: seconds(first, i), end_seconds: seconds(last, i),
    }));
    const text = said.map(({ digit }) => digit).join("");
    return { text, words: said, confidence: confidence.data[0], accepted: Boolean(accepted.data[0]), reason: "no words" };
  }

  /** Promise the string of a whole recording. */
  async recognize(samples, sampleRate) {
    const { step_samples: step, sample_rate: rate, tail_seconds: tail } = this.facts;
    const cleaning = new Cleaning(sampleRate, this.facts);
    const cleaned = joined(cleaning.push(samples), cleaning.flush());
    if (!audible(cleaned, this.facts)) return { text: "", words: [], confidence: 1, accepted: false, reason: "silence" };
    const steps = Math.ceil((cleaned.length + tail * rate) / step);
    const whole = joined(cleaned, new Float32Array(steps * step - cleaned.length));
    let [state, frames, part] = [this.begin(), []];
    for (let at = 0; at < steps; at += AT_ONCE) {
      [part, state] = await this.read(whole.slice(at * step, (at + AT_ONCE) * step), state);
      frames.push(...part);
    }
    return this.answer(frames);
  }

  stream(sampleRate) {
    return new StringStream(this, sampleRate);
  }
}

/** Promises what happens in a stream: events of `runtime/strings/events.py`, by the rules of `runtime/strings/stream.py`. */
class StringStream {
  constructor(reader, sampleRate) {
    Object.assign(this, { reader, now: 0, waiting: new Float32Array(0), inTurn: queue() });
    [this.cleaning, this.state] = [new Cleaning(sampleRate, reader.facts), reader.begin()];
    this.restart();
  }

  restart() {
    Object.assign(this, { frames: [], units: [], text: "", speaks: false });
  }

  push(samples) {
    return this.inTurn(() => this.take(this.cleaning.push(samples)));
  }

  flush() {
    return this.inTurn(async () => {
      const { step_samples: step, sample_rate: rate, tail_seconds: tail } = this.reader.facts;
      const events = await this.take(joined(this.cleaning.flush(tail * rate), new Float32Array(step - 1))); // what was begun, too
      return this.bestPath().length > 0 ? [...events, ...(await this.finish())] : events;
    });
  }

  async take(samples) {
    const { step_samples: step } = this.reader.facts;
    const events = [];
    this.waiting = joined(this.waiting, samples);
    for (; this.waiting.length >= step; this.waiting = this.waiting.slice(step)) events.push(...(await this.advance(this.waiting.slice(0, step))));
    return events;
  }

  async advance(samples) {
    const { vocabulary: { words: known, digits }, calibration, speech, forget, no_word: noWord, between, longest } = this.reader.facts;
    const [[frame], state] = await this.reader.read(samples, this.state);
    const weighted = frame.slice(0, known.length + 2).map((share, unit) => share * (unit < known.length ? 1 : (calibration.other_weight ?? 1)));
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    Object.assign(this, { state, now: this.now + 1 });
    this.frames.push(frame);
    this.units.push(weighted.indexOf(Math.max(...weighted)));
    const [events, words, count] = [[], this.bestPath(), this.frames.length];
    if (frame[known.length + 2] >= speech) {
      if (!this.speaks) events.push({ event: "speech_started" });
      [this.speaks, this.spoke] = [true, this.now];
    }
    const text = words.map(({ unit }) => digits[unit]).join("");
    if (this.speaks && text !== this.text) events.push({ event: "partial", text: (this.text = text) });
    const waited = words.length > 0 ? count - words.at(-1).end : this.now - this.spoke;
    if (words.length > 0) {
      if (waited >= between || (waited > 0 && count - words[0].start >= longest)) events.push(...(await this.finish()));
    } else if (this.speaks && waited >= between) {
      events.push({ event: "rejected" });
      this.restart();
    } else if (count >= forget && sum(weighted.slice(known.length)) >= noWord * sum(weighted)) {
      [this.frames, this.units] = [[], []];
    }
    return events;
  }

  /** Return the words of the most probable path: those that `string_decision.onnx` finds. */
  bestPath() {
    const found = [];
    this.units.forEach((unit, at) => {
      if (unit >= this.reader.facts.vocabulary.words.length) return;
      if (unit !== this.units[at - 1]) found.push({ unit, start: at });
      found.at(-1).end = at + 1;
    });
    return found;
  }

  async finish() {
    const string = await this.reader.answer(this.frames, this.now - this.frames.length);
    const told = this.speaks || string.accepted;
    this.restart();
    return told ? [{ event: "string_ended", string }] : [];
  }
}
