"""A sound file becomes a mono waveform in [-1, 1], whole or in blocks.

Files are read in blocks, so a file of hours needs no more memory than the part used. Digital silence is valid audio.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from ..errors import AudioError
from .media_files import MediaFile
from .mono import Downmix, step_frames
from .sound_files import RawFormat, SoundSource, open_sound, reason, states_length
from .waveform import Samples, check_range

BLOCK_SECONDS = 10.0
#: Most samples of all channels that are decoded at once, 4 MB.
BLOCK_VALUES = 1 << 20


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
    """A file whose header was read; its samples are read when they are asked for.

    Attributes:
        source: the file.
        sample_rate: Hz.
        frames: samples of each channel; of an MP3 without a Xing or Info tag an estimate.
        raw: of headerless audio.
    """

    source: SoundSource
    sample_rate: int
    frames: int
    raw: RawFormat | None = None

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.frames / self.sample_rate

    def blocks(self, seconds: float = BLOCK_SECONDS) -> Iterator[Samples]:
        """Yield all samples as consecutive mono blocks; the last one may be shorter.

        Errors (those of ``read_audio``) come when the block that they concern is asked for.

        Args:
            seconds: length of a block, above 0; less where many channels or a high rate would take much memory, and
                whole steps of 0.1 s where several channels become one.
        """
        with open_sound(self.source, self.raw, frames=self.frames) as file:
            yield from mono_blocks(file, self.source, 0, self.frames, seconds)

    def read(self, start: int, frames: int) -> Samples:
        """Return a part, shorter only where the length was an estimate; ``AudioError`` if memory does not hold it."""
        with open_sound(self.source, self.raw, frames=self.frames) as file:
            return _read(file, self.source, start, frames)


def open_file(path: str | SoundSource, raw: RawFormat | None = None) -> Recording:
    """Return a sound file as a ``Recording``; one that is no longer than 10 s is read now, the file opened once.

    It must be a regular file: what comes out of a pipe, ``sound_source`` takes.

    Args:
        path: the file, or one that is in memory.
        raw: for headerless audio.

    Raises:
        AudioError: if the file is missing, no sound file, empty, cut off, or its rate is absurd.
    """
    source = Path(path) if isinstance(path, str) else path
    with open_sound(source, raw) as file:
        rate, frames = int(file.samplerate), int(file.frames)
        if frames > BLOCK_SECONDS * rate:
            return SoundFile(source, rate, frames, raw)
        return SamplesInMemory(_read(file, source, 0, frames), rate)


def audio_info(path: str | Path) -> SoundFile:
    """Read the header of a sound file.

    Raises:
        AudioError: if the file is missing, no sound file, empty, cut off, or its rate is absurd.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.wav"
    >>> soundfile.write(file, np.zeros(4000), 8000)
    >>> audio_info(file).seconds, [len(block) for block in audio_info(file).blocks(0.2)]
    (0.5, [1600, 1600, 800])
    """
    with open_sound(Path(path)) as file:
        return SoundFile(Path(path), int(file.samplerate), int(file.frames))


def read_audio(
    path: str | SoundSource,
    *,
    raw: RawFormat | None = None,
    start_seconds: float = 0.0,
    duration_seconds: float | None = None,
) -> tuple[Samples, int]:
    """Read a sound file, or a part of it, as mono float32; of several channels ``mono`` makes one.

    Integer formats give values in [-1, 1); float and lossy formats may go beyond. Silence is allowed.
    Ogg, WebM and AMR (and MP3 without a Xing or Info tag) state no length: a cut file is read as far as it goes.

    Args:
        path: the file, or one that is in memory, such as one that came through a pipe.
        raw: for headerless PCM.
        start_seconds: where to begin, at least 0 and before the end.
        duration_seconds: how much to read, above 0; ``None`` or more than there is: to the end.

    Returns:
        The waveform, shape ``[N]``, and its rate in Hz.

    Raises:
        AudioError: as ``audio_info``; also for damaged data, NaN or infinite samples, a part outside the file, or more
            samples than fit in memory.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.wav"
    >>> soundfile.write(file, np.linspace(0, 0.5, 8000), 8000)
    >>> samples, rate = read_audio(file, start_seconds=0.5, duration_seconds=0.25)
    >>> samples.shape, rate
    ((2000,), 8000)
    >>> from aurora_resnet.runtime.audio.sound_files import SoundBytes
    >>> read_audio(SoundBytes(b"no sound", "standard input"))
    Traceback (most recent call last):
    aurora_resnet...errors.AudioError: 'standard input' cannot be read as WAV, FLAC, Ogg or MP3 (Format ...
    """
    file = open_file(path, raw)
    rate, most = file.sample_rate, file.frames
    if not 0 <= start_seconds * rate < most - 0.5:
        raise AudioError(
            f"'{path}': start_seconds must lie from 0 to before the end at {most / rate:.3f}, got {start_seconds}"
        )
    if duration_seconds is not None and not duration_seconds > 0:
        raise AudioError(f"'{path}': duration_seconds must be above 0, got {duration_seconds}")
    start = round(start_seconds * rate)
    frames = most - start if duration_seconds is None else max(1, round(min(most - start, duration_seconds * rate)))
    return file.read(start, frames), rate


def _read(file: soundfile.SoundFile | MediaFile, source: SoundSource, start: int, frames: int) -> Samples:
    """Return a part of an open file."""
    try:
        samples, done = np.empty(frames, np.float32), 0
    except MemoryError:
        raise AudioError(
            f"'{source}': its {frames} samples do not fit in memory; read a part with duration_seconds"
        ) from None
    for block in mono_blocks(file, source, start, frames):
        samples[done : done + len(block)] = block
        done += len(block)
    return samples[:done]


def mono_blocks(
    file: soundfile.SoundFile | MediaFile,
    path: SoundSource,
    start: int,
    frames: int,
    block_seconds: float = BLOCK_SECONDS,
) -> Iterator[Samples]:
    """Yield ``frames`` frames from ``start`` on as mono blocks, fewer only if the length was an estimate.

    Several channels are decoded from the beginning of the file on, since their signs are decided by what came before,
    and so is what cannot be moved about in.

    Raises:
        AudioError: for damaged or missing data, samples that are NaN, infinite or beyond 100.
    """
    block_frames = max(1, min(round(block_seconds * file.samplerate), BLOCK_VALUES // file.channels))
    first, end = start if file.seekable() else 0, start + frames
    if file.channels > 1:
        step = step_frames(file.samplerate)
        block_frames = max(1, block_frames // step) * step
        first, end = 0, min(-(-end // step) * step, file.frames)
    downmix = Downmix(file.channels, file.samplerate)
    at = first
    try:
        if first and not isinstance(file, MediaFile):
            file.seek(first)
        while at < end:
            wanted = min(block_frames, end - at)
            block = file.read(wanted, dtype="float32", always_2d=True)
            if len(block) < wanted and (at + len(block) == first or states_length(file)):
                raise AudioError(
                    f"'{path}' is cut off: its header promises {file.frames} samples,"
                    f" {at + len(block)} are there; copy or record it again"
                )
            if len(block) > 0:
                check_range(block, f"'{path}'")
                mixed = downmix.mix(block)[max(0, start - at) : start + frames - at]
                if len(mixed) > 0:
                    yield mixed
            at += len(block)
            if len(block) < wanted:
                return
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"'{path}' is damaged or cut off near sample {at} of {file.frames} ({reason(error)});"
            " copy or record it again"
        ) from error
