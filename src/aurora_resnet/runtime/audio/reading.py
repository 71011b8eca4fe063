"""A sound file becomes a mono waveform in [-1, 1].

libsndfile (through soundfile) reads WAV, FLAC, Ogg and MP3; headerless 16-bit PCM is read when its
``RawFormat`` is given. Files are read in blocks, so a file of hours needs no more memory than the part used.
Digital silence is valid audio everywhere in this module.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from aurora_resnet.runtime.audio.waveform import Samples, check_sample_rate, check_samples
from aurora_resnet.runtime.errors import AudioError

BLOCK_SECONDS = 10.0

# Programs that write WAV into a pipe cannot know its length and leave a number of this size in its place.
_WAV_LENGTH_UNKNOWN = 0x7FFFF000
_RATE_ERROR = 24  # libsndfile calls it "internal error: SF_INFO struct incomplete"
_FRAMES_UNKNOWN = 2**63 - 1  # what libsndfile reports for a FLAC header without a length
# libsndfile shortens a cut WAV silently, but notes it in its log.
_WAV_LENGTH_NOTE = re.compile(r"^data\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)


@dataclass(frozen=True)
class RawFormat:
    """How to read a headerless file of 16-bit mono PCM.

    Args:
        sample_rate: Hz.
        byte_order: ``"big"`` (the Aurora-2 CDs) or ``"little"``.

    Raises:
        AudioError: if the rate is absurd or the byte order has another name.

    >>> RawFormat(8000, "big")
    RawFormat(sample_rate=8000, byte_order='big')
    """

    sample_rate: int
    byte_order: Literal["big", "little"]

    def __post_init__(self) -> None:
        check_sample_rate(self.sample_rate, "RawFormat")
        if self.byte_order not in ("big", "little"):
            raise AudioError(f"RawFormat: byte_order must be 'big' or 'little', got {self.byte_order!r}")


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a sound file says: rate in Hz, frames (samples per channel), channels.

    >>> AudioInfo(Path("a.wav"), sample_rate=8000, frames=4000, channels=1).seconds
    0.5
    """

    path: Path
    sample_rate: int
    frames: int
    channels: int

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.frames / self.sample_rate


def audio_info(path: str | Path, raw: RawFormat | None = None) -> AudioInfo:
    """Read the header of a sound file (of a headerless one: its size).

    The length of an MP3 without a Xing or Info tag is an estimate.

    Args:
        path: the file.
        raw: for headerless PCM.

    Raises:
        AudioError: if the file is missing, no sound file, empty, cut off, or its rate is absurd.

    >>> import tempfile
    >>> from aurora_resnet.audio.writing import write_audio
    >>> file = Path(tempfile.mkdtemp()) / "a.wav"
    >>> write_audio(file, np.zeros(4000, dtype=np.float32), 8000)
    >>> audio_info(file).frames
    4000
    """
    with _opened(path, raw) as file:
        return AudioInfo(Path(path), file.samplerate, file.frames, file.channels)


