// The recogniser of the Python package, in the browser: the same exported model, the same way from sound to answer.

import { audible, makeClip } from "./clips.js";
import { accepts, evidence, probabilities } from "./decision.js";
import { StreamingRecognizer } from "./streaming.js";
import * as ort from "./vendor/ort.wasm.bundle.min.mjs";

ort.env.wasm.wasmPaths = { wasm: new URL("./vendor/ort-wasm-simd-threaded.wasm", import.meta.url).href };
ort.env.wasm.numThreads = 1; // more need headers that static hosts seldom send

const COLUMNS = 600; // most in which a waveform is drawn

/** A model that scores clips, and what recognition has to know of it. */
class Model {
  constructor(session, facts) {
    Object.assign(this, { session, facts });
    this.turn = Promise.resolve(); // the engine does one thing at a time
  }

  /** Promise {logits, features} of clips: rows of numbers, and spectrograms as rows, the lowest band first. */
  run(clips) {
    const result = this.turn.then(() => this.compute(clips));
    this.turn = result.catch(() => {});
    return result;
  }

  async compute(clips) {
    const length = this.facts.clip_samples;
    const data = new Float32Array(clips.length * length);
    clips.forEach((clip, i) => data.set(clip, i * length));
    const { logits, features } = await this.session.run({ waveform: new ort.Tensor("float32", data, [clips.length, length]) });
    const [, bands, frames] = features.dims;
    const rows = (values, from, count, size) =>
      Array.from({ length: count }, (_, i) => Array.from(values.subarray(from + i * size, from + (i + 1) * size)));
    return {
      logits: rows(logits.data, 0, clips.length, logits.dims[1]),
      features: clips.map((_, i) => rows(features.data, i * bands * frames, bands, frames)),
    };
  }
}

/** Recognises single words; `stream` hears words while they are spoken. */
export class Recognizer {
  constructor(model) {
    this.model = model;
    this.facts = model.facts;
  }

  /** Load a model: its ONNX file, and beside it what `tools.site` wrote of it as JSON. */
  static async load(modelAddress, factsAddress) {
    const [file, facts] = await Promise.all([
      fetched(modelAddress).then((response) => response.arrayBuffer()),
      fetched(factsAddress).then((response) => response.json()),
    ]);
    const session = await ort.InferenceSession.create(new Uint8Array(file), { executionProviders: ["wasm"] });
    return new Recognizer(new Model(session, facts));
  }

  /** Promise the answer to a recording, with the fields that `POST /api/recognize` of the served page has. */
  async recognize(samples, sampleRate) {
    const clip = makeClip(samples, sampleRate, this.facts);
    const { logits, features } = await this.model.run([clip.samples]);
    const { temperature, threshold } = this.facts.calibration;
    const shares = probabilities(logits[0], temperature);
    return {
      ...this.answer(shares, logits[0], features[0]),
      accepted: audible(clip.samples) && accepts(logits[0], threshold),
      duration_seconds: clip.recordingSeconds,
      clip_start_seconds: clip.startSeconds,
      waveform: envelope(samples),
    };
  }

  /** Return what hears a stream: `push(samples)` and `flush()` promise the answers that came. */
  stream(sampleRate) {
    const stream = new StreamingRecognizer(this.model, sampleRate);
    const answers = async (events) =>
      (await events).map(({ shares, logits, features, start, end, decided }) => ({
        ...this.answer(shares, logits, features),
        accepted: true,
        start_seconds: start,
        end_seconds: end,
        decided_seconds: decided,
      }));
    return { push: (samples) => answers(stream.push(samples)), flush: () => answers(stream.flush()) };
  }

  answer(shares, logits, features) {
    const { words, digits } = this.facts.vocabulary;
    const best = shares.indexOf(Math.max(...shares));
    return {
      word: words[best],
      digit: digits[best],
      confidence: shares[best],
      probabilities: Object.fromEntries(words.map((word, i) => [word, shares[i]])),
      none_probability: 1 / (1 + Math.exp(evidence(logits))),
      clip_seconds: this.facts.clip_samples / this.facts.sample_rate,
      log_mel: features,
    };
  }
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} is not where this page lies (${response.status}).`);
  return response;
}

function envelope(samples) {
  const count = Math.min(COLUMNS, samples.length);
  const [low, high] = [[], []];
  for (let i = 0; i < count; i++) {
    const part = samples.subarray(Math.floor((i * samples.length) / count), Math.floor(((i + 1) * samples.length) / count));
    low.push(part.reduce((a, b) => Math.min(a, b)));
    high.push(part.reduce((a, b) => Math.max(a, b)));
  }
  return { low, high };
}
