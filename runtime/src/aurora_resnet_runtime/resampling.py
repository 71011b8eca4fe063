"""Band-limited change of the sample rate: ``aurora_resnet.runtime.audio.resampling`` in NumPy alone.

With ``to_rate / from_rate = up / down`` in lowest terms and the low-pass ``h`` of ``2 c + 1`` taps at ``up`` times the
input rate

    y[m] = up * sum_k x[k] h[m down - k up + c].

For all ``m`` of the same remainder by ``up`` the taps are the same, every ``up``-th one of ``h``, and ``x`` is read in
steps of ``down``: one matrix product a remainder. The low-pass is a Kaiser-windowed sinc (Kaiser 1974), whose pass band
ends at 0.9 of the lower Nyquist frequency and whose stop band, 90 dB down, begins there.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""A mono waveform: one dimension, finite, full scale is 1."""

_STOP_BAND_DB = 90.0
_PASS_BAND = 0.90


@lru_cache(maxsize=32)
def low_pass(up: int, down: int) -> Samples:
    """Return the taps at ``up`` times the input rate, with gain 1.

    >>> taps = low_pass(1, 2)
    >>> taps.size % 2, round(float(taps.sum()), 6)
    (1, 1.0)
    """
    nyquist = 1 / max(up, down)  # the lower of the two, as a fraction of the stretched signal's
    width = (1 - _PASS_BAND) * nyquist
    taps = math.ceil((_STOP_BAND_DB - 7.95) / (2.285 * math.pi * width) + 1) | 1
    cutoff = (1 + _PASS_BAND) / 2 * nyquist
    kernel = np.sinc(cutoff * (np.arange(taps) - taps // 2)) * np.kaiser(taps, 0.1102 * (_STOP_BAND_DB - 8.7))
    narrow: Samples = (kernel / kernel.sum()).astype(np.float32)
    narrow.setflags(write=False)  # shared by all calls
    return narrow


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return the waveform at another rate; sample 0 keeps its place, beyond the ends the signal counts as zero.

    Args:
        samples: the waveform at ``from_rate``, ``[N]``.
        from_rate: Hz.
        to_rate: Hz.

    Returns:
        The waveform at ``to_rate``, ``[ceil(N * to_rate / from_rate)]``.

    >>> resample(np.zeros(441, np.float32), 44100, 16000).shape
    (160,)
    """
    if from_rate == to_rate:
        return samples.copy()
    divisor = math.gcd(from_rate, to_rate)
    up, down = to_rate // divisor, from_rate // divisor
    taps = up * low_pass(up, down)
    centre, length = taps.size // 2, -(-samples.size * up // down)
    longest = -(-taps.size // up)
    last = ((length - 1) * down + centre) // up  # the last sample that is read
    padded = np.pad(samples, (longest, max(0, last + 1 - samples.size)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, longest)
    output = np.empty(length, np.float32)
    for first in range(min(up, length)):
        newest, remainder = divmod(first * down + centre, up)
        phase = np.zeros(longest, np.float32)  # in the order of time, so the newest sample's tap comes last
        chosen = taps[remainder::up]
        phase[longest - chosen.size :] = chosen[::-1]
        count = -(-(length - first) // up)
        start = newest + 1  # of the window that ends with sample `newest`, `longest` zeros before the first sample
        output[first::up] = windows[start : start + count * down : down][:count] @ phase
    return output
