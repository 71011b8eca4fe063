// A lower sample rate, of a whole recording or of one that comes in blocks: the same numbers either way.
//
// A low-pass of linear phase: a sinc under a Kaiser window, 100 dB down from the lower Nyquist frequency on and flat up to
// 0.91 of it, as the Python package's resampler (soxr, "HQ"). Before the start and after the end the signal is zero.

import { joined } from "./sound.js";

const ATTENUATION_DB = 100;
const PASSED = 0.91; // of the Nyquist frequency
const HALF = (ATTENUATION_DB - 7.95) / (2.285 * 2 * Math.PI * (1 - PASSED)); // of the kernel, in samples of the output
const BETA = 0.1102 * (ATTENUATION_DB - 8.7); // both are Kaiser's formulas
const STEPS = 512; // of the table, a sample of the output

/** The modified Bessel function of order 0, by its series. */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}

/** The kernel from its middle on. */
const KERNEL = Float64Array.from({ length: Math.ceil(HALF * STEPS) + 2 }, (_, i) => {
  const [t, cutoff] = [i / STEPS, (1 + PASSED) / 2];
  const sinc = i === 0 ? cutoff : Math.sin(Math.PI * cutoff * t) / (Math.PI * t);
  return (sinc * bessel(BETA * Math.sqrt(Math.max(0, 1 - (t / HALF) ** 2)))) / bessel(BETA);
});

/** A signal that comes in blocks, at another rate. */
export class Resampler {
  constructor(fromRate, toRate) {
    this.ratio = toRate / fromRate;
    this.half = HALF / this.ratio; // in samples of the input
    this.waiting = new Float32Array(Math.ceil(this.half));
    this.first = -this.waiting.length; // number of the first waiting sample
    this.came = 0;
    this.next = 0; // number of the next sample of the output
  }

  /** Return the samples that the block made final. */
  push(block) {
    if (this.ratio === 1) return block;
    this.came += block.length;
    this.waiting = joined(this.waiting, block);
    return this.advance(this.came - 1 - this.half);
  }

  /** Return the rest. */
  flush() {
    if (this.ratio === 1) return new Float32Array(0);
    this.waiting = joined(this.waiting, new Float32Array(Math.ceil(this.half + 1 / this.ratio)));
    return this.advance((Math.max(1, Math.floor(this.came * this.ratio + 0.5)) - 1) / this.ratio);
  }

  advance(latest) {
    const out = [];
    for (; this.next / this.ratio <= latest; this.next++) out.push(this.sampleAt(this.next / this.ratio - this.first));
    const unused = Math.max(0, Math.ceil(this.next / this.ratio - this.half) - this.first);
    this.waiting = this.waiting.slice(unused);
    this.first += unused;
    return Float32Array.from(out);
  }

  sampleAt(at) {
    let sum = 0;
    for (let n = Math.ceil(at - this.half); n <= at + this.half; n++) {
      const place = Math.abs(at - n) * this.ratio * STEPS;
      const below = Math.floor(place);
      sum += this.waiting[n] * (KERNEL[below] + (place - below) * (KERNEL[below + 1] - KERNEL[below]));
    }
    return this.ratio * sum;
  }
}

/** Return a whole signal at another rate. */
export function resampled(samples, fromRate, toRate) {
  const resampler = new Resampler(fromRate, toRate);
  return joined(resampler.push(samples), resampler.flush());
}
