"""Sound files as libsndfile opens them, and the headers that are refused.

libsndfile (through soundfile) opens WAV, FLAC, Ogg and MP3, and headerless samples when their ``RawFormat`` is given;
what telephones and browsers record (``media_files``) PyAV opens. Only regular files are opened: the bytes of a
named pipe, which is no recording where it lies in a folder, ``sound_source`` takes.
"""

import io
import math
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import soundfile

from ..errors import AudioError, MissingDependencyError
from .encodings import SUBTYPES, Encoding, check_encoding, sample_bytes
from .kinds import may_be_headerless
from .media_files import MediaFile, NoMediaError
from .mpeg import is_mpeg, states_frames
from .wav_headers import data_bytes, read_header
from .waveform import MAX_CHANNELS, check_sample_rate

_RATE_ERROR = 24  # libsndfile calls it "internal error: SF_INFO struct incomplete"
_FRAMES_UNKNOWN = 2**63 - 1  # what libsndfile reports for a FLAC header without a length


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

    def options(self) -> dict[str, Any]:
        """Return what soundfile has to be told."""
        form = {"format": "RAW", "subtype": SUBTYPES[self.encoding], "endian": self.byte_order.upper()}
        return {"samplerate": int(self.sample_rate), "channels": 1, **form}


@dataclass(frozen=True)
class SoundBytes:
    """A sound file that is in memory, such as one that came through a pipe.

    Attributes:
        data: the whole file.
        name: what errors call it.
        headerless: how samples without a header are given instead, for the error where it is neither.
    """

    data: bytes = field(repr=False)
    name: str
    headerless: str = ""

    def __str__(self) -> str:
        return self.name


SoundSource = Path | SoundBytes


def sound_source(path: str | SoundSource) -> SoundSource:
    """Return what is to be opened; what comes out of a named pipe, or a shell's ``<(...)``, can be read once only."""
    source = Path(path) if isinstance(path, str) else path
    return SoundBytes(source.read_bytes(), str(source)) if isinstance(source, Path) and is_pipe(source) else source


