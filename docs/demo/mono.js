// Several channels become one: their mean, after those of opposite sign were turned round. `runtime/audio/mono.py` has the
// reasons.

const STEP_SECONDS = 0.1;
const MEMORY_STEPS = 20;
const SLOW_SECONDS = 0.005;
const TURN = 2;
const ITERATIONS = 100; // of the power method, for the strongest eigenvector

/** Return one channel of several. */
export function mixChannels(channels, sampleRate) {
  if (channels.length === 1) return channels[0];
  const step = Math.max(1, Math.round(STEP_SECONDS * sampleRate));
  const slow = Math.max(1, Math.round(SLOW_SECONDS * sampleRate));
  const count = channels.length;
  const covariance = channels.map(() => new Float64Array(count));
  let signs = new Array(count).fill(0); // 0 is undecided, as long as a channel is silent
  const mixed = new Float32Array(channels[0].length);
  for (let start = 0; start < mixed.length; start += step) {
    const parts = channels.map((channel) => channel.subarray(start, start + step));
    signs = decide(signs, covariance, parts.map((part) => withoutSlow(part, slow)));
    for (let i = 0; i < parts[0].length; i++) {
      mixed[start + i] = parts.reduce((sum, part, c) => sum + part[i] * (signs[c] || 1), 0) / count;
    }
  }
  return mixed;
}

function decide(signs, covariance, fast) {
  const count = signs.length;
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) {
      const product = fast[a].reduce((sum, value, i) => sum + value * fast[b][i], 0);
      covariance[a][b] = (1 - 1 / MEMORY_STEPS) * covariance[a][b] + product;
    }
  }
  const heard = signs.map((_, c) => covariance[c][c] > 0);
  if (!heard.includes(true)) return signs;
  const strongest = eigenvector(covariance);
  let best = signs.map((_, c) => (heard[c] ? (strongest[c] < 0 ? -1 : 1) : 0));
  const known = signs.map((sign) => sign !== 0);
  const agreement = signs.reduce((sum, sign, c) => sum + sign * best[c], 0);
  if (agreement < 0 || (!known.includes(true) && best[heard.indexOf(true)] < 0)) best = best.map((sign) => -sign || 0);
  const next = signs.map((sign, c) => (known[c] ? sign : best[c]));
  return power(best, covariance) > TURN * power(next, covariance) ? best : next;
}

function power(signs, covariance) {
  return signs.reduce((sum, a, i) => sum + signs.reduce((part, b, j) => part + a * b * covariance[i][j], 0), 0);
}

/** Return the strongest eigenvector of a covariance; the loudest channel's own place is a good beginning. */
function eigenvector(covariance) {
  const loudest = covariance.reduce((best, row, c) => (row[c] > covariance[best][best] ? c : best), 0);
  let vector = covariance.map((row) => row[loudest]);
  for (let i = 0; i < ITERATIONS; i++) {
    const next = covariance.map((row) => row.reduce((sum, value, c) => sum + value * vector[c], 0));
    const size = Math.hypot(...next) || 1;
    vector = next.map((value) => value / size);
  }
  return vector;
}

/** Take off the mean around each frame, where there is one; in a shorter step, that of all. */
function withoutSlow(part, width) {
  const mean = (from, to) => part.subarray(from, to).reduce((a, b) => a + b, 0) / (to - from);
  if (part.length <= width) {
    const all = mean(0, part.length);
    return Float64Array.from(part, (value) => value - all);
  }
  const middle = Math.floor(width / 2);
  return Float64Array.from({ length: part.length - width + 1 }, (_, i) => part[middle + i] - mean(i, i + width));
}
