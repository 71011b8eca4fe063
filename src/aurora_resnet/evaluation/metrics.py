"""What is counted of right and wrong answers: accuracy with its interval, confusions, calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aurora_resnet.evaluation.bootstrap import bootstrap_means
from aurora_resnet.runtime.errors import ConfigError

MIN_SPEAKERS = 5
"""From this many known speakers on, intervals come from resampling speakers."""

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A confidence interval of an accuracy.

    Attributes:
        low: lower end, 0 to 1.
        high: upper end, 0 to 1.
        method: ``"speakers"`` (bootstrap over speakers) or ``"wilson"`` (score interval over clips).

    >>> Interval(0.9, 0.95, "wilson").high
    0.95
    """

    low: float
    high: float
    method: str


@dataclass(frozen=True)
class Score:
    """How many clips of a group there were and how many were recognised.

    >>> Score(clips=8, correct=6).accuracy
    0.75
    """

    clips: int
    correct: int

    @property
    def accuracy(self) -> float:
        """Share of correct clips, 0 to 1; NaN for a group without clips."""
        return self.correct / self.clips if self.clips else math.nan


def wilson_interval(correct: int, clips: int, *, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of ``correct`` successes in ``clips`` independent trials.

    Source: E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, 1927.

    Args:
        correct: number of correct clips, 0 to ``clips``.
        clips: number of clips, at least 1.
        confidence: coverage, between 0 and 1.

    Raises:
        ConfigError: if a number is out of its range.

    >>> interval = wilson_interval(95, 100)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.8882, 0.9785)
    """
    if clips < 1 or not 0 <= correct <= clips:
        raise ConfigError(f"an interval needs 0 <= correct <= clips and clips >= 1, not {correct} of {clips}")
    _check_confidence(confidence)
    from scipy.stats import binomtest  # a second, which only those who measure should wait for

    ends = binomtest(correct, clips).proportion_ci(confidence, method="wilson")
    return Interval(float(ends.low), float(ends.high), "wilson")


def accuracy_interval(
    correct: BoolArray,
    speakers: Sequence[str] | None,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval:
    """Return a confidence interval of the accuracy, over speakers where they are known.

    Clips of one speaker succeed and fail together, so clips are not independent trials. With at least
    ``MIN_SPEAKERS`` speakers, all known, whole speakers are drawn with replacement and the interval holds the
    middle percentiles of the accuracy. With fewer, and where every speaker has the same accuracy (usually
    because all is correct), resampling says nothing and the Wilson interval over clips is returned; it takes
    clips as independent and is then rather too narrow.

    Args:
        correct: one truth value a clip, shape ``[n]``.
        speakers: speaker of each clip (``""`` = unknown), or ``None``.
        confidence: coverage, between 0 and 1.
        seed: seed of the resampling. The order of the clips does not matter.
        resamples: number of bootstrap samples.

    Raises:
        ConfigError: if there are no clips, or the lengths differ, or an option is out of its range.

    >>> accuracy_interval(np.ones(20, dtype=bool), ["a", "b", "c", "d", "e"] * 4).method
    'wilson'
    """
    if correct.ndim != 1 or correct.size == 0:
        raise ConfigError(f"an interval needs at least one clip in one dimension, not shape {correct.shape}")
    scores = scores_by(correct, [""] * correct.size if speakers is None else speakers)
    return scores_interval(scores, confidence=confidence, seed=seed, resamples=resamples)


def scores_interval(
    scores: Mapping[str, Score], *, confidence: float = 0.95, seed: int = 0, resamples: int = 2000
) -> Interval:
    """Return a confidence interval of the accuracy of all groups together, see ``accuracy_interval``.

    Args:
        scores: by speaker; of strings, the words and what is left of them without the errors, which may be below 0.
        confidence: as ``accuracy_interval``, and so are the next two.
        seed: of the resampling.
        resamples: how many.

    Raises:
        ConfigError: if there are no clips, or an option is out of its range.
    """
    clips, correct = sum(score.clips for score in scores.values()), sum(score.correct for score in scores.values())
    _check_confidence(confidence)
    if resamples < 1:
        raise ConfigError(f"resamples must be at least 1, not {resamples}")
    if len(scores) >= MIN_SPEAKERS and "" not in scores:
        accuracy = bootstrap_means(
            [score.correct for score in scores.values()],
            list(scores),
            weights=[score.clips for score in scores.values()],
            resamples=resamples,
            seed=seed,
        )
        tail = (1 - confidence) / 2
        low, high = np.quantile(accuracy, [tail, 1 - tail])
        if low < high:
            return Interval(float(low), float(high), "speakers")
    return wilson_interval(max(0, correct), clips, confidence=confidence)


def scores_by(correct: BoolArray, groups: Sequence[str]) -> dict[str, Score]:
    """Count clips and correct clips of every group, such as a word or a speaker, sorted by its name.

    Raises:
        ConfigError: if there is not one group name a clip.

    >>> scores_by(np.array([True, False, True]), ["theo", "ana", "theo"])
    {'ana': Score(clips=1, correct=0), 'theo': Score(clips=2, correct=2)}
    """
    if len(groups) != len(correct):
        raise ConfigError(f"one group name a clip was expected: {len(correct)} clips, {len(groups)} names")
    names, index = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)
    clips = np.bincount(index, minlength=len(names))
    hits = np.bincount(index[correct], minlength=len(names))
    return {str(name): Score(int(n), int(hit)) for name, n, hit in zip(names, clips, hits, strict=True)}


def auroc(scores: FloatArray, positive: BoolArray) -> float:
    """Return the area under the ROC curve: how often a positive scores above a negative, ties counted half.

    Source: H. B. Mann, D. R. Whitney, *On a Test of Whether one of Two Random Variables is Stochastically Larger than
    the Other*, 1947.

    Args:
        scores: shape ``[n]``.
        positive: shape ``[n]``, some but not all.

    Raises:
        ConfigError: for other shapes, or one kind alone.

    >>> auroc(np.array([0.9, 0.8, 0.8, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    count, rest = int(positive.sum()), int((~positive).sum())
    if scores.shape != positive.shape or scores.ndim != 1 or not count or not rest:
        raise ConfigError(f"an AUROC needs scores of both kinds, got {count} and {rest} of shape {scores.shape}")
    from scipy.stats import rankdata  # a second, which only those who measure should wait for

    return float((rankdata(scores)[positive].sum() - count * (count + 1) / 2) / (count * rest))


def expected_calibration_error(confidence: FloatArray, correct: BoolArray, *, bins: int = 15) -> float:
    """Return by how much the confidence of the answers differs from their accuracy.

    Args:
        confidence: probability of the recognised word, 0 to 1, shape ``[n]``, n >= 1.
        correct: whether it was right, shape ``[n]``.
        bins: number of bins of equal width.

    Raises:
        ConfigError: if the shapes differ, there are no clips or a confidence is not a probability.

    >>> round(expected_calibration_error(np.array([0.9, 0.9]), np.array([True, False])), 3)
    0.4
    """
    if confidence.shape != correct.shape or confidence.size == 0:
        raise ConfigError(f"one confidence a clip was expected: {correct.shape} clips, {confidence.shape} confidences")
    # Rounding of a softmax in single precision may pass 1 by a last digit.
    if not (confidence.min() >= 0 and confidence.max() <= 1 + 1e-6):
        raise ConfigError(f"a confidence must lie between 0 and 1, not {confidence.min()} to {confidence.max()}")
    # C. Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3:
    #   ECE = sum_m |B_m|/n |acc(B_m) - conf(B_m)|,  B_m = {i : confidence_i in ((m-1)/M, m/M]}.
    # |B_m| cancels against the means: the term of a bin is |sum of correct - sum of confidence| / n.
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(index, weights=correct - confidence, minlength=bins)
    return float(np.abs(gap).sum() / confidence.size)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must lie between 0 and 1, such as 0.95, not {confidence}")
