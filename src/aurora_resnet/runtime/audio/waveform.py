"""What counts as a waveform and as a sample rate, for files and arrays alike.

Digital silence is valid audio everywhere.
"""

from __future__ import annotations

import operator

import numpy as np
import numpy.typing as npt

from ..errors import AudioError

Samples = npt.NDArray[np.float32]
"""A mono waveform: one dimension, finite, full scale is 1."""

MIN_SAMPLE_RATE = 1_000
MAX_SAMPLE_RATE = 768_000
MAX_CHANNELS = 32

# What libsndfile makes of integer PCM: value = (integer - zero) / full scale.
_PCM = {"int8": (0.0, 2.0**7), "uint8": (128.0, 2.0**7), "int16": (0.0, 2.0**15), "int32": (0.0, 2.0**31)}


def check_sample_rate(sample_rate: float, what: str) -> int:
    """Return a rate as an ``int`` if it is a whole number of Hz (``8000.0`` too) from 1 kHz to 768 kHz.

    Raises:
        AudioError: otherwise; the message starts with ``what``.

    >>> check_sample_rate(8000, "my recorder")
    8000
    """
    try:
        whole = isinstance(sample_rate, float | np.floating) and float(sample_rate).is_integer()
        rate = int(sample_rate) if whole else operator.index(sample_rate)  # type: ignore[arg-type]
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


def mono_waveform(recording: npt.ArrayLike, what: str) -> Samples:
    """Return what a person has in memory, of any usual sample type and number of channels, as a mono waveform.

    Integers are scaled as ``read_audio`` scales those of a file: int16 by 2^-15, int32 by 2^-31, int8 by 2^-7, and
    uint8 after taking 128 off. Floating-point samples are taken as they are, full scale 1. Of two axes the shorter
    one is the channels, and the first one is time if they are equal; channels are averaged.

    Args:
        recording: samples ``[N]``, ``[N, C]`` or ``[C, N]`` with at most 32 channels.
        what: whose samples they are, for the message.

    Returns:
        The waveform, shape ``[N]``. A mono float32 array is returned as it is, not copied.

    Raises:
        AudioError: for another shape or type, no samples, NaN or infinite values.

    >>> mono_waveform(np.array([[16384, 0], [-32768, 0], [0, 8192]], np.int16), "microphone")
    array([ 0.25 , -0.5  ,  0.125], dtype=float32)
    """
    try:
        array = np.asarray(recording)
    except (ValueError, TypeError, RuntimeError) as error:  # ragged rows, or a library's array that is not in memory
        raise AudioError(f"{what}: expected an array of samples ({error})") from None
    if array.dtype.name not in _PCM and not np.issubdtype(array.dtype, np.floating):
        raise AudioError(
            f"{what}: expected samples of a floating-point type in [-1, 1] or of {', '.join(_PCM)}, got {array.dtype};"
            " convert them to one of these"
        )
    if array.ndim not in (1, 2) or (array.ndim == 2 and min(array.shape) > MAX_CHANNELS):
        raise AudioError(
            f"{what}: expected samples [N], [N, C] or [C, N] of at most {MAX_CHANNELS} channels,"
            f" got shape {array.shape}"
        )
    if array.ndim == 2:
        array = array.T if array.shape[0] < array.shape[1] else array
        array = array[:, 0] if array.shape[1] == 1 else array
    if array.size == 0:
        raise AudioError(f"{what}: expected at least one sample, got none")
    zero, full_scale = _PCM.get(array.dtype.name, (0.0, 1.0))
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        waveform = array.astype(np.float32, order="C", copy=False)
        if full_scale != 1.0:
            waveform = (waveform - np.float32(zero)) * np.float32(1 / full_scale)
        if waveform.ndim == 2:
            waveform = waveform.mean(axis=1)
    return check_samples(waveform, what)
