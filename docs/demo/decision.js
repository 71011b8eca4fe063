// The decision: which word, how sure, and whether it was a word at all. `runtime/decision.py` has the formulas.

const logSum = (values) => Math.max(...values) + Math.log(values.reduce((sum, value) => sum + Math.exp(value - Math.max(...values)), 0));

/** Return the log-odds of a word against none of the words. */
export const evidence = logSum;

/** Return the calibrated probability of each word, given that it is one of them. */
export function probabilities(logits, temperature) {
  const scaled = logits.map((logit) => logit / temperature);
  return scaled.map((value) => Math.exp(value - logSum(scaled)));
}

/** Return the log-probability of each word among the words and none of them. */
export const logProbabilities = (logits) => logits.map((logit) => logit - logSum([0, ...logits]));

/** Tell whether a sample goes beyond one step of 16-bit audio. */
export const audible = (samples, { audible: least }) => samples.some((sample) => Math.abs(sample) > least);

/** Tell whether a recording was cut off at its peaks: `is_clipped` of `runtime/audio/clips.py`. */
export function isClipped(samples, { softest_peak: softest, near_peak: near, clipped_share: share }) {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return peak > softest && samples.filter((sample) => Math.abs(sample) >= near * peak).length >= share * samples.length;
}
