"""Another sample rate, of a whole waveform or of one that comes in chunks: the same numbers either way.

The library soxr does it: a band-limited conversion by any ratio, with linear phase and without delay of its own
(Smith, *Digital Audio Resampling*, 2002, explains the method). Its quality "HQ" keeps what lies below 0.91 of the lower
Nyquist frequency within 0.01 dB and puts what lies above that frequency at least 100 dB down. Before the start and
after the end the signal counts as zero.
"""

import numpy as np
import numpy.typing as npt
import soxr

from .waveform import Samples, check_sample_rate, check_samples

QUALITY = "HQ"


def resample(samples: npt.ArrayLike, from_rate: float, to_rate: float) -> Samples:
    """Return the waveform at another rate; sample 0 keeps its place in time.

    Args:
        samples: the waveform at ``from_rate``, shape ``[N]``.
        from_rate: Hz.
        to_rate: Hz. Equal rates give an exact copy.

    Returns:
        The waveform at ``to_rate``, shape ``[round(N * to_rate / from_rate)]`` (a half is rounded up), at least one
        sample.

    Raises:
        AudioError: if the samples are unusable or a rate is not from 1 kHz to 1 MHz.

    >>> resample(np.zeros(441), 44100, 16000).shape
    (160,)
    """
    waveform = check_samples(samples, "resample")
    old, new = check_sample_rate(from_rate, "resample from"), check_sample_rate(to_rate, "resample to")
    return waveform.copy() if old == new else change_rate(waveform, new / old)


def change_rate(waveform: Samples, ratio: float) -> Samples:
    """Return a waveform with ``ratio`` times as many samples a second; see ``resample``.

    Args:
        waveform: ``[N]`` float32.
        ratio: above 0; played at the old rate, the result is ``1 / ratio`` times as fast.

    Shape: ``[N] -> [round(N * ratio)]``, at least one sample.

    >>> change_rate(np.zeros(800, np.float32), 1.25).shape
    (1000,)
    """
    changed: Samples = soxr.resample(waveform, 1.0, ratio, quality=QUALITY)
    return changed if len(changed) else waveform[:1].copy()


class StreamResampler:
    """Resample a signal that comes in chunks of any size: exactly the samples that ``resample`` gives of the whole.

    A sample comes out when it is final: later than its own time by at most 1,400 samples of the lower rate, which are
    less than 0.2 s from 8 kHz on.

    Args:
        from_rate: of the chunks, Hz.
        to_rate: of what comes out, Hz.

    Raises:
        AudioError: if a rate is not from 1 kHz to 1 MHz.

    >>> resampler = StreamResampler(16000, 8000)
    >>> chunks = [resampler.push(np.zeros(100, np.float32)) for _ in range(5)] + [resampler.flush()]
    >>> sum(len(chunk) for chunk in chunks)
    250
    """

    def __init__(self, from_rate: float, to_rate: float) -> None:
        old, new = check_sample_rate(from_rate, "resample from"), check_sample_rate(to_rate, "resample to")
        # soxr is told the ratio that change_rate tells it, so that the two agree to the last bit.
        self._stream = None if old == new else soxr.ResampleStream(1.0, new / old, 1, dtype="float32", quality=QUALITY)
        self._first: Samples | None = None
        self._came = 0

    def push(self, chunk: Samples) -> Samples:
        """Return the samples at the new rate that the chunk ``[n]`` made final, shape ``[m]``; often none."""
        if self._stream is None:
            return chunk
        if self._first is None and len(chunk):
            self._first = chunk[:1].copy()
        final: Samples = self._stream.resample_chunk(chunk)
        self._came += len(final)
        return final

    def flush(self) -> Samples:
        """Return the samples up to the end of the signal; nothing more comes."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest: Samples = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        if self._first is not None and self._came + len(rest) == 0:
            rest = self._first  # as change_rate: a signal of less than a sample is a sample
        return rest
