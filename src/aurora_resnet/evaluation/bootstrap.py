r"""Resampling whole speakers: how sure an accuracy, or a difference of two, is.

Clips of one speaker succeed and fail together, so speakers are drawn, not clips. The ``k`` speakers drawn with
replacement give each speaker ``s`` a multinomial weight :math:`w_s`, and a resample has the mean

.. math:: \bar x^* = \frac{\sum_s w_s \sum_{i \in s} x_i}{\sum_s w_s n_s}

Source: A. C. Davison, D. V. Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8. For a comparison the
values are differences on the same clips, the paired form that M. Bisani and H. Ney, *Bootstrap Estimates for Confidence
Intervals in ASR Performance Evaluation*, 2004, recommend for speech recognisers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aurora_resnet.runtime.errors import ConfigError

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def bootstrap_means(
    values: npt.ArrayLike,
    speakers: Sequence[str],
    *,
    weights: npt.ArrayLike | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> FloatArray:
    """Return the means of resamples of whole speakers.

    Args:
        values: one number a clip, such as 1 for correct and 0 for wrong, shape ``[n]``, n >= 1.
        speakers: the speaker of each clip.
        weights: clips that a value is the sum of; one if not given.
        resamples: how many, at least 1.
        seed: of the draws. The order of the clips does not matter.

    Returns:
        The means, shape ``[resamples]``.

    Raises:
        ConfigError: for no clips, other lengths, or no resamples.

    >>> float(bootstrap_means([1, 1, 0, 0], ["ana", "ana", "ben", "ben"], resamples=400).mean().round(1))
    0.5
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or array.size != len(speakers) or resamples < 1:
        raise ConfigError(
            f"expected one value and one speaker a clip, and resamples of at least 1, got {array.shape}, "
            f"{len(speakers)} and {resamples}"
        )
    names, index = np.unique(np.array(speakers, dtype=np.str_), return_inverse=True)
    sums = np.bincount(index, weights=array, minlength=len(names))
    clips = np.bincount(index, weights=None if weights is None else np.asarray(weights), minlength=len(names))
    k = len(names)
    draws = np.random.default_rng(seed).multinomial(k, np.full(k, 1 / k), size=resamples)  # [R, k]
    means: FloatArray = (draws @ sums) / (draws @ clips)
    return means


@dataclass(frozen=True)
class Difference:
    """What one system is better than another on the same clips.

    Attributes:
        mean: difference of the accuracies, first minus second, -1 to 1.
        low: lower end of the 95 % interval.
        high: upper end.
        p_value: two-sided: twice the share of resamples on the rarer side of no difference, at most 1.
    """

    mean: float
    low: float
    high: float
    p_value: float

    @property
    def decided(self) -> bool:
        """Whether the interval leaves out no difference."""
        return self.low > 0 or self.high < 0


def paired_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, speakers: Sequence[str], *, resamples: int = 10_000, seed: int = 0
) -> Difference:
    """Compare two systems by a paired bootstrap over speakers.

    Args:
        first: correct (1) or not (0) for each clip, or the mean of several trainings, shape ``[n]``.
        second: the other system's, on the same clips.
        speakers: the speaker of each clip.
        resamples: how many.
        seed: of the draws.

    Raises:
        ConfigError: for other lengths.

    >>> speakers = [f"speaker{i % 10}" for i in range(100)]
    >>> paired_difference(np.ones(100), np.arange(100) % 3 > 0, speakers).decided
    True
    """
    gain = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    means = bootstrap_means(gain, speakers, resamples=resamples, seed=seed)
    low, high = np.quantile(means, [0.025, 0.975])
    # One more in both counts keeps the share of a finite sample from being 0 (Davison and Hinkley, section 4.2.1).
    rarer = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return Difference(float(gain.mean()), float(low), float(high), min(1.0, 2 * (rarer + 1) / (resamples + 1)))