def read_audio(
    path: str | Path,
    *,
    raw: RawFormat | None = None,
    start_seconds: float = 0.0,
    duration_seconds: float | None = None,
) -> tuple[Samples, int]:
    """Read a sound file, or a part of it, as mono float32; channels are averaged.

    Integer formats give values in [-1, 1); float and lossy formats may go beyond. Silence is allowed.
    Ogg (and MP3 without a Xing or Info tag) states no length: a cut file is read as far as it goes.

    Args:
        path: the file.
        raw: for headerless PCM.
        start_seconds: where to begin, at least 0 and before the end.
        duration_seconds: how much to read, above 0; ``None`` or more than there is: to the end.

    Returns:
        The waveform, shape ``[N]``, and its rate in Hz.

    Raises:
        AudioError: as ``audio_info``; also for damaged data, NaN or infinite samples, a part outside the
            file, or more samples than fit in memory.

    >>> import tempfile
    >>> from aurora_resnet.audio.writing import write_audio
    >>> file = Path(tempfile.mkdtemp()) / "a.wav"
    >>> write_audio(file, np.linspace(0, 0.5, 8000), 8000)
    >>> samples, rate = read_audio(file, start_seconds=0.5, duration_seconds=0.25)
    >>> samples.shape, rate
    ((2000,), 8000)
    """
    with _opened(path, raw) as file:
        rate = file.samplerate
        if not 0 <= start_seconds * rate < file.frames - 0.5:
            raise AudioError(
                f"'{path}': start_seconds must lie from 0 to before the end at {file.frames / rate:.3f},"
                f" got {start_seconds}"
            )
        start = round(start_seconds * rate)
        frames = file.frames - start
        if duration_seconds is not None:
            if not duration_seconds > 0:
                raise AudioError(f"'{path}': duration_seconds must be above 0, got {duration_seconds}")
            frames = max(1, round(min(frames, duration_seconds * rate)))
        try:
            samples = np.empty(frames, dtype=np.float32)
        except MemoryError:
            raise AudioError(
                f"'{path}': its {frames} samples do not fit in memory; read a part with duration_seconds"
            ) from None
        done = 0
        for block in _blocks(file, path, start, frames, BLOCK_SECONDS):
            samples[done : done + len(block)] = block
            done += len(block)
    return samples[:done], rate


def decode_audio(data: bytes, name: str) -> tuple[Samples, int]:
    """Read a sound file that is in memory, such as one that came through a pipe, as ``read_audio`` reads a file.

    Args:
        data: the whole file: WAV, FLAC, Ogg or MP3.
        name: what the errors call it.

    Returns:
        The waveform, shape ``[N]``, and its rate in Hz.

    Raises:
        AudioError: as ``read_audio``.

    >>> decode_audio(b"no sound", "standard input")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.AudioError: 'standard input' cannot be read as WAV, FLAC, Ogg or MP3 (Format not recognised)...
    """
    if not data:
        raise AudioError(f"'{name}' is empty (0 bytes); record it again or drop it")
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"'{name}' cannot be read as WAV, FLAC, Ogg or MP3 ({_reason(error)}); it is damaged or no sound file"
        ) from error
    with file:
        _check_header(file, name)
        blocks = list(_blocks(file, name, 0, file.frames, BLOCK_SECONDS))
        return np.concatenate(blocks), file.samplerate


def iterate_blocks(
    path: str | Path, *, raw: RawFormat | None = None, block_seconds: float = BLOCK_SECONDS
) -> Iterator[Samples]:
    """Yield a sound file as consecutive mono blocks; the last one may be shorter.

    Errors (those of ``read_audio``) come when the block that they concern is asked for.

    Args:
        path: the file.
        raw: for headerless PCM.
        block_seconds: length of a block, above 0.

    >>> import tempfile
    >>> from aurora_resnet.audio.writing import write_audio
    >>> file = Path(tempfile.mkdtemp()) / "a.wav"
    >>> write_audio(file, np.zeros(5000), 8000)
    >>> [len(block) for block in iterate_blocks(file, block_seconds=0.25)]
    [2000, 2000, 1000]
    """
    if not 0 < block_seconds < float("inf"):
        raise AudioError(f"'{path}': block_seconds must be a number above 0, got {block_seconds}")
    with _opened(path, raw) as file:
        yield from _blocks(file, path, 0, file.frames, block_seconds)


@contextmanager
def _opened(path: str | Path, raw: RawFormat | None) -> Iterator[soundfile.SoundFile]:
    """Open a sound file and refuse what cannot be read to its end."""
    with _open(Path(path), raw) as file:
        _check_header(file, path)
        yield file


