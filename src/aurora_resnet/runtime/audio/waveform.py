"""What counts as a waveform and as a sample rate, for files and arrays alike.

Digital silence is valid audio everywhere.
"""

import operator

import numpy as np
import numpy.typing as npt

from ..errors import AudioError

#: A mono waveform: one dimension, finite, full scale is 1.
Samples = npt.NDArray[np.float32]

MIN_SAMPLE_RATE = 1_000
MAX_SAMPLE_RATE = 1_000_000
MAX_CHANNELS = 32
#: 40 dB above full scale, which no sound is meant to reach; integers taken for floats and damaged samples do.
LARGEST_SAMPLE = 100.0
_INTEGER_BITS = (16, 24, 32)

# What libsndfile makes of integer PCM: value = (integer - zero) / full scale.
_PCM = {"int8": (0.0, 2.0**7), "uint8": (128.0, 2.0**7), "int16": (0.0, 2.0**15), "int32": (0.0, 2.0**31)}


def check_sample_rate(sample_rate: float, what: str) -> int:
    """Return a rate as an ``int`` if it is a whole number of Hz (``8000.0`` too) from 1 kHz to 1 MHz.

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

    Silence and values beyond [-1, 1] pass, up to 100. A float32 array is returned as it is, not copied.

    Args:
        samples: the waveform, shape ``[N]``, full scale 1.
        what: whose waveform it is, for the message.

    Raises:
        AudioError: for another shape or type, no samples, values that are NaN, infinite or beyond 100.

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
    check_range(waveform, what)
    return waveform


def check_range(samples: npt.NDArray[np.floating], what: str) -> None:
    """Refuse floating-point samples, of any shape, that are no sound at full scale 1.

    Raises:
        AudioError: for NaN and infinite values and such beyond 100; what the scale may be is said.

    >>> check_range(np.array([0.0, -20000.0]), "recording")
    Traceback (most recent call last):
    aurora_resnet...errors.AudioError: recording: a sample is 20000, but full scale of floating-point samples is 1 ...
    """
    largest = max(float(samples.max()), -float(samples.min()))
    if largest <= LARGEST_SAMPLE:
        return
    if not np.isfinite(samples).all():
        raise AudioError(f"{what}: some samples are NaN or infinite; repair or drop the recording")
    bits = next((bits for bits in _INTEGER_BITS if largest <= 2 ** (bits - 1)), None)
    hint = f"for {bits}-bit integers divide them by {2 ** (bits - 1)}" if bits else "repair or drop the recording"
    raise AudioError(
        f"{what}: a sample is {largest:.6g}, but full scale of floating-point samples is 1 and {LARGEST_SAMPLE:g} the "
        f"most that is taken; {hint}"
    )


def channel_samples(recording: npt.ArrayLike, what: str) -> Samples:
    """Return samples in memory, of any usual sample type and number of channels, as float32 ``[N, C]``.

    Integers are scaled as ``read_audio`` scales those of a file: int16 by 2^-15, int32 by 2^-31, int8 by 2^-7, and
    uint8 after taking 128 off. Floating-point samples are taken as they are, full scale 1. Of two axes the shorter
    one is the channels, and the first one is time if they are equal. Nothing about the scale is guessed: bytes, which
    do not say what samples they hold, are refused, and so are int32 samples that have the size of int16.

    Args:
        recording: samples ``[N]``, ``[N, C]`` or ``[C, N]`` with at most 32 channels.
        what: whose samples they are, for the message.

    Returns:
        The samples, shape ``[N, C]``. Those of a float32 array are not copied.

    Raises:
        AudioError: for another shape or type, no samples, values that are NaN, infinite or beyond 100.

    >>> channel_samples(np.array([16384, -32768], np.int16), "microphone").tolist()
    [[0.5], [-1.0]]
    """
    if isinstance(recording, bytes | bytearray) or (isinstance(recording, memoryview) and recording.format in "Bbc"):
        raise AudioError(
            f"{what}: {type(recording).__name__} does not say what samples it holds; for 16-bit PCM give "
            "np.frombuffer(data, np.int16)"
        )
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
    array = array[:, None] if array.ndim == 1 else array.T if array.shape[0] < array.shape[1] else array
    if array.size == 0:
        raise AudioError(f"{what}: expected at least one sample, got none")
    zero, full_scale = _PCM.get(array.dtype.name, (0.0, 1.0))
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        waveform = array.astype(np.float32, order="C", copy=False)
        if full_scale != 1.0:
            waveform = (waveform - np.float32(zero)) * np.float32(1 / full_scale)
    check_range(waveform, what)
    return waveform


def check_int32_scale(largest: float, what: str) -> None:
    """Refuse int32 samples none of which goes beyond what int16 holds: at full scale 2^31 they would be silence.

    Args:
        largest: the largest of them after scaling, full scale 1.
        what: whose samples they are, for the message.

    Raises:
        AudioError: if they are not all 0.
    """
    if 0 < largest <= 2.0**-16:
        raise AudioError(
            f"{what}: full scale of int32 samples is 2147483648, but none of these goes beyond {largest * 2**31:.0f}; "
            "give 16-bit samples as int16 (samples.astype(np.int16)), and others that are so quiet as float32"
        )
