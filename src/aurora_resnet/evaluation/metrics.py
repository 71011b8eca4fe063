"""What is counted of right and wrong answers: accuracy with its interval, confusions, calibration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aurora_resnet.evaluation.bootstrap import BoolArray, FloatArray, bootstrap_means
from aurora_resnet.runtime.errors import ConfigError

#: From this many known speakers on, intervals come from resampling speakers.
MIN_SPEAKERS = 5

#: Of confidences, in the calibration error.
BINS = 15


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


def wilson_interval(correct: int, clips: int) -> Interval:
    """Return the 95 % Wilson score interval of ``correct`` successes in ``clips`` independent trials.

    Source: E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, 1927.

    Args:
        correct: number of correct clips, 0 to ``clips``.
        clips: number of clips, at least 1.

    >>> interval = wilson_interval(95, 100)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.8882, 0.9785)
    """
    from scipy.stats import binomtest  # a second, which only those who measure should wait for

    ends = binomtest(correct, clips).proportion_ci(0.95, method="wilson")
    return Interval(float(ends.low), float(ends.high), "wilson")


def accuracy_interval(correct: BoolArray, speakers: Sequence[str]) -> Interval:
    """Return a 95 % confidence interval of the accuracy, over speakers where they are known.

    Clips of one speaker succeed and fail together, so clips are not independent trials. With at least
    ``MIN_SPEAKERS`` speakers, all known, whole speakers are drawn with replacement and the interval holds the
    middle percentiles of the accuracy. With fewer, and where every speaker has the same accuracy (usually
    because all is correct), resampling says nothing and the Wilson interval over clips is returned; it takes
    clips as independent and is then rather too narrow.

    Args:
        correct: one truth value a clip, shape ``[n]``; their order does not matter.
        speakers: speaker of each clip (``""`` = unknown).

    Raises:
        ConfigError: if there are no clips.

    >>> accuracy_interval(np.ones(20, dtype=bool), ["a", "b", "c", "d", "e"] * 4).method
    'wilson'
    """
    if correct.ndim != 1 or correct.size == 0:
        raise ConfigError(f"an interval needs at least one clip in one dimension, not shape {correct.shape}")
    return scores_interval(scores_by(correct, speakers))


def scores_interval(scores: Mapping[str, Score]) -> Interval:
    """Return a 95 % confidence interval of the accuracy of all groups together, see ``accuracy_interval``.

    Args:
        scores: by speaker; of strings, the words and what is left of them without the errors, which may be below 0.
    """
    clips, correct = [score.clips for score in scores.values()], [score.correct for score in scores.values()]
    if len(scores) >= MIN_SPEAKERS and "" not in scores:
        low, high = np.quantile(bootstrap_means(correct, list(scores), weights=clips), [0.025, 0.975])
        if low < high:
            return Interval(float(low), float(high), "speakers")
    return wilson_interval(max(0, sum(correct)), sum(clips))


def scores_by(correct: BoolArray, groups: Sequence[str]) -> dict[str, Score]:
    """Count clips and correct clips of every group, such as a word or a speaker, sorted by its name.

    >>> scores_by(np.array([True, False, True]), ["theo", "ana", "theo"])
    {'ana': Score(clips=1, correct=0), 'theo': Score(clips=2, correct=2)}
    """
    names, index = np.unique(np.array(groups, dtype=np.str_), return_inverse=True)
    clips = np.bincount(index, minlength=len(names))
    hits = np.bincount(index[correct], minlength=len(names))
    return {str(name): Score(int(n), int(hit)) for name, n, hit in zip(names, clips, hits, strict=True)}


def auroc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float | None:
    """Return the area under the ROC curve: how often a positive scores above a negative, ties counted half.

    Source: H. B. Mann, D. R. Whitney, *On a Test of Whether one of Two Random Variables is Stochastically Larger than
    the Other*, 1947.

    Args:
        scores: shape ``[n]``.
        positive: shape ``[n]``.

    Returns:
        0 to 1; ``None`` without a positive or without a negative.

    >>> auroc([0.9, 0.8, 0.8, 0.1], [True, True, False, False])
    0.875
    """
    from scipy.stats import mannwhitneyu  # a second, which only those who measure should wait for

    is_positive = np.asarray(positive, dtype=bool)
    above, below = np.asarray(scores)[is_positive], np.asarray(scores)[~is_positive]
    if not above.size or not below.size:
        return None
    return float(mannwhitneyu(above, below, method="asymptotic").statistic / (above.size * below.size))


def expected_calibration_error(confidence: FloatArray, correct: BoolArray) -> float:
    """Return by how much the confidence of the answers differs from their accuracy.

    Args:
        confidence: probability of the recognised word, 0 to 1, shape ``[n]``, n >= 1.
        correct: whether it was right, shape ``[n]``.

    >>> round(expected_calibration_error(np.array([0.9, 0.9]), np.array([True, False])), 3)
    0.4
    """
    # C. Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3:
    #   ECE = sum_m |B_m|/n |acc(B_m) - conf(B_m)|,  B_m = {i : confidence_i in ((m-1)/M, m/M]}.
    # |B_m| cancels against the means: the term of a bin is |sum of correct - sum of confidence| / n.
    index = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    gap = np.bincount(index, weights=correct - confidence, minlength=BINS)
    return float(np.abs(gap).sum() / confidence.size)
