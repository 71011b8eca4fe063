// The recogniser of the Python package, in the browser: the same exported model, the same way from sound to answer.

import { centred, LowCut, mirrored, ToneCut } from "./cleaning.js";
import { audible, evidence, isClipped, probabilities } from "./decision.js";
import { Resampler } from "./resampling.js";
import { joined } from "./sound.js";
import { StreamingRecognizer } from "./streaming.js";
import * as ort from "./vendor/ort.wasm.bundle.min.mjs";

ort.env.wasm.wasmPaths = { wasm: new URL("./vendor/ort-wasm-simd-threaded.wasm", import.meta.url).href };
ort.env.wasm.numThreads = 1; // more need headers that static hosts seldom send

const COLUMNS = 600; // most in which a waveform is drawn
const BLOCK = 1000; // samples of a file that are recognised at once

/** A model that scores clips, and what recognition has to know of it. The engine does one thing at a time. */
class Model {
  constructor(session, facts) {
    Object.assign(this, { session, facts });
  }

  /** Promise {logits, features} of each clip: numbers, and the spectrogram as rows, the lowest band first. */
  async run(clips) {
    const shape = [clips.length, this.facts.clip_samples];
    const { logits, features } = await this.session.run({ waveform: new ort.Tensor("float32", joined(...clips), shape) });
    const rows = ({ data }, width) => Array.from({ length: data.length / width }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
    const [, bands, frames] = features.dims;
    const [all, spectra] = [rows(logits, logits.dims[1]), rows(features, frames)];
    return clips.map((_, i) => ({ logits: all[i], features: spectra.slice(i * bands, (i + 1) * bands) }));
  }
}

/** Recognises words: of a recording, and while they are spoken. */
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

  /**
   * Promise the answers to a recording, with the fields that `POST /api/recognize` of the served page has: of one that is no longer
   * than a clip the answer to it, of a longer one an answer to each word, or to the loudest stretch if none was found.
   */
  async recognize(samples, sampleRate) {
    const clipSeconds = this.facts.clip_samples / this.facts.sample_rate;
    const [seconds, waveform] = [samples.length / sampleRate, envelope(samples)];
    const placed = (answer, middle) => ({ ...answer, waveform, duration_seconds: seconds, clip_start_seconds: middle - clipSeconds / 2 });
    if (seconds > clipSeconds) {
      const stream = this.stream(sampleRate);
      const answers = [];
      for (let at = 0; at < samples.length; at += BLOCK) answers.push(...(await stream.push(samples.subarray(at, at + BLOCK))));
      answers.push(...(await stream.flush()));
      if (answers.length > 0) return answers.map((answer) => placed(answer, (answer.start_seconds + answer.end_seconds) / 2));
    }
    const length = Math.min(samples.length, Math.round(clipSeconds * sampleRate));
    const start = loudest(samples, length);
    const answer = await this.recognizeClip(samples.subarray(start, start + length), sampleRate);
    return [placed(answer, (start + length / 2) / sampleRate)];
  }

  /** Promise the answer to at most a clip of sound. */
  async recognizeClip(recorded, sampleRate) {
    const clip = this.clip(recorded, sampleRate);
    const [scored] = await this.model.run([clip]);
    const answer = this.answer(scored);
    const sure = answer.confidence >= this.facts.sure_if_clipped || !isClipped(recorded, this.facts);
    return { ...answer, accepted: audible(clip, this.facts) && answer.accepted && sure };
  }

  /** Return the network's input of a recording that is no longer than it. */
  clip(recorded, sampleRate) {
    const { sample_rate: rate, clip_samples: length, low_cut: kernel, hop, tones } = this.facts;
    const resampler = new Resampler(sampleRate, rate);
    let samples = joined(resampler.push(recorded), resampler.flush());
    if (audible(samples, this.facts)) {
      const cut = new ToneCut(hop, tones);
      samples = joined(cut.push(new LowCut(kernel, mirrored(samples, kernel)).push(samples)), cut.flush());
    }
    return centred(samples.subarray(0, length), length);
  }

  /** Return what recognises a stream: `push(samples)` and `flush()` promise the answers that came. */
  stream(sampleRate) {
    const stream = new StreamingRecognizer(this.model, sampleRate);
    const answers = async (found) => (await found).map(({ scored, ...times }) => ({ ...this.answer(scored), ...times }));
    return { push: (samples) => answers(stream.push(samples)), flush: () => answers(stream.flush()) };
  }

  answer({ logits, features }) {
    const { vocabulary, calibration, clip_samples: length, sample_rate: rate } = this.facts;
    const shares = probabilities(logits, calibration.temperature);
    const best = shares.indexOf(Math.max(...shares));
    return {
      word: vocabulary.words[best],
      digit: vocabulary.digits[best],
      confidence: shares[best],
      accepted: evidence(logits) >= calibration.threshold,
      probabilities: Object.fromEntries(vocabulary.words.map((word, i) => [word, shares[i]])),
      none_probability: 1 / (1 + Math.exp(evidence(logits))),
      clip_seconds: length / rate,
      log_mel: features,
    };
  }
}

/** Return where the first stretch of so many samples with the most energy begins. */
function loudest(samples, length) {
  let [energy, most, start] = [0, 0, 0];
  samples.forEach((sample, i) => {
    energy += sample ** 2 - (i < length ? 0 : samples[i - length] ** 2);
    if (i >= length - 1 && energy > most) [most, start] = [energy, i - length + 1];
  });
  return start;
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} is not where this page lies (${response.status}).`);
  return response;
}

function envelope(samples) {
  const count = Math.min(COLUMNS, samples.length);
  const edge = (i) => Math.floor((i * samples.length) / count);
  const parts = Array.from({ length: count }, (_, i) => samples.subarray(edge(i), edge(i + 1)));
  return { low: parts.map((part) => Math.min(...part)), high: parts.map((part) => Math.max(...part)) };
}
