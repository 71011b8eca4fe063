r"""Which clips an epoch takes, so that no corpus of few speakers outweighs the rest.

A speaker :math:`s` with :math:`n_s` clips is drawn in proportion to :math:`n_s^p`: every clip once for :math:`p = 1`,
all speakers alike for :math:`p = 0`. An epoch keeps its size :math:`N = \sum_s n_s`, so a clip of speaker :math:`s` is
expected :math:`w = N n_s^{p-1} / \sum_r n_r^p` times. Systematic sampling draws one number :math:`u` from 0 to 1 and
takes clip :math:`i`

.. math::

    c_i = \lfloor u + W_i \rfloor - \lfloor u + W_{i-1} \rfloor, \qquad W_i = w_1 + \dots + w_i

times: :math:`\lfloor w_i \rfloor` or one more, and the same of every run of clips (Madow and Madow, *On the theory of
systematic sampling*, 1944).
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: Beside seed and epoch, what tells this draw from those of the clips.
BALANCE_STREAM = 2**32 - 1


def expected_counts(speakers: Sequence[str], power: float) -> npt.NDArray[np.float64]:
    """Return how often each clip is expected in an epoch.

    Args:
        speakers: who speaks each clip; clips without a name count as one speaker's.
        power: from 0, all speakers alike, to 1, all clips alike.

    >>> expected_counts(["a", "a", "a", "b"], 0.0).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    clips = Counter(speakers)
    weights = np.array([clips[speaker] ** (power - 1.0) for speaker in speakers])
    expected: npt.NDArray[np.float64] = weights * (len(speakers) / weights.sum())
    return expected


def balanced_epoch(speakers: Sequence[str], power: float, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the clips of an epoch in rising order, as many as there are speakers given; a function of seed and epoch.

    Args:
        speakers: who speaks each clip.
        power: as in ``expected_counts``.
        seed: of the training.
        epoch: 0 or more.

    >>> balanced_epoch(["a", "a", "a", "b"], 1.0, seed=0, epoch=0).tolist()
    [0, 1, 2, 3]
    >>> balanced_epoch(["a", "a", "a", "b"], 0.0, seed=0, epoch=0).tolist().count(3)
    2
    """
    if power == 1.0:
        return np.arange(len(speakers))
    offset = np.random.default_rng([seed, epoch, BALANCE_STREAM]).random()
    edges = np.floor(offset + np.concatenate(([0.0], np.cumsum(expected_counts(speakers, power)))) + 1e-9)
    counts = np.diff(edges).astype(np.int64)
    return np.repeat(np.arange(len(speakers)), counts)
