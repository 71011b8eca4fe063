// Another sample rate, of a whole recording or of one that comes in blocks: the same numbers either way.
//
// A low-pass of linear phase: a sinc under a Kaiser window, 100 dB down from the lower Nyquist frequency on and flat up to
// 0.91 of it, as the Python package's resampler (soxr, "HQ"). Before the start and after the end the signal is zero.

const ATTENUATION_DB = 100;
const PASSED = 0.91; // of the lower Nyquist frequency
const STEPS = 512; // of the table between two samples

const BETA = 0.1102 * (ATTENUATION_DB - 8.7); // Kaiser's formula

/** The modified Bessel function of order 0, by its series. */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Return the filter from its middle on, STEPS values a sample of the input. */
function makeKernel(fromRate, toRate) {
  const nyquist = Math.min(fromRate, toRate) / 2;
  const transition = (2 * Math.PI * (1 - PASSED) * nyquist) / fromRate; // radians a sample
  const half = Math.ceil((ATTENUATION_DB - 7.95) / (2.285 * transition) / 2);
  const cutoff = ((1 + PASSED) * nyquist) / fromRate; // twice the frequency, in cycles a sample
  const table = new Float64Array(half * STEPS + 2);
  for (let i = 0; i <= half * STEPS; i++) {
    const t = i / STEPS;
    const sinc = i === 0 ? cutoff : Math.sin(Math.PI * cutoff * t) / (Math.PI * t);
    table[i] = (sinc * bessel(BETA * Math.sqrt(Math.max(0, 1 - (t / half) ** 2)))) / bessel(BETA);
  }
  return { table, half };
}

/** A signal that comes in blocks, at another rate. */
export class Resampler {
  constructor(fromRate, toRate) {
    this.equal = fromRate === toRate;
    this.step = fromRate / toRate; // samples of the input a sample of the output
    if (!this.equal) Object.assign(this, makeKernel(fromRate, toRate));
    this.waiting = new Float32Array(0);
    this.first = 0; // number of the first waiting sample
    this.came = 0; // samples of the input
    this.next = 0; // number of the next sample of the output
  }

  /** Return the samples that the block made final. */
  push(block) {
    if (this.equal) return block;
    const joined = new Float32Array(this.waiting.length + block.length);
    joined.set(this.waiting);
    joined.set(block, this.waiting.length);
    this.waiting = joined;
    this.came += block.length;
    return this.advance(this.came - this.half - 1);
  }

  /** Return the rest. */
  flush() {
    if (this.equal) return new Float32Array(0);
    const total = Math.max(1, Math.floor(this.came / this.step + 0.5));
    return this.advance((total - 1) * this.step);
  }

  advance(latest) {
    const out = [];
    for (let at = this.next * this.step; at <= latest; at = this.next * this.step) {
      out.push(this.sampleAt(at));
      this.next += 1;
    }
    const unused = Math.min(Math.max(0, Math.floor(this.next * this.step) - this.half - this.first), this.waiting.length);
    this.waiting = this.waiting.slice(unused);
    this.first += unused;
    return Float32Array.from(out);
  }

  sampleAt(at) {
    const from = Math.max(this.first, Math.ceil(at - this.half));
    const to = Math.min(this.first + this.waiting.length - 1, Math.floor(at + this.half));
    let sum = 0;
    for (let n = from; n <= to; n++) {
      const place = Math.abs(at - n) * STEPS;
      const below = Math.floor(place);
      const [a, b] = [this.table[below], this.table[below + 1]];
      sum += this.waiting[n - this.first] * (a + (place - below) * (b - a));
    }
    return sum;
  }
}

/** Return a recording at another rate. */
export function resample(samples, fromRate, toRate) {
  if (fromRate === toRate) return samples.slice();
  const resampler = new Resampler(fromRate, toRate);
  const [begin, rest] = [resampler.push(samples), resampler.flush()];
  const all = new Float32Array(begin.length + rest.length);
  all.set(begin);
  all.set(rest, begin.length);
  return all;
}
