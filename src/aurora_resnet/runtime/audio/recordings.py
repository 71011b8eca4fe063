"""What a person may hand over as a recording: a path, a file object, bytes, samples in any usual form.

Each becomes a ``Recording``: so many mono samples at a rate, read in blocks or in part, so that a file of hours needs
no more memory than the part that is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import AudioError, ConfigError
from .reading import BLOCK_SECONDS, decode_audio, mono_blocks
from .sound_files import RawFormat, is_pipe, open_sound
from .waveform import Samples, check_sample_rate, mono_waveform

AnyRecording = Any
"""A path (``str`` or ``Path``); the bytes of a sound file, or a binary file object that holds one; samples ``[N]``,
``[N, C]`` or ``[C, N]`` as a NumPy array, a list or a torch tensor; or a mapping with ``array`` and ``sampling_rate``,
or with ``path`` or ``bytes``, as the library *datasets* has it."""


class Recording(Protocol):
    """Mono samples at a rate, wherever they are."""

    @property
    def sample_rate(self) -> int:
        """In Hz."""

    @property
    def frames(self) -> int:
        """Number of samples; of an MP3 without a length an estimate."""

    def blocks(self) -> Iterator[Samples]:
        """Yield all samples, block by block."""

    def read(self, start: int, frames: int) -> Samples:
        """Return the samples from ``start`` on, as many as asked for."""


@dataclass(frozen=True, eq=False)
class SamplesInMemory:
    """A waveform ``[N]`` at a rate in Hz."""

    samples: Samples = field(repr=False)
    sample_rate: int

    @property
    def frames(self) -> int:
        """Number of samples."""
        return len(self.samples)

    def blocks(self) -> Iterator[Samples]:
        """Yield the samples, in one block."""
        yield self.samples

    def read(self, start: int, frames: int) -> Samples:
        """Return a part."""
        return self.samples[start : start + frames]


@dataclass(frozen=True, eq=False)
class SoundFile:
    """A file whose header was read; its samples are read when they are asked for. ``open_file`` makes one."""

    path: Path
    sample_rate: int
    frames: int
    raw: RawFormat | None = None

    def blocks(self) -> Iterator[Samples]:
        """Yield all samples in blocks of some seconds."""
        with open_sound(self.path, self.raw) as file:
            yield from mono_blocks(file, self.path, 0, self.frames, BLOCK_SECONDS)

    def read(self, start: int, frames: int) -> Samples:
        """Return a part, shorter only where the length was an estimate."""
        with open_sound(self.path, self.raw) as file:
            return np.concatenate(list(mono_blocks(file, self.path, start, frames, BLOCK_SECONDS)))


def open_file(path: str | Path, raw: RawFormat | None = None) -> Recording:
    """Return a sound file as a ``Recording``; one that is no longer than a block is read now, the file opened once.

    Args:
        path: the file.
        raw: for headerless audio.

    Raises:
        AudioError: if the file is missing, no sound file, empty, cut off, or its rate is absurd.
    """
    path = Path(path)
    if raw is None and is_pipe(path):
        return SamplesInMemory(*decode_audio(path.read_bytes(), str(path)))
    with open_sound(path, raw) as file:
        rate, frames = int(file.samplerate), int(file.frames)
        if frames > BLOCK_SECONDS * rate:
            return SoundFile(path, rate, frames, raw)
        return SamplesInMemory(np.concatenate(list(mono_blocks(file, path, 0, frames))), rate)


def open_recording(recording: AnyRecording, sample_rate: float | None = None) -> Recording:
    """Return what a person handed over as a ``Recording``.

    Args:
        recording: see ``AnyRecording``. Samples of a floating-point type lie in [-1, 1]; int8, uint8, int16 and int32
            are scaled, channels are averaged.
        sample_rate: of samples in Hz; whatever states its own rate takes none.

    Raises:
        AudioError: if it cannot be used.
        ConfigError: for samples without a rate, or anything else with one.

    >>> open_recording(np.zeros((8000, 2), np.int16), 16000).frames
    8000
    >>> open_recording({"array": [0.0, 0.5], "sampling_rate": 8000}).read(1, 1)
    array([0.5], dtype=float32)
    """
    if isinstance(recording, Mapping):
        return _from_mapping(recording, sample_rate)
    if isinstance(recording, str | os.PathLike):
        _check_no_rate(sample_rate, f"the file {os.fspath(recording)!r}")
        return open_file(os.fspath(recording))
    if hasattr(recording, "read"):
        recording = recording.read()
        if not isinstance(recording, bytes):
            raise AudioError(f"expected a file opened for bytes ('rb'), reading it gave {type(recording).__name__}")
    if isinstance(recording, bytes | bytearray | memoryview):
        _check_no_rate(sample_rate, "a sound file in memory")
        return SamplesInMemory(*decode_audio(bytes(recording), "the sound file in memory"))
    if sample_rate is None:
        raise ConfigError("an array of samples needs sample_rate (Hz)")
    rate = check_sample_rate(sample_rate, "recording")
    return SamplesInMemory(mono_waveform(_in_memory(recording), "recording"), rate)


def _from_mapping(recording: Mapping[str, Any], sample_rate: float | None) -> Recording:
    if recording.get("array") is not None:
        rates = [rate for rate in (sample_rate, recording.get("sampling_rate")) if rate is not None]
        if len(set(rates)) > 1:
            raise ConfigError(f"the recording states sampling_rate {rates[1]}, sample_rate says {rates[0]}")
        return open_recording(recording["array"], rates[0] if rates else None)
    for key in ("bytes", "path"):
        if recording.get(key) is not None:
            return open_recording(recording[key], sample_rate)
    raise AudioError(
        "a recording given as a mapping has 'array' and 'sampling_rate', or 'bytes', or 'path'; "
        f"got the keys {', '.join(map(str, recording)) or 'none'}"
    )


def _check_no_rate(sample_rate: float | None, what: str) -> None:
    if sample_rate is not None:
        raise ConfigError(f"sample_rate is for arrays; {what} states its own")


def _in_memory(samples: Any) -> Any:
    """Return what NumPy can take; it knows no gradients, no other devices and no bfloat16."""
    if not hasattr(samples, "detach"):  # torch's tensors alone have it
        return samples
    here = samples.detach().cpu()
    return (here.float() if here.is_floating_point() else here).numpy()
