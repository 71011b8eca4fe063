// The decision: which word, how sure, and whether it was a word at all. `runtime/decision.py` has the formulas.

/** Return the log-odds of a word against none of the words. */
export function evidence(logits) {
  const largest = Math.max(...logits);
  return largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}

/** Return the calibrated probability of each word, given that it is one of them. */
export function probabilities(logits, temperature) {
  const scaled = logits.map((logit) => logit / temperature);
  const largest = Math.max(...scaled);
  const parts = scaled.map((value) => Math.exp(value - largest));
  const total = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / total);
}

/** Return whether the evidence reaches the threshold; a model without one accepts everything. */
export function accepts(logits, threshold) {
  return threshold === null || evidence(logits) >= threshold;
}

/** Return the log-probability of each word among the words and none of them. */
export function logProbabilities(logits) {
  const found = evidence(logits);
  const all = Math.max(0, found) + Math.log1p(Math.exp(-Math.abs(found)));
  return logits.map((logit) => logit - all);
}
