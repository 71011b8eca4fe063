"""What lies below speech is removed: an offset of the sound card, mains hum, the rumble of wind and traffic.

No model uses what lies below its lowest band, but an offset or a hum may be louder than a quiet talker, and then it
decides what is loud; and where something is cut out, it jumps, which is energy in all bands. The filter has minimum
phase, so that nothing is delayed: its magnitude is 0.001 up to the edge, 1 from 1.4 times the edge on, and the phase
follows by the cepstrum (Oppenheim and Schafer, *Discrete-Time Signal Processing*).
"""

import math
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from .waveform import Samples

#: Below this there is no speech, and the lowest edge of the models' bands.
LOWEST_HZ = 60.0
STOP = 1e-3
PASS_RATIO = 1.4
KERNEL_SECONDS = 0.16

Array = npt.NDArray[np.float64]


@cache
def low_cut_kernel(sample_rate: int) -> Array:
    """Return the impulse response, ``[round(0.16 * sample_rate)]``.

    >>> kernel = low_cut_kernel(8000)
    >>> [round(float(abs(kernel @ np.exp(-2j * np.pi * hz / 8000 * np.arange(len(kernel))))), 2) for hz in (0, 50, 100)]
    [0.0, 0.0, 1.0]
    """
    length = round(KERNEL_SECONDS * sample_rate)
    size = 2 ** int(np.ceil(np.log2(16 * length)))
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate)
    rise = np.clip((frequencies / LOWEST_HZ - 1) / (PASS_RATIO - 1), 0, 1)
    cepstrum = np.fft.irfft(np.log(STOP) * np.cos(np.pi / 2 * rise) ** 2)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:length]
    response[length // 2 :] *= np.cos(np.linspace(0, np.pi / 2, length - length // 2)) ** 2
    return response


class LowCut:
    """Filter a signal that comes in steps of one size.

    Before the first sample the signal counts as constant.

    Args:
        sample_rate: Hz.

    >>> cut = LowCut(8000)
    >>> bool(np.abs(cut.push(np.full(320, 0.5, np.float32))).max() < 0.001)
    True
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._memory = len(low_cut_kernel(sample_rate)) - 1
        self._before: Samples | None = None

    def push(self, step: Samples) -> Samples:
        """Return the next samples, ``[n] -> [n]``."""
        if self._before is None:
            self._before = np.full(self._memory, step[0], np.float32)
        signal = np.concatenate((self._before, step))
        self._before = signal[len(step) :]
        return _filtered(signal, self._sample_rate)


def cut_low(samples: Samples, sample_rate: int) -> Samples:
    """Filter a whole signal, ``[N] -> [N]``; before its first sample it counts as mirrored."""
    before = len(low_cut_kernel(sample_rate)) - 1
    return _filtered(np.pad(samples, (before, 0), mode="symmetric"), sample_rate)


def _filtered(signal: Samples, sample_rate: int) -> Samples:
    """Return the samples that have the whole kernel before them, by the FFT."""
    size = _fast_size(len(signal))  # the part that is wrapped around is not returned
    product = np.fft.rfft(signal, size) * _spectrum(sample_rate, size)
    return np.fft.irfft(product, size)[len(low_cut_kernel(sample_rate)) - 1 : len(signal)].astype(np.float32)


def _fast_size(least: int) -> int:
    """Return a length for which the FFT is fast: few small factors, and not much more than is needed."""
    return min(odd << math.ceil(math.log2(max(least / odd, 1))) for odd in (1, 3, 5, 9, 15))


@lru_cache(maxsize=16)
def _spectrum(sample_rate: int, size: int) -> npt.NDArray[np.complex128]:
    """Return the transform of the kernel, which clips of one length share: a third of the filter's time."""
    return np.fft.rfft(low_cut_kernel(sample_rate), size)
