"""``aurora-resnet listen``."""

from __future__ import annotations

import dataclasses
import json as json_format
import queue
import signal
import sys
import wave
from collections import deque
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Self, cast

import numpy as np
import numpy.typing as npt
import typer

from aurora_resnet.cli.recognize import load_recognizer
from aurora_resnet.cli.terminal import Threads, tell
from aurora_resnet.pretrained.shipped import PRETRAINED
from aurora_resnet.recognition.streaming import DigitEvent, StreamingRecognizer
from aurora_resnet.runtime.audio.reading import audio_info, iterate_blocks
from aurora_resnet.runtime.errors import AudioError, ConfigError, MissingDependencyError

_PIPE = "-"
_CHUNK_SECONDS = 0.1
_SHOWN = 40
"""How many of the last digits the running string shows."""

Chunks = Iterator[npt.NDArray[Any]]


def listen(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE | -]", help="A sound file, or - for standard input; the microphone without."),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Microphone: its number or a part of its name; the system's own without.")
    ] = None,
    model: Annotated[
        str, typer.Option(help=f"A shipped model ({', '.join(PRETRAINED)}) or a checkpoint that 'train' wrote.")
    ] = "compact",
    rate: Annotated[int | None, typer.Option(help="Hz of headerless samples on standard input.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    threads: Threads = None,
) -> None:
    """Recognise digits in running speech: live from the microphone, from a file, or from a pipe.

    Prints every digit as soon as it is decided: from where to where it was spoken (seconds), word, confidence, and the
    digits so far. Ctrl-C ends it. Standard input is a WAV stream of 16 bits, or, with --rate, headerless 16-bit
    little-endian mono samples. The microphone needs pip install 'aurora-resnet\\[microphone]'.

    \b
    Examples:
      aurora-resnet listen
      aurora-resnet listen --json recording.wav
      arecord -t raw -f S16_LE -r 16000 | aurora-resnet listen --rate 16000 -
    """
    if device is not None and file is not None:
        raise ConfigError(f"--device is for the microphone; leave it out to read '{file}'")
    if rate is not None and file != _PIPE:
        raise ConfigError("--rate is for headerless samples on standard input; give - as the file, or leave it out")
    recognizer = load_recognizer(model, threads=threads)
    heard, count, last = 0, 0, deque[str](maxlen=_SHOWN)

    def show(events: list[DigitEvent]) -> None:
        nonlocal count
        for event in events:
            count += 1
            last.append(str(event.digit))
            string = ("..." if count > _SHOWN else "") + "".join(last)
            if json:
                typer.echo(json_format.dumps({**_rounded(event), "string": string}))
            else:
                spoken = f"{event.start:.2f}-{event.end:.2f}"
                typer.echo(f"{spoken}\t{event.word}\t{event.confidence:.3f}\t{string}")
            sys.stdout.flush()  # a pipe should have it now

    sample_rate, chunks = _source(file, device, rate)
    stream = StreamingRecognizer(recognizer, sample_rate)
    with _CtrlC() as ctrl_c:
        for chunk in ctrl_c.until(chunks):
            heard += len(chunk)
            show(stream.push(chunk))
        show(stream.flush())
    tell(f"{count} digits in {heard / sample_rate:.1f} s")


class _CtrlC:
    """Ctrl-C breaks off the wait for the next chunk, never the work on one."""

    def __init__(self) -> None:
        self._came = self._waiting = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(self, *_reason: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
        if self._waiting:
            raise KeyboardInterrupt

    def until(self, chunks: Chunks) -> Chunks:
        """Yield the chunks until Ctrl-C comes."""
        while not self._came:
            try:
                self._waiting = True
                chunk = next(chunks, None)
                self._waiting = False
            except KeyboardInterrupt:
                return
            if chunk is None:
                return
            yield chunk


def _rounded(event: DigitEvent) -> dict[str, Any]:
    """Return the event with times in whole milliseconds."""
    values = dataclasses.asdict(event)
    return {name: round(value, 3) if name in ("start", "end", "decided") else value for name, value in values.items()}


def _source(file: str | None, device: str | None, rate: int | None) -> tuple[int, Chunks]:
    """Return the rate of what is to be heard, and its chunks."""
    if file is None:
        return _microphone(device)
    if file == _PIPE:
        return _standard_input(rate)
    return audio_info(Path(file)).sample_rate, iterate_blocks(file, block_seconds=_CHUNK_SECONDS)


def _standard_input(rate: int | None) -> tuple[int, Chunks]:
    """Read a WAV stream or headerless samples as they come."""
    stdin = cast(BufferedReader, sys.stdin.buffer)
    beginning = stdin.peek(4)[:4]
    if rate is not None:
        if beginning == b"RIFF":
            raise ConfigError("standard input is a WAV stream, which states its own rate; leave --rate out")
        return rate, _raw_chunks(stdin, rate)
    if not beginning:
        raise AudioError("standard input is empty (0 bytes); expected WAV, or headerless samples and --rate")
    if beginning != b"RIFF":
        raise AudioError(
            "standard input is no WAV stream; headerless 16-bit little-endian mono samples need --rate, other formats "
            "a file"
        )
    try:
        stream = wave.open(stdin, "rb")  # noqa: SIM115  # the process owns its standard input
    except (wave.Error, EOFError) as error:
        raise AudioError(f"standard input cannot be read as PCM WAV ({error}); save it to a file") from error
    if stream.getsampwidth() != 2:
        raise AudioError(f"standard input: expected WAV of 16 bits, got {8 * stream.getsampwidth()}; save it to a file")
    return stream.getframerate(), _wav_chunks(stream)


def _wav_chunks(stream: wave.Wave_read) -> Chunks:
    channels, frames = stream.getnchannels(), max(1, round(_CHUNK_SECONDS * stream.getframerate()))
    while data := stream.readframes(frames):
        whole = len(data) // (2 * channels) * 2 * channels  # a stream that was cut off
        samples = np.frombuffer(data[:whole], "<i2").reshape(-1, channels)
        yield samples[:, 0] if channels == 1 else (samples.mean(axis=1) / 2**15).astype(np.float32)


def _raw_chunks(stdin: BufferedReader, rate: int) -> Chunks:
    size = 2 * max(1, round(_CHUNK_SECONDS * rate))
    rest = b""
    while data := stdin.read1(size):
        data = rest + data
        whole = len(data) // 2 * 2
        rest = data[whole:]
        yield np.frombuffer(data[:whole], "<i2")


def _microphone(device: str | None) -> tuple[int, Chunks]:
    """Open the microphone; it is heard from the first chunk that is asked for."""
    try:
        import sounddevice
    except ImportError as error:
        raise MissingDependencyError(
            "the microphone needs sounddevice: pip install 'aurora-resnet[microphone]'; or give a file, or - for a pipe"
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
    chunks: queue.SimpleQueue[npt.NDArray[np.int16]] = queue.SimpleQueue()

    def take(data: npt.NDArray[np.int16], _frames: int, _time: object, _status: object) -> None:
        chunks.put(data[:, 0].copy())

    block = round(_CHUNK_SECONDS * sample_rate)
    options = {"device": number, "samplerate": sample_rate, "channels": 1, "dtype": "int16", "blocksize": block}
    try:
        with sounddevice.InputStream(callback=take, **options):
            tell(f"listening to {name} at {sample_rate} Hz; Ctrl-C ends it")
            while True:
                yield chunks.get()
    except sounddevice.PortAudioError as error:
        raise AudioError(f"the microphone {name} cannot be used ({error}); try another --device") from error
