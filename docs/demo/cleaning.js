// From a recording to the network's input: what lies below speech, and tones, are removed. `runtime/audio/low_cut.py` and
// `tones.py` in JavaScript, which have the formulas and the reasons.

import { Resampler } from "./resampling.js";
import { joined } from "./sound.js";

const sum = (values) => values.reduce((a, b) => a + b, 0);
const dot = (a, b) => a.reduce((total, value, i) => total + value * b[i], 0);
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** A filter of a signal that comes in blocks; `before` holds the samples before the first one. */
export class LowCut {
  constructor(kernel, before) {
    Object.assign(this, { kernel: kernel.toReversed(), before });
  }

  push(block) {
    const signal = joined(this.before, block);
    this.before = signal.slice(block.length);
    return block.map((_, i) => {
      let total = 0;
      for (let k = 0; k < this.kernel.length; k++) total += this.kernel[k] * signal[i + k]; // minutes of sound in seconds
      return total;
    });
  }
}

/** Tell whether a sample goes beyond one step of 16-bit audio. */
export const audible = (samples, { audible: least }) => samples.some((sample) => Math.abs(sample) > least);

/** A stream at the network's rate without what lies below speech and tones: `StepStream` of `runtime/audio/prepared.py`. */
export class Cleaning {
  constructor(sampleRate, { sample_rate: rate, low_cut: kernel, hop, tones }) {
    Object.assign(this, { kernel, resampler: new Resampler(sampleRate, rate), toneCut: new ToneCut(hop, tones), lowCut: null });
  }

  push(samples) {
    return this.clean(this.resampler.push(samples));
  }

  /** Return the rest, with so many samples of silence behind it. */
  flush(silence = 0) {
    return joined(this.clean(joined(this.resampler.flush(), new Float32Array(silence))), this.toneCut.flush());
  }

  clean(samples) {
    if (samples.length === 0) return samples;
    this.lowCut ??= new LowCut(this.kernel, new Float32Array(this.kernel.length - 1).fill(samples[0])); // constant before
    return this.toneCut.push(this.lowCut.push(samples));
  }
}

/** Return a whole signal without tones. */
export function withoutTones(samples, { hop, tones }) {
  const cut = new ToneCut(hop, tones);
  return joined(cut.push(samples), cut.flush());
}

/** Return as many samples as the filter remembers, mirrored at the first one, again and again where the signal is short. */
export function mirrored(samples, kernel) {
  const n = samples.length;
  return Float32Array.from(kernel.slice(1), (_, i) => {
    const back = (kernel.length - 2 - i) % (2 * n);
    return samples[back < n ? back : 2 * n - 1 - back];
  });
}

/** Return samples in the middle of a clip of zeros. */
export function centred(samples, length) {
  const clip = new Float32Array(length);
  clip.set(samples, Math.floor((length - samples.length) / 2));
  return clip;
}

/** Return the factors of the `basis` that explain most of a signal, and what they leave of it. */
function fitted(basis, signal) {
  const system = basis.map((a) => [...basis.map((b) => dot(a, b)), dot(a, signal)]);
  const ridge = 1e-9 * sum(system.map((row, i) => row[i]));
  system.forEach((row, i) => (row[i] += ridge));
  system.forEach((pivot, i) => {
    for (const row of system.filter((other) => other !== pivot)) {
      const factor = row[i] / pivot[i];
      row.forEach((_, j) => (row[j] -= factor * pivot[j]));
    }
  });
  const factors = system.map((row, i) => row.at(-1) / row[i]);
  return { factors, left: signal.map((value, t) => factors.reduce((rest, factor, k) => rest - factor * basis[k][t], value)) };
}

/** A signal that comes in blocks, without tones. */
export class ToneCut {
  constructor(hop, settings) {
    const width = settings.HOPS * hop;
    Object.assign(this, { hop, settings, width, signal: new Float32Array(0), rest: new Float32Array(0), shares: [] });
    this.size = 4 * width; // of the finer spectrum
    this.time = Float64Array.from({ length: width }, (_, t) => t - (width - 1) / 2);
    this.hann = this.time.map((_, t) => 0.5 - 0.5 * Math.cos((2 * Math.PI * t) / (width - 1)));
    [this.cosine, this.sine] = [Math.cos, Math.sin].map((wave) => Float64Array.from({ length: this.size }, (_, i) => wave((2 * Math.PI * i) / this.size)));
  }

