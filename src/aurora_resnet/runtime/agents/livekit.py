"""Parts of a LiveKit agent: numbers as its speech-to-text, and the conversation about a number as a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import numpy as np

from ..errors import MissingDependencyError
from ..phone.collector import CollectorEvent, NumberCollected, NumberCollector, Say
from ..phone.entries import KeyPressed
from ..phone.line import Key, Opened, Sound, pressed
from ..strings.answer import DigitString
from ..strings.events import Partial, Rejected, SpeechStarted, StringEnded, StringEvent, StringTimes
from ..strings.recognizer import StringRecognizer
from ..strings.stream import StringStream

try:
    from livekit import rtc
    from livekit.agents import (
        DEFAULT_API_CONNECT_OPTIONS,
        AgentTask,
        LanguageCode,
        ModelSettings,
        TurnHandlingOptions,
        get_job_context,
        stt,
    )
    from livekit.agents.types import TimedString
    from livekit.agents.voice import SpeechHandle
except ImportError as error:
    raise MissingDependencyError(
        f"agents.livekit needs LiveKit Agents ({error}); install it with: pip install livekit-agents"
    ) from None

Kind = stt.SpeechEventType
ENGLISH = LanguageCode("en")


class DigitsSTT(stt.STT[Any]):
    """Speech-to-text that recognises numbers, in streams and in recordings.

    A number that has ended is a final transcript: its ``alternatives`` are the most probable numbers, the ``metadata``
    of the first one has ``accepted`` and ``reason`` of the ``DigitString``.

    Args:
        recognizer: who recognises.
        times: how long to wait, and which numbers are possible.
    """

    def __init__(self, recognizer: StringRecognizer, times: StringTimes | None = None) -> None:
        can = stt.STTCapabilities(streaming=True, interim_results=True, aligned_transcript="word")
        super().__init__(capabilities=can)
        self.recognizer, self.times = recognizer, times or StringTimes()

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.recognizer.facts.name

    @property
    def provider(self) -> str:
        """Nobody but this machine."""
        return "aurora-resnet"

    async def _recognize_impl(self, buffer: Any, **_: Any) -> stt.SpeechEvent:
        frame = rtc.combine_audio_frames(buffer)
        samples = self.recognizer.waveform(np.frombuffer(mono(frame), np.int16), frame.sample_rate)
        found = await asyncio.to_thread(self.recognizer.recognize_waveforms, [samples], self.times)
        return transcript(found[0])

    def stream(self, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> stt.RecognizeStream:
        """Begin a stream, of whatever rate its first frame has."""
        return _DigitsStream(stt=self, conn_options=conn_options)


class _DigitsStream(stt.RecognizeStream):
    async def _run(self) -> None:
        digits: Any = self._stt
        stream: StringStream | None = None
        async for frame in self._input_ch:
            if isinstance(frame, rtc.AudioFrame):
                stream = stream or digits.recognizer.stream(frame.sample_rate, encoding="pcm16", times=digits.times)
                self._send(await asyncio.to_thread(stream.feed, mono(frame)))
        if stream is not None:
            self._send(await asyncio.to_thread(stream.finish))

    def _send(self, events: list[StringEvent]) -> None:
        for event in events:
            for speech_event in speech_events(event, self.start_time_offset):
                self._event_ch.send_nowait(speech_event)


def speech_events(event: StringEvent, begun_seconds: float = 0.0) -> list[stt.SpeechEvent]:
    """Return what happened in a stream that began so late in the session."""
    match event:
        case SpeechStarted():
            return [stt.SpeechEvent(Kind.START_OF_SPEECH)]
        case Partial(text=text):
            return [
                stt.SpeechEvent(Kind.INTERIM_TRANSCRIPT, alternatives=[stt.SpeechData(language=ENGLISH, text=text)])
            ]
        case StringEnded(string=string):
            return [transcript(string, begun_seconds), stt.SpeechEvent(Kind.END_OF_SPEECH)]
        case Rejected():
            return [stt.SpeechEvent(Kind.END_OF_SPEECH)]
    return []


def transcript(string: DigitString, begun_seconds: float = 0.0) -> stt.SpeechEvent:
    """Return a number as final transcript."""
    found = string.alternatives or (("", 0.0),)
    data = [stt.SpeechData(language=ENGLISH, text=text, confidence=share) for text, share in found]
    data[0].metadata = {"accepted": string.accepted, "reason": string.reason}
    words = [word.later(begun_seconds) for word in string.words]
    data[0].words = [TimedString(w.word, w.start_seconds, w.end_seconds, w.confidence) for w in words]
    if words:
        data[0].start_time, data[0].end_time = words[0].start_seconds, words[-1].end_seconds
    return stt.SpeechEvent(Kind.FINAL_TRANSCRIPT, alternatives=data)


def mono(frame: rtc.AudioFrame) -> bytes:
    """Return the 16-bit samples of a frame, the mean of its channels."""
    samples = np.frombuffer(frame.data, np.int16).reshape(-1, frame.num_channels)
    return bytes(samples.mean(axis=1).astype(np.int16).data)


class CollectNumber(AgentTask[NumberCollected]):
    """Collects a number, with the session's voice and no language model; await it in a tool or in ``on_enter``.

    Keys of a telephone come from the room of the job, if there is one.

    Args:
        recognizer: who recognises.
        times: how many digits the number has, its check, and how long to wait.
        options: ``phrases``, ``sure`` and ``questions`` of ``NumberCollector``.
    """

    def __init__(self, recognizer: StringRecognizer, times: StringTimes | None = None, **options: Any) -> None:
        # Of the session's turns none is one: who speaks is answered here.
        turns = TurnHandlingOptions(turn_detection="manual")
        super().__init__(instructions="", stt=DigitsSTT(recognizer, times), vad=None, llm=None, turn_handling=turns)
        self._collector = NumberCollector(recognizer, times, **options)
        self._turn = asyncio.Lock()
        self._room: rtc.Room | None = None
        self._speech: SpeechHandle | None = None
        self._pressed: set[asyncio.Task[Any]] = set()

    async def on_enter(self) -> None:
        """Ask."""
        if (context := get_job_context(required=False)) is not None:
            self._room = context.room
            self._room.on("sip_dtmf_received", self._press)
        self._tell(self._collector.begin())

    async def on_exit(self) -> None:
        """Leave the keys to others."""
        if self._room is not None:
            self._room.off("sip_dtmf_received", self._press)

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        """Take the sound; the digits so far are interim transcripts, for whoever shows them."""
        del model_settings
        rate = 0
        async for frame in audio:
            if frame.sample_rate != rate:
                rate = frame.sample_rate
                await self._take(Opened(rate, "pcm16"))
            for event in await self._take(Sound(mono(frame))):
                if isinstance(event, Partial):
                    yield speech_events(event)[0]

    def _press(self, key: rtc.SipDTMF) -> None:
        task = asyncio.create_task(self._take(pressed(key.digit)))
        self._pressed.add(task)
        task.add_done_callback(self._pressed.discard)

    async def _take(self, event: Opened | Sound | Key) -> list[CollectorEvent]:
        async with self._turn:  # one after another, in the order in which they came
            self._collector.says = self._speech is not None and not self._speech.done()
            events = await asyncio.to_thread(self._collector.feed, event)
            self._tell(events)
            return events

    def _tell(self, events: list[CollectorEvent]) -> None:
        for event in events:
            match event:
                case SpeechStarted() | KeyPressed():
                    self.session.interrupt()
                case Say(text=text):
                    self._speech = self.session.say(text)
                case NumberCollected():
                    self.complete(event)
