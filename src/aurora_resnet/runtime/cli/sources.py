"""What ``listen`` reads: a file, a pipe, the microphone; each as a rate and chunks of samples."""

import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..audio.encodings import Encoding, decode_samples, sample_bytes
from ..audio.mono import Downmix
from ..audio.reading import audio_info
from ..audio.sound_files import is_pipe
from ..audio.wav_headers import LENGTH_UNKNOWN, PCM, WavHeader, bytes_left, read_header
from ..errors import AudioError, AuroraError, ConfigError, MissingDependencyError
from .terminal import tell

PIPE = "-"
CHUNK_SECONDS = 0.1

Chunks = Iterator[npt.NDArray[Any]]


def open_source(
    file: str | None, device: str | None, rate: int | None, encoding: Encoding | None
) -> tuple[int, Chunks]:
    """Return the rate of the input, and its chunks.

    Args:
        file: path of a sound file or of a pipe, ``-`` for the standard input, ``None`` for the microphone.
        device: number or part of the name of the microphone.
        rate: Hz of headerless samples in a pipe.
        encoding: of them, 16-bit PCM if not given.

    Raises:
        ConfigError: for options that do not go together, or no such microphone.
        AudioError: if there is nothing to read.
        MissingDependencyError: for the microphone without sounddevice.
    """
    if device is not None and file is not None:
        raise ConfigError(f"--device is for the microphone; leave it out to read '{file}'")
    pipe = file is not None and (file == PIPE or is_pipe(Path(file)))
    if (rate is not None or encoding is not None) and not pipe:
        raise ConfigError("--rate and --encoding are for headerless samples on standard input; give - as the file")
    if file is None:
        return _microphone(device)
    if file == PIPE:
        return _from_pipe(cast(BufferedReader, sys.stdin.buffer), "standard input", rate, encoding)
    if pipe:
        stream = Path(file).open("rb")  # noqa: SIM115  # closed when it was read to its end
        try:
            found, chunks = _from_pipe(stream, f"'{file}'", rate, encoding)
        except AuroraError:
            stream.close()
            raise
        return found, _closing(stream, chunks)
    sound = audio_info(file)
    return sound.sample_rate, sound.blocks(CHUNK_SECONDS)


def _closing(stream: BufferedReader, chunks: Chunks) -> Chunks:
    with stream:
        yield from chunks


def _from_pipe(stream: BufferedReader, name: str, rate: int | None, encoding: Encoding | None) -> tuple[int, Chunks]:
    """Read a WAV stream or headerless samples as they come."""
    beginning = stream.peek(4)[:4]
    if rate is not None:
        if beginning == b"RIFF":
            raise ConfigError(f"{name} is a WAV stream, which states its own rate; leave --rate out")
        return rate, _raw_chunks(stream, rate, encoding or "pcm16")
    if encoding is not None:
        raise ConfigError(f"headerless samples need --rate too, as in --encoding {encoding} --rate 8000")
    if not beginning:
        raise AudioError(f"{name} is empty (0 bytes); expected WAV, or headerless samples and --rate")
    if beginning != b"RIFF":
        raise AudioError(
            f"{name} is no WAV stream; headerless 16-bit little-endian mono samples need --rate, other formats a file"
        )
    header = read_header(stream.read)
    if header is None or header.encoding != PCM or not header.channels:
        raise AudioError(f"{name} cannot be read as PCM WAV; save it to a file")
    if header.bits != 16:
        raise AudioError(f"{name}: expected WAV of 16 bits, got {header.bits}; save it to a file")
    return header.sample_rate, _wav_chunks(stream, header, name)


def _wav_chunks(stream: BufferedReader, header: WavHeader, name: str) -> Chunks:
    width = 2 * header.channels
    size = width * max(1, round(CHUNK_SECONDS * header.sample_rate))
    promised = header.data_length if 0 < header.data_length < LENGTH_UNKNOWN else None
    downmix, came = Downmix(header.channels, header.sample_rate), 0
    while data := stream.read(size if promised is None else min(size, promised - came)):
        whole = data[: len(data) // width * width]  # a stream that was cut off
        came += len(data)
        yield downmix.mix(decode_samples(whole, "pcm16").reshape(-1, header.channels))
    if promised is not None and came < promised:
        tell(f"{name} is cut off: its header promises {promised} bytes of samples, {came} came")
    elif promised is not None and (rest := bytes_left(stream)):
        tell(
            f"{name}: its header promises {promised} bytes of samples, and {rest} more came that are no chunk of a WAV "
            "file; they were not read"
        )


def _raw_chunks(stream: BufferedReader, rate: int, encoding: Encoding) -> Chunks:
    width = sample_bytes(encoding)
    size = width * max(1, round(CHUNK_SECONDS * rate))
    rest = b""
    while data := stream.read1(size):
        data = rest + data
        whole = len(data) // width * width
        rest = data[whole:]
        yield decode_samples(data[:whole], encoding)


def _microphone(device: str | None) -> tuple[int, Chunks]:
    """Open the microphone; it records from the first chunk that is asked for."""
    try:
        import sounddevice
    except ImportError as error:
        raise MissingDependencyError(
            "the microphone needs sounddevice: pip install sounddevice; or give a file, or - for a pipe"
        ) from error
    except OSError as error:
        raise MissingDependencyError(
            f"the microphone needs PortAudio ({error}): apt install libportaudio2; or give a file, or - for a pipe"
        ) from error
    number: int | str | None = int(device) if device is not None and device.isdigit() else device
    try:
        found = sounddevice.query_devices(number, "input")
    except (sounddevice.PortAudioError, ValueError) as error:
        raise ConfigError(
            f"no microphone {'' if device is None else repr(device) + ' '}was found ({error}); "
            "'python -m sounddevice' lists them"
        ) from error
    sample_rate = round(found["default_samplerate"])
    return sample_rate, _microphone_chunks(sounddevice, number, sample_rate, found["name"])


def _microphone_chunks(sounddevice: Any, number: int | str | None, sample_rate: int, name: str) -> Chunks:
    import queue

    chunks: queue.SimpleQueue[npt.NDArray[np.int16]] = queue.SimpleQueue()

    def take(data: npt.NDArray[np.int16], _frames: int, _time: object, _status: object) -> None:
        chunks.put(data[:, 0].copy())

    block = round(CHUNK_SECONDS * sample_rate)
    options = {"device": number, "samplerate": sample_rate, "channels": 1, "dtype": "int16", "blocksize": block}
    try:
        with sounddevice.InputStream(callback=take, **options):
            tell(f"listening to {name} at {sample_rate} Hz; Ctrl-C ends it")
            while True:
                yield chunks.get()
    except sounddevice.PortAudioError as error:
        raise AudioError(f"the microphone {name} cannot be used ({error}); try another --device") from error
