"""What counts as a waveform and as a sample rate, for files and arrays alike.

Digital silence is valid audio everywhere.
"""

from __future__ import annotations

import operator

import numpy as np
import numpy.typing as npt

from aurora_resnet.errors import AudioError

Samples = npt.NDArray[np.float32]
"""A mono waveform: one dimension, finite, full scale is 1."""

MIN_SAMPLE_RATE = 1_000
MAX_SAMPLE_RATE = 768_000


def check_sample_rate(sample_rate: int, what: str) -> int:
    """Return a rate as an ``int`` if it is a whole number of Hz from 1 kHz to 768 kHz.

    Raises:
        AudioError: otherwise; the message starts with ``what``.

    >>> check_sample_rate(8000, "my recorder")
    8000
    """
    try:
        rate = operator.index(sample_rate)
    except TypeError:
        rate = 0
    if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
        raise AudioError(
            f"{what}: the sample rate must be a whole number of Hz from {MIN_SAMPLE_RATE} to"
            f" {MAX_SAMPLE_RATE}, got {sample_rate!r}"
        )
    return rate


def check_samples(samples: npt.ArrayLike, what: str) -> Samples:
    """Return a waveform as float32 if it is a mono, non-empty, finite array of floating-point numbers.

    Silence and values beyond [-1, 1] pass. A float32 array is returned as it is, not copied.

    Args:
        samples: the waveform, shape ``[N]``, full scale 1.
        what: whose waveform it is, for the message.

    Raises:
        AudioError: for another shape or type, no samples, NaN or infinite values.

    >>> check_samples([0.0, 0.5], "recording")
    array([0. , 0.5], dtype=float32)
    """
    try:
        array = np.asarray(samples)
    except ValueError as error:  # rows of different lengths
        raise AudioError(f"{what}: expected one row of samples ({error})") from None
    if not np.issubdtype(array.dtype, np.floating):
        raise AudioError(
            f"{what}: expected floating-point samples in [-1, 1], got {array.dtype}; divide int16 by 32768"
        )
    if array.ndim != 1:
        raise AudioError(f"{what}: expected one dimension (mono), got shape {array.shape}; average the channels")
    if array.size == 0:
        raise AudioError(f"{what}: expected at least one sample, got none")
    with np.errstate(over="ignore"):
        waveform = array.astype(np.float32, copy=False)
    if not np.isfinite(waveform).all():
        raise AudioError(f"{what}: some samples are NaN or infinite; repair or drop the recording")
    return waveform
