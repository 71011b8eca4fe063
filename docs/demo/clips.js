// A recording becomes a clip: `aurora_resnet/runtime/audio/clips.py` and `low_cut.py` in JavaScript.

import { resample } from "./resampling.js";
import { mostEnergeticStart, wordStart } from "./word-search.js";

export const AUDIBLE = 2 ** -15;

/** Tell whether a sample goes beyond one step of 16-bit audio. */
export function audible(samples) {
  return samples.some((sample) => Math.abs(sample) > AUDIBLE);
}

/** Return `samples` filtered by a kernel, with `before` in front of the first one; the length stays. */
export function filtered(samples, kernel, before) {
  const memory = kernel.length - 1;
  const signal = new Float64Array(memory + samples.length);
  signal.set(before);
  signal.set(samples, memory);
  const out = new Float32Array(samples.length);
  for (let i = 0; i < out.length; i++) {
    let value = 0;
    for (let k = 0; k <= memory; k++) value += kernel[k] * signal[memory + i - k];
    out[i] = value;
  }
  return out;
}

/** Take off what lies below speech; before its first sample the signal counts as mirrored. */
function cutLow(samples, kernel) {
  const n = samples.length;
  const before = Float64Array.from({ length: kernel.length - 1 }, (_, i) => {
    const back = (kernel.length - 2 - i) % (2 * n); // mirrored again and again where the signal is short
    return samples[back < n ? back : 2 * n - 1 - back];
  });
  return filtered(samples, kernel, before);
}

/** Return exactly `length` samples: shorter ones centred between zeros, longer ones cut to the loudest stretch. */
export function fitLength(samples, length) {
  const out = new Float32Array(length);
  const start = samples.length > length ? mostEnergeticStart(samples, length) : 0;
  const part = samples.subarray(start, start + length);
  out.set(part, Math.floor((length - part.length) / 2));
  return out;
}

/**
 * Return what a model hears of a recording.
 *
 * @param samples Float32Array, one channel.
 * @param facts of the model: sample_rate, clip_samples, low_cut (the kernel).
 * @returns {samples, startSeconds, recordingSeconds}
 */
export function makeClip(samples, sampleRate, facts) {
  const seconds = facts.clip_samples / facts.sample_rate;
  const length = Math.max(1, Math.round(Math.min(seconds * sampleRate, samples.length)));
  const start = length < samples.length ? wordStart(samples, sampleRate, length) : 0;
  let stretch = resample(samples.subarray(start, start + length), sampleRate, facts.sample_rate);
  if (audible(stretch)) stretch = cutLow(stretch, facts.low_cut);
  const missing = Math.max(0, facts.clip_samples - stretch.length);
  return {
    samples: fitLength(stretch, facts.clip_samples),
    startSeconds: start / sampleRate - Math.floor(missing / 2) / facts.sample_rate,
    recordingSeconds: samples.length / sampleRate,
  };
}