  push(block) {
    [this.signal, this.rest] = [joined(this.signal, block), joined(this.rest, block)];
    const hops = Math.floor(this.signal.length / this.hop);
    while (this.shares.length < hops) this.shares.push(Infinity);
    const done = Math.max(0, hops - this.settings.HOPS + 1);
    for (let start = 0; start < done; start++) this.subtract(start);
    const known = this.rest.slice(0, done * this.hop);
    [this.signal, this.rest] = [this.signal, this.rest].map((samples) => samples.slice(done * this.hop));
    this.shares.splice(0, done);
    return known;
  }

  flush() {
    return this.rest;
  }

  subtract(start) {
    const { share, left } = this.tone(Float64Array.from(this.signal.subarray(start * this.hop, start * this.hop + this.width)));
    for (let at = 0; at < this.settings.HOPS; at++) {
      if (!(share < this.shares[start + at])) continue;
      this.shares[start + at] = share;
      this.rest.set(left.subarray(at * this.hop, (at + 1) * this.hop), (start + at) * this.hop);
    }
  }

  /** Return what a tone leaves of a window, and the share of the power; no share where there is none. */
  tone(samples) {
    const { SOFTEST, LINES, LIKELY, NEARLY_PURE, PURE, NOISE } = this.settings;
    const mean = sum(samples) / this.width;
    const centred = samples.map((value) => value - mean);
    const power = dot(centred, centred);
    if (power <= SOFTEST * this.width) return {};
    const spectrum = this.spectrum(centred);
    if (sum(spectrum.toSorted().slice(-LINES)) <= LIKELY * sum(spectrum)) return {};
    const left = this.left(centred);
    const share = dot(left, left) / power;
    if (!(share < NEARLY_PURE)) return {};
    const again = this.left(left);
    if (share >= PURE && dot(again, again) <= NOISE * dot(left, left)) return {};
    return { share, left: left.map((value) => value + mean) };
  }

  /** Return what two sinusoids leave of a signal. */
  left(signal) {
    const { width, time } = this;
    let [omegas, waves, left] = [[], [], signal];
    for (let line = 0; line < 2; line++) {
      omegas.push(((2 * Math.PI) / this.size) * this.peak(left));
      waves = this.waves(omegas);
      left = fitted(waves, signal).left;
    }
    for (let round = 0; round < this.settings.ROUNDS; round++) {
      const { factors } = fitted(waves, signal);
      const slopes = omegas.map((_, k) => time.map((t, i) => t * (factors[k + 2] * waves[k][i] - factors[k] * waves[k + 2][i])));
      const steps = fitted([...waves, ...slopes], signal).factors.slice(4);
      omegas = omegas.map((omega, k) => clamp(omega + clamp(steps[k], -2 / width, 2 / width), 8 / width, Math.PI - 8 / width));
      waves = this.waves(omegas);
    }
    return fitted(waves, signal).left;
  }

  /** Return a cosine, then a sine, of each frequency. */
  waves(omegas) {
    return [Math.cos, Math.sin].flatMap((wave) => omegas.map((omega) => this.time.map((t) => wave(omega * t))));
  }

  /** Return the bin of the finer spectrum with the most power: near the largest of the coarser one. */
  peak(signal) {
    const coarse = this.spectrum(signal);
    const middle = 4 * coarse.indexOf(Math.max(...coarse.subarray(1)));
    const bins = Array.from({ length: 9 }, (_, i) => clamp(middle + i - 4, 4, this.size / 2 - 1));
    const windowed = this.windowed(signal);
    const powers = bins.map((bin) => this.power(windowed, bin));
    return bins[powers.indexOf(Math.max(...powers))];
  }

  windowed(signal) {
    return signal.map((value, t) => value * this.hann[t]);
  }

  spectrum(signal) {
    const windowed = this.windowed(signal);
    return Float64Array.from({ length: this.width / 2 + 1 }, (_, bin) => this.power(windowed, 4 * bin));
  }

  power(windowed, bin) {
    const { width, size, cosine, sine } = this;
    let [real, imaginary, place] = [0, 0, 0];
    for (let t = 0; t < width; t++) {
      real += windowed[t] * cosine[place];
      imaginary += windowed[t] * sine[place];
      place += bin;
      if (place >= size) place -= size;
    }
    return real ** 2 + imaginary ** 2;
  }
}
