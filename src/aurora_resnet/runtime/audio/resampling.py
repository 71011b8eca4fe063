"""Band-limited change of the sample rate by a whole-number ratio.

With the ratio in lowest terms, ``to_rate / from_rate = up / down``, the waveform is (1) stretched by
``up - 1`` zeros after each sample, which repeats its spectrum every ``from_rate``, (2) low-passed with gain
``up``, which keeps one copy below both Nyquist frequencies, and (3) thinned to every ``down``-th sample.
SciPy's polyphase filter computes only the samples that are kept (Crochiere & Rabiner, Multirate Digital
Signal Processing, 1983, ch. 3).

The low-pass is a Kaiser-windowed sinc of odd length, hence of linear phase and a delay of whole samples,
which is removed. With stop-band attenuation ``A`` dB and transition width ``w`` (a fraction of the Nyquist
frequency of the stretched signal) it has about ``(A - 7.95) / (2.285 pi w)`` taps (Kaiser 1974;
``scipy.signal.kaiserord``).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import signal

from aurora_resnet.runtime.audio.waveform import Samples, check_sample_rate, check_samples

STOP_BAND_DB = 90.0
PASS_BAND = 0.90
"""Where the pass band ends, as a fraction of the lower Nyquist frequency; the stop band begins at 1."""


@lru_cache(maxsize=32)
def _low_pass(up: int, down: int) -> npt.NDArray[np.float32]:
    """Return the filter at ``up`` times the input rate, with gain 1."""
    nyquist = 1 / max(up, down)  # the lower of the two, as a fraction of the stretched signal's
    taps, beta = signal.kaiserord(STOP_BAND_DB, (1 - PASS_BAND) * nyquist)
    cutoff = (1 + PASS_BAND) / 2 * nyquist
    kernel = signal.firwin(taps | 1, cutoff, window=("kaiser", beta)).astype(np.float32)
    kernel.setflags(write=False)  # shared by all calls
    return kernel


def resample(samples: npt.ArrayLike, from_rate: int, to_rate: int) -> Samples:
    """Return the waveform at another rate; what lies below 0.9 of the lower Nyquist frequency stays.

    Ripple in the pass band and what is left of the stop band (from the lower Nyquist frequency up) lie 90 dB
    below the signal. Sample 0 keeps its place in time. Before the start and after the end the signal counts
    as zero. Equal rates give an exact copy.

    Args:
        samples: the waveform at ``from_rate``, shape ``[N]``.
        from_rate: Hz.
        to_rate: Hz.

    Returns:
        The waveform at ``to_rate``, shape ``[ceil(N * to_rate / from_rate)]``.

    Raises:
        AudioError: if the samples are unusable or a rate is absurd.

    >>> resample(np.zeros(441), 44100, 16000).shape
    (160,)
    """
    waveform = check_samples(samples, "resample")
    old = check_sample_rate(from_rate, "resample from")
    new = check_sample_rate(to_rate, "resample to")
    if old == new:
        return waveform.copy()
    divisor = math.gcd(old, new)
    up, down = new // divisor, old // divisor
    low_pass: Any = _low_pass(up, down)  # SciPy takes an array here, its type stubs do not say so
    return signal.resample_poly(waveform, up, down, window=low_pass)
