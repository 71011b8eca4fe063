"""Parts of a Pipecat pipeline: numbers as its speech-to-text, and the conversation about a number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from ..errors import MissingDependencyError
from ..phone.collector import CollectorEvent, NumberCollected, NumberCollector, Say
from ..phone.entries import KeyPressed
from ..phone.line import Key, Opened, Sound
from ..strings.events import Partial, SpeechStarted, StringEnded, StringEvent, StringTimes
from ..strings.recognizer import StringRecognizer

try:
    from pipecat.frames.frames import (
        BotStartedSpeakingFrame,
        BotStoppedSpeakingFrame,
        EndFrame,
        Frame,
        InputAudioRawFrame,
        InputDTMFFrame,
        InterimTranscriptionFrame,
        SystemFrame,
        TranscriptionFrame,
        TTSSpeakFrame,
    )
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
    from pipecat.services.settings import STTSettings
    from pipecat.services.stt_service import STTService
    from pipecat.utils.time import time_now_iso8601
except ImportError as error:
    raise MissingDependencyError(
        f"agents.pipecat needs Pipecat ({error}); install it with: pip install pipecat-ai"
    ) from None


class DigitsSTTService(STTService):
    """Speech-to-text that recognises numbers.

    What is said so far comes as ``InterimTranscriptionFrame``, a number that has ended as ``TranscriptionFrame``, whose
    ``result`` is the ``DigitString``; one that is not accepted comes too: see ``result.accepted``.

    Args:
        recognizer: who recognises.
        times: how long to wait, and which numbers are possible.
        options: of ``STTService``.
    """

    def __init__(self, recognizer: StringRecognizer, times: StringTimes | None = None, **options: Any) -> None:
        self._recognizer, self._times = recognizer, times or StringTimes()
        settings = STTSettings(model=recognizer.facts.name, language=None)
        super().__init__(**{"settings": settings, "ttfs_p99_latency": self._times.between_seconds, **options})

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Begin the stream."""
        await super().setup(setup)
        self._stream = self._recognizer.stream(self.sample_rate, encoding="pcm16", times=self._times)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Recognise the next sound."""
        for event in await asyncio.to_thread(self._stream.feed, audio):
            yield self._frame(event)

    async def stop(self, frame: EndFrame) -> None:
        """Recognise the rest."""
        for event in await asyncio.to_thread(self._stream.finish):
            if (transcription := self._frame(event)) is not None:
                await self.push_frame(transcription)
        await super().stop(frame)

    def _frame(self, event: StringEvent) -> Frame | None:
        if isinstance(event, Partial):
            return InterimTranscriptionFrame(event.text, self._user_id, time_now_iso8601(), result=event)
        if isinstance(event, StringEnded):
            string = event.string
            return TranscriptionFrame(string.text, self._user_id, time_now_iso8601(), result=string, finalized=True)
        return None


@dataclass
class CollectNumberFrame(SystemFrame):
    """Begin to collect a number.

    Attributes:
        times: how many digits it has, its check, and how long to wait.
        options: ``phrases``, ``sure`` and ``questions`` of ``NumberCollector``.
    """

    times: StringTimes = field(default_factory=StringTimes)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class NumberCollectedFrame(SystemFrame):
    """A number was collected, or ``None``: ``collected`` says which, and how sure."""

    collected: NumberCollected


class NumberProcessor(FrameProcessor):
    """Collects a number after a ``CollectNumberFrame``: put it behind the input, before other speech-to-text.

    Until the ``NumberCollectedFrame``, which is also the event ``on_number``, sound and keys go no further, and what is
    to be said comes as ``TTSSpeakFrame``. Without a number to collect all frames pass.

    Args:
        recognizer: who recognises.
        options: of ``FrameProcessor``.
    """

    def __init__(self, recognizer: StringRecognizer, **options: Any) -> None:
        super().__init__(**options)
        self._recognizer, self._says = recognizer, False
        self._collector: NumberCollector | None = None
        self._register_event_handler("on_number")

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Take the rate of the sound."""
        await super().setup(setup)
        self._sample_rate = setup.audio_in_sample_rate

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a frame."""
        await super().process_frame(frame, direction)
        if isinstance(frame, BotStartedSpeakingFrame | BotStoppedSpeakingFrame):
            self._says = isinstance(frame, BotStartedSpeakingFrame)
        if isinstance(frame, CollectNumberFrame):
            self._collector = NumberCollector(self._recognizer, frame.times, **frame.options)
            await self._tell(self._collector.begin())
            self._collector.feed(Opened(self._sample_rate, "pcm16"))
        elif self._collector is not None and isinstance(frame, InputAudioRawFrame):
            await self._take(self._collector, Sound(frame.audio))
        elif self._collector is not None and isinstance(frame, InputDTMFFrame):
            await self._take(self._collector, Key(frame.button.value))
        else:
            await self.push_frame(frame, direction)

    async def _take(self, collector: NumberCollector, event: Sound | Key) -> None:
        collector.says = self._says
        await self._tell(await asyncio.to_thread(collector.feed, event))

    async def _tell(self, events: list[CollectorEvent]) -> None:
        for event in events:
            match event:
                case SpeechStarted() | KeyPressed():
                    await self.broadcast_interruption()
                case Say(text=text):
                    await self.push_frame(TTSSpeakFrame(text))
                case NumberCollected():
                    self._collector = None
                    await self.push_frame(NumberCollectedFrame(event))
                    await self._call_event_handler("on_number", event)
