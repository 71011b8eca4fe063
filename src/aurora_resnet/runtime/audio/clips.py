"""A recording becomes a clip: shorter ones are centred and padded, longer ones cut to their loudest stretch.

The energy of every stretch of ``L`` samples is a difference of two running sums,
``E[i] = C[i + L] - C[i]`` with ``C[i] = x[0]^2 + ... + x[i - 1]^2`` in float64. ``C`` is continued from block
to block by the same additions, so a file read in blocks gives the very stretch that the whole array gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aurora_resnet.runtime.audio.reading import RawFormat, audio_info, iterate_blocks, read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples, check_sample_rate, check_samples
from aurora_resnet.runtime.errors import AudioError


def fit_length(samples: npt.ArrayLike, length: int) -> Samples:
    """Return a copy of exactly ``length`` samples.

    A shorter waveform is centred between zeros (an odd zero goes to the right), a longer one is cut to its
    most energetic stretch. Silence is allowed and stays silence.

    Args:
        samples: the waveform, shape ``[N]``.
        length: number of samples wanted, at least 1.

    Raises:
        AudioError: if the samples are unusable or the length is below 1.

    >>> fit_length([1.0, 1.0], 5)
    array([0., 1., 1., 0., 0.], dtype=float32)
    >>> fit_length([0.0, 0.1, 0.9, 0.3, 0.0], 2)
    array([0.9, 0.3], dtype=float32)
    """
    waveform = check_samples(samples, "fit_length")
    missing = _check_length(length) - len(waveform)
    if missing <= 0:
        start = most_energetic_start(waveform, length)
        return waveform[start : start + length].copy()
    left = missing // 2
    return np.pad(waveform, (left, missing - left))


def most_energetic_start(samples: npt.ArrayLike, length: int) -> int:
    """Return where the stretch of ``length`` samples with the most energy begins; the first one of equals.

    In silence all stretches are equal, so it begins at 0.

    Args:
        samples: the waveform, shape ``[N]``.
        length: number of samples, from 1 to ``N``.

    Raises:
        AudioError: if the samples are unusable or the length does not lie from 1 to ``N``.

    >>> most_energetic_start([0.0, 0.1, 0.9, 0.3, 0.0], 2)
    2
    """
    waveform = check_samples(samples, "most_energetic_start")
    if _check_length(length) > len(waveform):
        raise AudioError(f"a stretch of {length} samples was asked for, the waveform has {len(waveform)}")
    return _most_energetic_start([waveform], length)


def read_clip(path: str | Path, sample_rate: int, clip_seconds: float, *, raw: RawFormat | None = None) -> Samples:
    """Read the most energetic ``clip_seconds`` of a file, or all of a shorter one, at a given rate.

    A file that is longer than the clip is read twice, block by block: once to find the stretch, then the
    stretch alone. Memory holds the clip and a block, however long the file is. Silence is allowed: the clip
    is then the file's first ``clip_seconds``.

    Args:
        path: the file.
        sample_rate: Hz of the returned waveform.
        clip_seconds: length of the clip, above 0; infinity reads the whole file.
        raw: for headerless PCM.

    Returns:
        The waveform; ``fit_length`` gives it its exact length.

    Raises:
        AudioError: as ``read_audio``; or if the rate or the length is absurd.

    >>> import tempfile
    >>> from aurora_resnet.audio.writing import write_audio
    >>> file = Path(tempfile.mkdtemp()) / "a.wav"
    >>> write_audio(file, np.repeat([0.0, 0.5, 0.0], 8000), 8000)
    >>> clip = read_clip(file, 8000, 1.0)
    >>> clip.shape, float(clip.min()), float(clip.max())
    ((8000,), 0.5, 0.5)
    """
    check_sample_rate(sample_rate, "read_clip")
    if not clip_seconds > 0:
        raise AudioError(f"read_clip: clip_seconds must be a number above 0, got {clip_seconds}")
    info = audio_info(path, raw)
    length = max(1, round(min(clip_seconds * info.sample_rate, info.frames)))
    if length == info.frames:
        samples, rate = read_audio(path, raw=raw)
    else:
        start = _most_energetic_start(iterate_blocks(path, raw=raw), length)
        samples, rate = read_audio(
            path,
            raw=raw,
            start_seconds=start / info.sample_rate,
            duration_seconds=length / info.sample_rate,
        )
    return resample(samples, rate, sample_rate)


def _check_length(length: int) -> int:
    if length < 1:
        raise AudioError(f"the length of a clip must be at least 1 sample, got {length}")
    return length


def _most_energetic_start(blocks: Iterable[Samples], length: int) -> int:
    """Return the start of the first stretch with the most energy in at least ``length`` samples."""
    best_energy, best_start = -1.0, 0
    running = np.zeros(1)  # C[first], C[first + 1], ...
    first = 0
    for block in blocks:
        energies = np.concatenate((running[-1:], np.square(block, dtype=np.float64)))
        running = np.concatenate((running, np.cumsum(energies)[1:]))
        stretches = running[length:] - running[:-length]  # E[first], E[first + 1], ...
        if len(stretches):
            loudest = int(np.argmax(stretches))
            if stretches[loudest] > best_energy:
                best_energy, best_start = float(stretches[loudest]), first + loudest
            first += len(stretches)
            running = running[len(stretches) :]
    return best_start
