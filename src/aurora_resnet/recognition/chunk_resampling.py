r"""Another sample rate, chunk by chunk: exactly the samples that ``resample`` gives of the whole signal.

With the rates in lowest terms, ``to_rate / from_rate = up / down``, output ``m`` is a weighted sum of the inputs around
``m down / up``, at most ``context`` samples away on either side (``audio.resampling``). Whole periods of ``down``
inputs, which make ``up`` outputs, are therefore final as soon as ``context`` samples after them are there, and a period
of the past is all that has to be kept before them.
"""

from __future__ import annotations

import math

import numpy as np

from aurora_resnet.runtime.audio.resampling import PASS_BAND, STOP_BAND_DB, resample
from aurora_resnet.runtime.audio.waveform import Samples, check_sample_rate


class ChunkResampler:
    """Resample a signal that comes in chunks of any size.

    Args:
        from_rate: of the chunks, Hz.
        to_rate: of what comes out, Hz.

    Raises:
        AudioError: for an absurd rate.

    >>> resampler = ChunkResampler(16000, 8000)
    >>> chunks = [resampler.push(np.zeros(100, np.float32)) for _ in range(5)] + [resampler.flush()]
    >>> sum(len(chunk) for chunk in chunks)
    250
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self.from_rate = check_sample_rate(from_rate, "resample from")
        self.to_rate = check_sample_rate(to_rate, "resample to")
        divisor = math.gcd(self.from_rate, self.to_rate)
        self._up, self._down = self.to_rate // divisor, self.from_rate // divisor
        self.context = 0 if self._up == self._down else _reach(self._up, self._down)
        self._before = -(-self.context // self._down) * self._down  # whole periods that cover the context
        self._kept: Samples = np.zeros(0, np.float32)
        self._past = 0  # how many of the kept samples are done with

    @property
    def delay_seconds(self) -> float:
        """How much later than its own time an output sample can be known."""
        return self.context / self.from_rate

    def push(self, chunk: Samples) -> Samples:
        """Return the samples at the new rate that the chunk ``[n]`` made final, shape ``[m]``; often none."""
        self._kept = np.concatenate((self._kept, chunk))
        periods = (len(self._kept) - self._past - self.context) // self._down
        return self._take(max(0, periods) * self._down)

    def flush(self) -> Samples:
        """Return the samples up to the end of the signal; the next chunk begins another signal."""
        rest = self._take(len(self._kept) - self._past)
        self._kept, self._past = self._kept[:0].copy(), 0
        return rest

    def _take(self, count: int) -> Samples:
        """Return what ``count`` samples after the past become; they turn into the past."""
        if count == 0:
            return np.zeros(0, np.float32)
        end = self._past + count
        first, last = self._past * self._up // self._down, -(-end * self._up // self._down)
        taken = resample(self._kept[: end + self.context], self.from_rate, self.to_rate)[first:last]
        self._past = min(end, self._before)
        self._kept = self._kept[end - self._past :]
        return taken


def _reach(up: int, down: int) -> int:
    """Return how many inputs away the filter still looks: half its length, with a sample for rounding on each side."""
    width = (1 - PASS_BAND) / max(up, down)
    taps = (STOP_BAND_DB - 7.95) / (2.285 * math.pi * width)  # Kaiser, 1974
    return math.ceil(taps / 2 / up) + 2
