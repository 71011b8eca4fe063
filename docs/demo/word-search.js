// Where in a recording the word is: `aurora_resnet/runtime/audio/word_search.py` in JavaScript, which has the reasons.

const FRAME_SECONDS = 0.01;
const LAG_SECONDS = 1 / 8000;
const WORD_FRAMES = 8;
const SPREAD = 0.9;
const VOWEL_SHARE = 0.15;
const ABOVE_FLOOR = 10;
const TONE = 0.005;
const BELOW_PEAK = 10 ** -2.5;
const MOST_BANGS = 500;

const sum = (values) => values.reduce((a, b) => a + b, 0);

/** Return where the first stretch of `length` values with the largest sum begins. */
function largestStretch(values, length) {
  const running = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) running[i + 1] = running[i] + values[i];
  let [best, start] = [-1, 0];
  for (let i = 0; i + length <= values.length; i++) {
    const found = running[i + length] - running[i];
    if (found > best) [best, start] = [found, i];
  }
  return { start, sum: best };
}

/** Return where the first stretch of `length` samples with the most energy begins. */
export function mostEnergeticStart(samples, length) {
  return largestStretch(Float64Array.from(samples, (sample) => sample * sample), length).start;
}

/** Return the first sample of the stretch in which the word is. */
export function wordStart(samples, sampleRate, length) {
  const loudest = mostEnergeticStart(samples, length);
  const frame = Math.max(2, round(FRAME_SECONDS * sampleRate));
  const lag = Math.max(1, round(LAG_SECONDS * sampleRate));
  const window = Math.floor(length / frame);
  if (window < 2 * WORD_FRAMES) return loudest;
  const found = samples.subarray(loudest, loudest + length);
  const first = frames(found, frame, lag);
  const slow = sum(first.powers) * frame < 0.5 * found.reduce((a, b) => a + b * b, 0);
  if (first.powers.length < window || (!slow && isWord(first.powers, first.vowels, 0))) return loudest;
  const { powers, vowels } = frames(samples, frame, lag);
  const left = powers.slice();
  const floor = ABOVE_FLOOR * quantile(powers, 0.25);
  for (let bang = 0; bang < MOST_BANGS; bang++) {
    const { start: at, sum: power } = largestStretch(left, window);
    if (power <= 0) break;
    const part = left.slice(at, at + window);
    if (isWord(part, vowels.slice(at, at + window), floor)) return at * frame;
    const peak = at + part.indexOf(Math.max(...part));
    let [from, to] = [peak, peak];
    while (from > 0 && !(powers[from - 1] < BELOW_PEAK * powers[peak])) from -= 1;
    while (to < powers.length && !(powers[to] < BELOW_PEAK * powers[peak])) to += 1;
    left.fill(0, Math.max(0, from - 1), Math.min(to + 1, left.length));
  }
  return loudest;
}

/** Python rounds a half to the even number. */
function round(value) {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}

function isWord(powers, vowels, least) {
  const total = sum(powers);
  const voiced = powers.map((power, i) => (vowels[i] ? power : 0)).sort().reverse();
  if (sum(voiced) < VOWEL_SHARE * total || voiced[WORD_FRAMES - 1] <= least) return false;
  const ordered = powers.slice().sort().reverse();
  let [reached, count] = [0, 0];
  while (count < ordered.length && reached < SPREAD * total) reached += ordered[count++];
  return count >= WORD_FRAMES;
}

/** Return the power of every whole frame, without what is slow, and whether it may be a vowel. */
function frames(samples, frame, lag) {
  const slope = Float64Array.from({ length: frame }, (_, i) => -1 + (2 * i) / (frame - 1));
  const size = Math.sqrt(slope.reduce((a, b) => a + b * b, 0));
  const count = Math.floor(samples.length / frame);
  const powers = new Float64Array(count);
  const vowels = new Array(count);
  for (let number = 0; number < count; number++) {
    const x = Float64Array.from(samples.subarray(number * frame, (number + 1) * frame));
    const mean = sum(x) / frame;
    const trend = x.reduce((a, value, i) => a + (value - mean) * (slope[i] / size), 0);
    for (let i = 0; i < frame; i++) x[i] -= mean + trend * (slope[i] / size);
    const power = x.reduce((a, b) => a + b * b, 0) / frame;
    let changes = 0;
    for (let i = lag; i < frame; i++) changes += (x[i] - x[i - lag]) ** 2;
    changes /= frame - lag;
    let [around, product, middle] = [0, 0, 0];
    for (let i = lag; i < frame - lag; i++) {
      const both = x[i + lag] + x[i - lag];
      around += both * both;
      product += both * x[i];
      middle += x[i] * x[i];
    }
    const tone = around - product ** 2 / Math.max(middle, 1e-30) < TONE * frame * power;
    powers[number] = Math.fround(power);
    vowels[number] = changes < power && !tone;
  }
  return { powers, vowels };
}