def is_pipe(path: Path) -> bool:
    """Tell whether a path is a named pipe."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def open_sound(
    source: SoundSource, raw: RawFormat | None = None, *, frames: int | None = None, most_seconds: float = math.inf
) -> soundfile.SoundFile | MediaFile:
    """Open a file, on the disk or in memory, and refuse what cannot be read to its end.

    Args:
        source: the file.
        raw: for headerless samples.
        frames: its length, if it was open before; what does not state it is not counted again.
        most_seconds: where counting may stop, if nothing longer is wanted.

    Raises:
        AudioError: as ``audio_info``.
    """
    size = len(source.data) if isinstance(source, SoundBytes) else _size(source)
    if size == 0:
        raise AudioError(f"'{source}' is empty (0 bytes); record it again or drop it")
    if raw is not None and size % sample_bytes(raw.encoding):
        raise AudioError(
            f"'{source}' has {size} bytes, but 16-bit PCM has two bytes a sample: it is cut off or not raw PCM"
        )
    file: soundfile.SoundFile | MediaFile
    try:
        opened = os.fsencode(source) if isinstance(source, Path) else io.BytesIO(source.data)
        options = {} if raw is None else raw.options()
        file = soundfile.SoundFile(opened if raw is not None else _checked(source, opened, size), **options)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: a name in .raw without its format
        file = _other_kind(source, reason(error), frames=frames, most_seconds=most_seconds)
    try:
        check_header(file, source)
    except AudioError:
        file.close()
        raise
    return file


def _checked(source: SoundSource, opened: Any, size: int) -> Any:
    """Return what soundfile is to open: the file, or one in memory whose header states its true length.

    Raises:
        AudioError: if the file cannot be opened, or the length in its header is wrong.
        TypeError: if it begins like an MP3 without being one.
    """
    try:
        stream: BinaryIO = source.open("rb") if isinstance(source, Path) else io.BytesIO(source.data)
    except OSError as error:
        raise AudioError(f"'{source}' cannot be opened ({error.strerror}); check its permissions") from None
    with stream:
        header = read_header(stream.read)
        if header is not None:
            length = data_bytes(stream, header, size)
            if isinstance(length, str):
                raise AudioError(f"'{source}': {length}")
            if header.data_length == 0 < length:  # libsndfile takes all other placeholders for what they are
                stream.seek(0)
                data = bytearray(stream.read())
                data[header.data_start - 4 : header.data_start] = b"\xff" * 4
                return io.BytesIO(data)
        elif not is_mpeg(stream):
            raise TypeError("it begins like an MP3, but does not go on like one")
    return opened


def _other_kind(source: SoundSource, problem: str, **limits: Any) -> MediaFile:
    """Return a file that libsndfile refused, opened by PyAV.

    Raises:
        AudioError: if PyAV knows it no more, or is not installed.
    """
    hint = _raw_hint(source)
    try:
        return MediaFile(source, **limits)
    except NoMediaError:
        hint = f"it is damaged or no sound file{hint}"
    except MissingDependencyError as error:
        hint = f"it is damaged or no sound file{hint}; {error}"
    raise AudioError(f"'{source}' cannot be read as WAV, FLAC, Ogg or MP3 ({problem}); {hint}")


def _raw_hint(source: SoundSource) -> str:
    """Return how headerless samples are given, if the file may be such."""
    with io.BytesIO(source.data) if isinstance(source, SoundBytes) else source.open("rb") as stream:
        if not may_be_headerless(stream.read(64)):
            return ""
    hint = source.headerless if isinstance(source, SoundBytes) else "headerless PCM needs its RawFormat"
    return hint and f"; {hint}"


def _size(path: Path) -> int:
    try:
        status = path.stat()
    except (FileNotFoundError, ValueError):  # ValueError: a name with a zero byte
        if "\0" not in str(path) and path.is_symlink():
            raise AudioError(f"'{path}' is a link to something that is not there") from None
        raise AudioError(f"there is no file '{path}'; check the path") from None
    except OSError as error:
        raise AudioError(f"'{str(path)[:200]}' cannot be read ({error.strerror}); check the path") from None
    if not stat.S_ISREG(status.st_mode):
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "pipe, a socket or a device"
        raise AudioError(f"'{path}' is no regular file but a {kind}; expected a sound file")
    return status.st_size


def check_header(file: soundfile.SoundFile | MediaFile, path: SoundSource) -> None:
    """Refuse a header that promises nothing, too much, or an absurd rate.

    Raises:
        AudioError: naming the file.
    """
    check_sample_rate(file.samplerate, f"'{path}'")
    if file.channels > MAX_CHANNELS:
        raise AudioError(
            f"'{path}' has {file.channels} channels, expected at most {MAX_CHANNELS}; keep those with speech"
        )
    if file.frames == 0:
        raise AudioError(f"'{path}' holds no samples (or lost its end); record it again or drop it")
    if file.frames == _FRAMES_UNKNOWN:
        raise AudioError(f"'{path}' does not say how long it is; write it again to a file, not into a pipe")


def states_length(file: soundfile.SoundFile | MediaFile) -> bool:
    """Tell whether ``file.frames`` is a fact.

    Of an MP3 without a Xing or Info tag it is an estimate; of MP3 in WAV it counts what the decoder leaves out.
    """
    if isinstance(file, MediaFile):
        return True
    if file.format != "MP3":
        return not file.subtype.startswith("MPEG")
    # The name of a file in memory is the object that it was opened from.
    source = file.name
    in_memory = isinstance(source, io.BytesIO)
    with io.BytesIO(source.getbuffer()) if in_memory else Path(os.fsdecode(source)).open("rb") as stream:
        return states_frames(stream)


def reason(error: Exception) -> str:
    """Return the cause alone, without the path that libsndfile puts before it."""
    if not isinstance(error, soundfile.LibsndfileError):
        return str(error)
    if error.code == _RATE_ERROR:
        return "the sample rate in its header is 0 or absurd"
    return str(error.error_string).rstrip(".")
