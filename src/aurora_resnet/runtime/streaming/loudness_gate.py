r"""Which steps of a stream may hold speech: those that are louder than the noise has lately been.

The floor is the lowest power of the last seconds (minimum statistics: Martin, *Noise power spectral density estimation
based on optimal smoothing and minimum statistics*, 2001, without the smoothing). Even fluent speech falls to the noise
now and then, steady noise never rises far above its minimum, and what changes faster is for the network to judge.
"""

import math
from collections import deque

import numpy as np

from ..audio.waveform import Samples
from ..decision import AUDIBLE

#: -90.3 dB: what ``decision`` takes for silence, as a level.
SILENCE_DB = 20 * math.log10(AUDIBLE)


class LoudnessGate:
    """Tell loud from quiet, one step of a stream after another.

    Args:
        margin_db: how far above the floor a step is loud.
        memory: number of steps, this one included, whose lowest power is the floor.
        head: number of steps at the beginning in which the floor is unknown, so that all but silence is loud.

    >>> gate = LoudnessGate(margin_db=10, memory=100, head=2)
    >>> [gate.is_loud(np.full(8, level, np.float32)) for level in (0.01, 0.01, 0.01, 0.1, 0.0)]
    [True, True, False, True, False]
    """

    def __init__(self, margin_db: float, memory: int, head: int) -> None:
        self._margin_db = margin_db
        self._powers: deque[float] = deque(maxlen=memory)
        self._head = head

    def is_loud(self, samples: Samples) -> bool:
        """Return whether the next step, shape ``[n]``, is loud."""
        power = float(np.square(samples, dtype=np.float64).mean())
        power_db = 10 * math.log10(power) if power > 0 else -math.inf
        self._powers.append(max(power_db, SILENCE_DB))
        known = len(self._powers) > self._head
        return power_db > (min(self._powers) + self._margin_db if known else SILENCE_DB)
