"""Voice commands of Home Assistant, in the Wyoming protocol (github.com/OHF-Voice/wyoming): sound in, a text out.

``describe`` is answered with the models: that of numbers, "4071", and that of words, one word a command. A command is
``transcribe``, which may name one of them, ``audio-start``, ``audio-chunk``s and ``audio-stop``; it is answered with
what ``recognize`` says of the same sound, an empty text where that is not accepted.
"""

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import Any, cast

import numpy as np

from aurora_resnet.runtime.errors import AudioError, AuroraError, ConfigError, MissingDependencyError, did_you_mean
from aurora_resnet.runtime.recognizer import Recognition, Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.version import __version__
from aurora_resnet.web.load import TooManyUploads
from aurora_resnet.web.receiving import Receiver
from aurora_resnet.web.sockets import MAX_CHUNK_BYTES, RATES
from aurora_resnet.web.upload import MAX_BYTES, MAX_SECONDS

try:
    from wyoming.asr import Transcribe, Transcript
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.error import Error
    from wyoming.event import Eventable, async_read_event, async_write_event
    from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info
except ImportError as error:
    raise MissingDependencyError(
        f"--wyoming needs the package wyoming ({error}); install it with: pip install 'aurora-resnet[wyoming]'"
    ) from None

#: Who sends nothing so long is gone.
SILENT_SECONDS = 60.0
#: Own words may be of any; Home Assistant offers a model to assistants of the languages that it names.
LANGUAGES = [
    "ar", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "it", "ja", "ko", "nl", "no",
    "pl", "pt", "ro", "ru", "sv", "tr", "uk", "vi", "zh",
]  # fmt: skip
KINDS: tuple[type[Eventable], ...] = (Describe, Transcribe, AudioStart, AudioChunk, AudioStop)


class Commands:
    """The commands of all who connect.

    Args:
        words: who answers with a word.
        numbers: who answers with a number, and where no model is named.
        receiver: has recordings answered one after another, and bounds their number.
    """

    def __init__(self, words: Recognizer, numbers: StringRecognizer | None, receiver: Receiver) -> None:
        self.receiver = receiver
        self.answers = {each.model.facts.name: each for each in (numbers, words) if each is not None}
        about: Any = {"attribution": Attribution("aurora-resnet", ""), "installed": True, "version": __version__}
        languages = ["en"] if None not in words.vocabulary.digits else LANGUAGES
        models = [
            AsrModel(name=name, description=None, languages=languages if each is words else ["en"], **about)
            for name, each in self.answers.items()
        ]
        program = AsrProgram(name="aurora-resnet", description="spoken digits, or own words", models=models, **about)
        self.info = Info(asr=[program])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection; ``asyncio.start_server`` takes it."""
        bounded, command = _Bounded(reader), _Command(self)
        try:
            while (said := await bounded.next()) is not None:
                answer = await command.take(said)
                if answer is not None:
                    await async_write_event(answer.event(), writer)
                if isinstance(answer, Error):
                    break
        except OSError:  # it is closed already
            pass
        finally:
            command.end()
            writer.close()


def _text(recognizer: Recognizer | StringRecognizer, samples: np.ndarray[Any, Any], rate: int) -> str:
    answer = recognizer.recognize(samples, rate)
    return "" if answer.accepted is False else answer.word if isinstance(answer, Recognition) else answer.text


class _Bounded:
    """Reads what clients say, within bounds."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def readline(self) -> bytes:
        return await self._reader.readline()

    async def readexactly(self, size: int) -> bytes:
        if size > MAX_CHUNK_BYTES:
            raise EOFError
        return await self._reader.readexactly(size)

    async def next(self) -> Eventable | None:
        """Return what is said next, of what we know; ``None`` at the end, and for what is no event."""
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                while (event := await async_read_event(cast(asyncio.StreamReader, self))) is not None:
                    for kind in KINDS:
                        if kind.is_type(event.type):
                            return kind.from_event(event)
        except (OSError, EOFError, TimeoutError, AttributeError, TypeError, KeyError):
            pass  # the last three are how the library meets other JSON
        return None


class _Command:
    """What one connection asks for, again and again."""

    def __init__(self, commands: Commands) -> None:
        self._commands, self._room = commands, ExitStack()
        self.end()

    def end(self) -> None:
        """Forget what was said; its room is free."""
        self._room.close()
        self._answers = next(iter(self._commands.answers.values()))
        self._format: tuple[int, int] | None = None  # rate, channels
        self._sound = bytearray()

    async def take(self, said: Eventable) -> Eventable | None:
        """Take what a client says; return what to tell it."""
        try:
            return await self._take(said)
        except AuroraError as error:
            return Error(str(error))
        except TooManyUploads as error:
            return Error(error.detail)

    async def _take(self, said: Eventable) -> Eventable | None:
        match said:
            case Describe():
                return self._commands.info
            case Transcribe(name=name):
                self.end()
                self._choose(name)
            case AudioStart():
                self._start(said)
            case AudioChunk(audio=audio):
                self._add(audio)
            case AudioStop():
                rate, channels = self._opened()
                samples, text = np.frombuffer(self._sound, "<i2").reshape(-1, channels), ""
                if len(samples):
                    text = await self._commands.receiver.computed(partial(_text, self._answers, samples, rate))
                self.end()
                return Transcript(text)
        return None

    def _choose(self, name: str | None) -> None:
        answers = self._commands.answers
        if name is not None and name not in answers:
            hint = did_you_mean(str(name)[:50], answers)
            raise ConfigError(f"there is no model {str(name)[:50]!r}{hint}; there are {', '.join(answers)}")
        self._answers = self._answers if name is None else answers[name]

    def _start(self, start: AudioStart) -> None:
        whole = isinstance(start.rate, int) and isinstance(start.channels, int)
        if start.width != 2 or not whole or not (RATES[0] <= start.rate <= RATES[1] and 1 <= start.channels <= 8):
            raise AudioError(
                f"expected 16-bit sound of {RATES[0]} to {RATES[1]} Hz, got {start.width} bytes a sample, "
                f"{start.rate} Hz, {start.channels} channels"
            )
        self._room.close()
        self._room.enter_context(self._commands.receiver.uploads.room_for(MAX_BYTES))
        self._format = start.rate, start.channels
        self._sound.clear()

    def _opened(self) -> tuple[int, int]:
        if self._format is None:
            raise AudioError("expected audio-start before sound")
        return self._format

    def _add(self, audio: bytes) -> None:
        rate, channels = self._opened()
        self._sound += audio
        if len(audio) % (2 * channels):
            raise AudioError(f"expected whole 16-bit samples of {channels} channels, got {len(audio)} bytes")
        if len(self._sound) > min(MAX_BYTES, 2 * channels * rate * MAX_SECONDS):
            raise AudioError(f"a command may last {MAX_SECONDS:g} s")
