"""Sound files as libsndfile opens them, and the headers that are refused.

libsndfile (through soundfile) opens WAV, FLAC, Ogg and MP3, and headerless samples when their ``RawFormat`` is given.
"""

from __future__ import annotations

import io
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import soundfile

from ..errors import AudioError
from .encodings import Encoding, check_encoding, sample_bytes
from .waveform import check_sample_rate

_SUBTYPES = {"pcm16": "PCM_16", "mulaw": "ULAW", "alaw": "ALAW"}
# Programs that write WAV into a pipe cannot know its length and leave a number of this size in its place.
_WAV_LENGTH_UNKNOWN = 0x7FFFF000
_RATE_ERROR = 24  # libsndfile calls it "internal error: SF_INFO struct incomplete"
_FRAMES_UNKNOWN = 2**63 - 1  # what libsndfile reports for a FLAC header without a length
# libsndfile shortens a cut WAV silently, but notes it in its log.
_WAV_LENGTH_NOTE = re.compile(r"^data\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)


@dataclass(frozen=True)
class RawFormat:
    """How to read a headerless file of mono samples.

    Args:
        sample_rate: Hz.
        byte_order: ``"big"`` (the Aurora-2 CDs) or ``"little"``; of samples of 16 bits.
        encoding: ``"pcm16"``, ``"mulaw"`` or ``"alaw"``.

    Raises:
        AudioError: if the rate is absurd, or byte order or encoding have another name.

    >>> RawFormat(8000, "big")
    RawFormat(sample_rate=8000, byte_order='big', encoding='pcm16')
    """

    sample_rate: int
    byte_order: Literal["big", "little"] = "little"
    encoding: Encoding = "pcm16"

    def __post_init__(self) -> None:
        check_sample_rate(self.sample_rate, "RawFormat")
        if self.byte_order not in ("big", "little"):
            raise AudioError(f"RawFormat: byte_order must be 'big' or 'little', got {self.byte_order!r}")
        check_encoding(self.encoding)


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


def open_sound(path: Path, raw: RawFormat | None = None) -> soundfile.SoundFile:
    """Open a file and refuse what cannot be read to its end.

    Raises:
        AudioError: as ``audio_info``.
    """
    file = _open(path, raw)
    try:
        check_header(file, path)
    except AudioError:
        file.close()
        raise
    return file


def open_bytes(data: bytes, name: str) -> soundfile.SoundFile:
    """Open a sound file that is in memory.

    Raises:
        AudioError: if it is no sound file, empty or cut off.
    """
    if not data:
        raise AudioError(f"'{name}' is empty (0 bytes); record it again or drop it")
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"'{name}' cannot be read as WAV, FLAC, Ogg or MP3 ({reason(error)}); it is damaged or no sound file"
        ) from error
    check_header(file, name)
    return file


def _open(path: Path, raw: RawFormat | None) -> soundfile.SoundFile:
    if is_pipe(path):
        return open_bytes(path.read_bytes(), str(path))
    size = _size(path)
    if size == 0:
        raise AudioError(f"'{path}' is empty (0 bytes); record it again or drop it")
    try:
        if raw is None:
            return soundfile.SoundFile(os.fsencode(path))  # a name may be any bytes
        if size % sample_bytes(raw.encoding):
            raise AudioError(
                f"'{path}' has {size} bytes, but 16-bit PCM has two bytes a sample: it is cut off or not raw PCM"
            )
        return soundfile.SoundFile(
            os.fsencode(path),
            samplerate=raw.sample_rate,
            channels=1,
            format="RAW",
            subtype=_SUBTYPES[raw.encoding],
            endian=raw.byte_order.upper(),
        )
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name in .raw without its format
        raise AudioError(
            f"'{path}' cannot be read as WAV, FLAC, Ogg or MP3 ({reason(error)});"
            " it is damaged or no sound file; headerless PCM needs its RawFormat"
        ) from error


def is_pipe(path: Path) -> bool:
    """Tell whether a path is a named pipe, or a shell's ``<(...)``: what comes out of it can be read once."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _size(path: Path) -> int:
    try:
        status = path.stat()
    except (FileNotFoundError, ValueError):  # ValueError: a name with a zero byte
        raise AudioError(f"there is no file '{path}'; check the path") from None
    except OSError as error:
        raise AudioError(f"'{str(path)[:200]}' cannot be read ({error.strerror}); check the path") from None
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"'{path}' is a folder or device, expected a sound file")
    return status.st_size


def check_header(file: soundfile.SoundFile, path: str | Path) -> None:
    """Refuse a header that promises nothing, too much, or an absurd rate.

    Raises:
        AudioError: naming the file.
    """
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


def states_length(file: soundfile.SoundFile) -> bool:
    """Tell whether ``file.frames`` is a fact; of an MP3 without a Xing or Info tag it is an estimate.

    The tag stands in the first MPEG frame, behind its header of 4 bytes and at most 34 more; an ID3v2 tag may
    precede it, whose length is in bytes 6 to 9, seven bits each.
    """
    if file.format != "MP3":
        return True
    # The name of a file in memory is the object that it was opened from.
    source = file.name
    in_memory = isinstance(source, io.BytesIO)
    with io.BytesIO(source.getbuffer()) if in_memory else Path(os.fsdecode(source)).open("rb") as stream:
        head = stream.read(10)
        bits = (head[6] << 21) + (head[7] << 14) + (head[8] << 7) + head[9]
        stream.seek(10 + bits if head.startswith(b"ID3") else 0)
        frame = stream.read(42)
    return b"Xing" in frame or b"Info" in frame


def reason(error: Exception) -> str:
    """Return the cause alone, without the path that libsndfile puts before it."""
    if not isinstance(error, soundfile.LibsndfileError):
        return str(error)
    if error.code == _RATE_ERROR:
        return "the sample rate in its header is 0 or absurd"
    return str(error.error_string).rstrip(".")