def _check_header(file: soundfile.SoundFile, path: str | Path) -> None:
    check_sample_rate(file.samplerate, f"'{path}'")
    if file.frames == 0:
        raise AudioError(f"'{path}' holds no samples (or lost its end); record it again or drop it")
    if file.frames == _FRAMES_UNKNOWN:
        raise AudioError(f"'{path}' does not say how long it is; write it again to a file, not into a pipe")
    note = _WAV_LENGTH_NOTE.search(file.extra_info) if file.format in ("WAV", "WAVEX") else None
    if note is not None:
        promised, present = (int(n) for n in note.groups())
        if present < promised < _WAV_LENGTH_UNKNOWN:
            raise AudioError(
                f"'{path}' is cut off: its header promises {promised} bytes of samples,"
                f" {present} are there; copy or record it again"
            )


def _open(path: Path, raw: RawFormat | None) -> soundfile.SoundFile:
    if not path.exists():
        raise AudioError(f"there is no file '{path}'; check the path")
    if not path.is_file():
        raise AudioError(f"'{path}' is a folder or device, expected a sound file")
    size = path.stat().st_size
    if size == 0:
        raise AudioError(f"'{path}' is empty (0 bytes); record it again or drop it")
    try:
        if raw is None:
            return soundfile.SoundFile(path)
        if size % 2:
            raise AudioError(
                f"'{path}' has {size} bytes, but 16-bit PCM has two bytes a sample: it is cut off or not raw PCM"
            )
        return soundfile.SoundFile(
            path,
            samplerate=raw.sample_rate,
            channels=1,
            format="RAW",
            subtype="PCM_16",
            endian=raw.byte_order.upper(),
        )
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name in .raw without its format
        raise AudioError(
            f"'{path}' cannot be read as WAV, FLAC, Ogg or MP3 ({_reason(error)});"
            " it is damaged or no sound file; headerless PCM needs its RawFormat"
        ) from error


def _blocks(
    file: soundfile.SoundFile, path: str | Path, start: int, frames: int, block_seconds: float
) -> Iterator[Samples]:
    """Yield ``frames`` frames from ``start`` on as mono blocks, fewer only if the length was an estimate."""
    block_frames = max(1, round(block_seconds * file.samplerate))
    done = 0
    try:
        if start:
            file.seek(start)
        while done < frames:
            wanted = min(block_frames, frames - done)
            block = file.read(wanted, dtype="float32", always_2d=True)
            done += len(block)
            if len(block) < wanted and (done == 0 or _states_length(file)):
                raise AudioError(
                    f"'{path}' is cut off: its header promises {file.frames} samples,"
                    f" {start + done} are there; copy or record it again"
                )
            if len(block) > 0:
                yield check_samples(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1), f"'{path}'")
            if len(block) < wanted:
                return
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"'{path}' is damaged or cut off near sample {start + done} of {file.frames} ({_reason(error)});"
            " copy or record it again"
        ) from error


def _states_length(file: soundfile.SoundFile) -> bool:
    """Tell whether ``file.frames`` is a fact; of an MP3 without a Xing or Info tag it is an estimate.

    The tag stands in the first MPEG frame, behind its header of 4 bytes and at most 34 more; an ID3v2 tag may
    precede it, whose length is in bytes 6 to 9, seven bits each.
    """
    if file.format != "MP3":
        return True
    # The name of a file in memory is the object that it was opened from.
    source = file.name
    with io.BytesIO(source.getbuffer()) if isinstance(source, io.BytesIO) else Path(source).open("rb") as stream:
        head = stream.read(10)
        bits = (head[6] << 21) + (head[7] << 14) + (head[8] << 7) + head[9]
        stream.seek(10 + bits if head.startswith(b"ID3") else 0)
        frame = stream.read(42)
    return b"Xing" in frame or b"Info" in frame


def _reason(error: Exception) -> str:
    """Return the cause alone, without the path that libsndfile puts before it."""
    if not isinstance(error, soundfile.LibsndfileError):
        return str(error)
    if error.code == _RATE_ERROR:
        return "the sample rate in its header is 0 or absurd"
    return str(error.error_string).rstrip(".")
