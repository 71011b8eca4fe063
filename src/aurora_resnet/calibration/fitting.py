"""Temperatures and thresholds from scores: what a decision rests on, as numbers.

The temperature is the one at which the true words are most likely (Guo et al., *On Calibration of Modern Neural
Networks*, 2017). The threshold is an operating point: so many words refused at most, so many negatives accepted at
most, as many of the one as of the other, or so many false words an hour.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy  # its parts, which take a second, are imported where they are used

from aurora_resnet.runtime.decision import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE
from aurora_resnet.runtime.errors import ConfigError


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the temperature from 0.001 to 1000 at which the labels are most likely.

    The mean negative log-likelihood is a smooth function of one number with one minimum: it is convex in ``1 / T``.

    Args:
        logits: of recordings that the network was not trained on, ``[n, K]``.
        labels: their true classes, ``[n]``.

    Raises:
        ConfigError: for other shapes, no recordings, or logits that are not finite.

    Source: Guo et al., 2017, section 4.2.

    >>> logits = [[2.0, 0.0]] * 4  # sure at 88 %, right at 75 %
    >>> round(fit_temperature(logits, [0, 0, 0, 1]), 3)  # 2 / log(3)
    1.82
    """
    exact, classes = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if exact.ndim != 2 or classes.shape != exact.shape[:1] or len(classes) == 0:
        raise ConfigError(
            f"fit_temperature takes logits [n, K] and labels [n], n >= 1, got {list(exact.shape)}"
            f" and {list(classes.shape)}"
        )
    if not np.isfinite(exact).all():
        raise ConfigError("fit_temperature: some logits are NaN or infinite; the network is broken")
    rows = np.arange(len(classes))

    def loss(log_temperature: float) -> float:
        return -float(scipy.special.log_softmax(exact / math.exp(log_temperature), axis=1)[rows, classes].mean())

    bounds = (math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE))
    best: Any = scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-7})
    return math.exp(best.x)


def highest_threshold(words: npt.ArrayLike, *, refused: float) -> float:
    """Return the highest threshold that refuses at most a given share of words.

    Counted, not interpolated: of ``n`` words at most ``k`` may be refused, ``k / n`` being the largest such share
    within the bound, so the threshold is the evidence of word ``k + 1`` from below. Equal evidences stand together.

    Args:
        words: evidence of held-out recordings of words, ``[n]``.
        refused: largest share to refuse, at least 0 and below 1.

    Raises:
        ConfigError: for a share outside its range, or no or unusable evidences.

    >>> highest_threshold([3.0, 1.0, 4.0, 2.0], refused=0.25)
    2.0
    """
    if not 0 <= refused < 1:
        raise ConfigError(f"words_refused must lie from 0 to below 1, got {refused}")
    ordered = np.sort(_evidences(words, "words"))
    # A quotient is compared with the share, not a product with a count: 0.29 * 100 is below 29.
    allowed = int(np.count_nonzero(np.arange(1, len(ordered)) / len(ordered) <= refused))
    return float(ordered[allowed])


def lowest_threshold(negatives: npt.ArrayLike, *, accepted: float) -> float:
    """Return the lowest threshold that accepts at most a given share of negatives; counted as ``highest_threshold``.

    Args:
        negatives: evidence of held-out recordings of anything else, ``[m]``.
        accepted: largest share to accept, 0 to 1.

    Raises:
        ConfigError: for a share outside its range, or no or unusable evidences.

    >>> lowest_threshold([1.0, 2.0, 3.0, 4.0], accepted=0.25) > 3.0
    True
    """
    if not 0 <= accepted <= 1:
        raise ConfigError(f"negatives_accepted must lie from 0 to 1, got {accepted}")
    ordered = np.sort(_evidences(negatives, "negatives"))[::-1]
    allowed = int(np.count_nonzero(np.arange(1, len(ordered) + 1) / len(ordered) <= accepted))
    if allowed == len(ordered):
        return float(ordered[-1])
    return math.nextafter(float(ordered[allowed]), math.inf)


def threshold_of_false_words(
    confidences: npt.ArrayLike, words: npt.ArrayLike, *, hours: float, per_hour: float
) -> tuple[float, int]:
    """Return the lowest threshold that accepts at most so many false words an hour, and how many it accepts.

    Args:
        confidences: of strings found where nothing is said, ``[n]``.
        words: of each string, ``[n]``.
        hours: length of everything in which nothing is said.
        per_hour: false words in an hour, at least 0.

    >>> threshold_of_false_words([0.9, 0.5, 0.5], [1, 2, 1], hours=0.5, per_hour=4)[1]
    1
    """
    exact, counts = np.asarray(confidences, dtype=np.float64), np.asarray(words)
    accepted = 0
    # From the surest false string down, those of one confidence together; the first too many are to be refused.
    for confidence in np.unique(exact[counts > 0])[::-1]:
        more = int(counts[exact == confidence].sum())
        if (accepted + more) / hours > per_hour:
            return math.nextafter(float(confidence), math.inf), accepted
        accepted += more
    return 0.0, accepted


def _evidences(values: npt.ArrayLike, what: str) -> npt.NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ConfigError(f"{what}: expected finite evidences [n], n >= 1, got shape {array.shape}")
    return array
