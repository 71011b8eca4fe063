"""A recording becomes a clip of the model's rate and length, as ``aurora_resnet.audio`` makes one.

Channels are averaged. A longer recording is cut to its most energetic stretch, then resampled; a shorter one stands in
the middle of silence. Files are read in blocks, so one of hours needs no more memory than a block and the clip.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from aurora_resnet_runtime.errors import AudioError
from aurora_resnet_runtime.resampling import Samples, resample

_MIN_RATE, _MAX_RATE = 1_000, 768_000
_MAX_CHANNELS = 32
_BLOCK_SECONDS = 10.0
# What libsndfile makes of integer PCM: value = (integer - zero) / full scale.
_PCM = {"int8": (0.0, 2.0**7), "uint8": (128.0, 2.0**7), "int16": (0.0, 2.0**15), "int32": (0.0, 2.0**31)}


def file_clip(path: str | Path, sample_rate: int, length: int) -> Samples:
    """Return the clip of a sound file.

    Args:
        path: WAV, FLAC, Ogg or MP3.
        sample_rate: of the clip in Hz.
        length: of the clip in samples.

    Raises:
        AudioError: if the file is missing, no sound file, empty, cut off or holds NaN.
    """
    if not Path(path).is_file():
        raise AudioError(f"there is no file '{path}'; check the path")
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate = _check_rate(file.samplerate, f"'{path}'")
            if file.frames == 0:
                raise AudioError(f"'{path}' holds no samples; record it again or drop it")
            longest = max(1, round(min(length / sample_rate * rate, file.frames)))
            start = 0
            if longest < file.frames:
                start = _most_energetic_start(_blocks(file, path), longest)
                file.seek(start)
            samples = np.concatenate(list(_blocks(file, path, longest)))
    except soundfile.LibsndfileError as error:
        raise AudioError(f"'{path}' cannot be read ({error}); it is damaged or no sound file") from error
    return centre(resample(samples, rate, sample_rate), length)


def array_clip(recording: npt.ArrayLike, rate: int, sample_rate: int, length: int) -> Samples:
    """Return the clip of samples in memory.

    Args:
        recording: ``[N]``, ``[N, C]`` or ``[C, N]`` (the shorter axis is the channels), of a floating-point type in
            [-1, 1] or int8, uint8, int16, int32.
        rate: of the recording in Hz.
        sample_rate: of the clip in Hz.
        length: of the clip in samples.

    Raises:
        AudioError: for another shape or type, an absurd rate, no samples, NaN or infinite values.

    >>> array_clip(np.array([[16384, 16384], [0, -16384]], np.int16), 8000, 8000, 4)
    array([ 0.  ,  0.5 , -0.25,  0.  ], dtype=float32)
    """
    waveform, rate = _mono(recording), _check_rate(rate, "recording")
    longest = max(1, round(length / sample_rate * rate))
    if waveform.size > longest:
        start = _most_energetic_start([waveform], longest)
        waveform = waveform[start : start + longest]
    return centre(resample(waveform, rate, sample_rate), length)


def centre(samples: Samples, length: int) -> Samples:
    """Return exactly so many samples: the middle of zeros, or the most energetic stretch.

    >>> centre(np.ones(2, np.float32), 5)
    array([0., 1., 1., 0., 0.], dtype=float32)
    """
    missing = length - samples.size
    if missing < 0:
        start = _most_energetic_start([samples], length)
        return samples[start : start + length]
    return np.pad(samples, (missing // 2, missing - missing // 2))


def _mono(recording: npt.ArrayLike) -> Samples:
    array = np.asarray(recording)
    if array.dtype.name not in _PCM and not np.issubdtype(array.dtype, np.floating):
        raise AudioError(
            f"expected samples of a floating-point type in [-1, 1] or of {', '.join(_PCM)}, got {array.dtype}"
        )
    if array.ndim not in (1, 2) or array.size == 0 or (array.ndim == 2 and min(array.shape) > _MAX_CHANNELS):
        raise AudioError(
            f"expected samples [N], [N, C] or [C, N] of at most {_MAX_CHANNELS} channels, got shape {array.shape}"
        )
    if array.ndim == 2:
        array = array.T if array.shape[0] < array.shape[1] else array
    zero, full_scale = _PCM.get(array.dtype.name, (0.0, 1.0))
    with np.errstate(over="ignore"):  # what overflows is refused below
        waveform = (array.astype(np.float32, order="C") - np.float32(zero)) * np.float32(1 / full_scale)
    return _finite(waveform if waveform.ndim == 1 else waveform.mean(axis=1), "the recording")


def _blocks(file: soundfile.SoundFile, path: str | Path, frames: int | None = None) -> Iterator[Samples]:
    """Yield mono blocks from where the file stands on: so many frames, or to its end."""
    wanted, done = file.frames if frames is None else frames, 0
    while done < wanted:
        block = file.read(min(wanted - done, round(_BLOCK_SECONDS * file.samplerate)), dtype="float32", always_2d=True)
        if len(block) == 0 and done == 0:
            raise AudioError(f"'{path}' is cut off: its header promises {wanted} samples; copy or record it again")
        if len(block) == 0:  # the length of an MP3 without a tag is an estimate
            return
        done += len(block)
        yield _finite(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1), f"'{path}'")


def _finite(samples: Samples, what: str) -> Samples:
    if not np.isfinite(samples).all():
        raise AudioError(f"{what}: some samples are NaN or infinite; repair or drop the recording")
    return samples


def _check_rate(rate: int, what: str) -> int:
    try:
        whole = operator.index(rate)
    except TypeError:
        whole = 0
    if not _MIN_RATE <= whole <= _MAX_RATE:
        raise AudioError(f"{what}: expected a sample rate from {_MIN_RATE} to {_MAX_RATE} Hz, got {rate!r}")
    return whole


def _most_energetic_start(blocks: Iterable[Samples], length: int) -> int:
    """Return where the first stretch of ``length`` samples with the most energy begins.

    Energies are differences of running sums in float64, continued from block to block.
    """
    best_energy, best_start, first = -1.0, 0, 0
    running = np.zeros(1)
    for block in blocks:
        energies = np.concatenate((running[-1:], np.square(block, dtype=np.float64)))
        running = np.concatenate((running, np.cumsum(energies)[1:]))
        stretches = running[length:] - running[:-length]
        if len(stretches):
            loudest = int(np.argmax(stretches))
            if stretches[loudest] > best_energy:
                best_energy, best_start = float(stretches[loudest]), first + loudest
            first += len(stretches)
            running = running[len(stretches) :]
    return best_start
