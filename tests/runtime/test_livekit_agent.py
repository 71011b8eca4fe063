"""Parts of a LiveKit agent: its streams are fed with frames of a track, its task runs in an ``AgentSession``."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("livekit.agents", reason="voice agents need livekit-agents")

from livekit import rtc
from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent
from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.agents.testing import fake_job_context
from livekit.agents.voice.io import AudioInput

from aurora_resnet.runtime.agents.livekit import CollectNumber, DigitsSTT, speech_events
from aurora_resnet.runtime.phone.collector import NumberCollected, Phrases
from aurora_resnet.runtime.strings.events import StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from tests.runtime.phone.traces import Said, pcm
from tests.runtime.recorded_numbers import recorded_numbers
from tests.runtime.tone_model import OTHER, RATE, ToneModel, spoken

# LiveKit's stand-in for a job leaves a folder to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PHRASES = Phrases("ask", "repeat", "confirm {number}")
NUMBER = ["four", "oh", "seven", "one"]
FOUR = StringTimes(lengths={4})
PAUSE = np.zeros(2 * RATE, np.float32)


def test_the_example_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "voice-agents.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec(examples[2], {"__name__": "page"})


def frames(data: bytes, rate: int = RATE, channels: int = 1) -> list[rtc.AudioFrame]:
    """Sound in frames of 20 ms."""
    size = rate // 50 * channels * 2
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return [rtc.AudioFrame(part, rate, channels, len(part) // (2 * channels)) for part in parts]


def plain(events: Iterable[SpeechEvent]) -> list[object]:
    """All of an event but when it was made; LiveKit adds the microseconds until a stream's task began."""
    return [
        (
            event.type,
            [replace(d, start_time=round(d.start_time, 3), end_time=round(d.end_time, 3)) for d in event.alternatives],
        )
        for event in events
    ]


@pytest.mark.shared
@pytest.mark.parametrize("model", ["string_net", pytest.param("speech_encoder", marks=pytest.mark.slow)])
def test_recorded_numbers_are_transcribed_as_by_a_stream(model: str) -> None:
    recognizer = StringRecognizer.from_pretrained(model)
    digits = DigitsSTT(recognizer)

    async def streamed(data: bytes, rate: int) -> list[SpeechEvent]:
        async with digits.stream() as stream:
            for frame in frames(data, rate):
                stream.push_frame(frame)
            stream.end_input()
            stream.start_time_offset = 0.0
            return [event async for event in stream]

    for path, samples, rate, number in recorded_numbers(3):
        stream = recognizer.stream(rate, encoding="pcm16")
        events = [*stream.feed(samples.tobytes()), *stream.finish()]
        told = asyncio.run(streamed(samples.tobytes(), rate))
        assert plain(told) == plain(speech for event in events for speech in speech_events(event)), path
        final = [event.alternatives[0] for event in told if event.type == SpeechEventType.FINAL_TRANSCRIPT]
        assert [data.text for data in final] == [number], path
        offline = recognizer.recognize(path)
        recorded = asyncio.run(digits.recognize(frames(samples.tobytes(), rate))).alternatives
        assert [(data.text, data.confidence) for data in recorded] == list(offline.alternatives)
        assert recorded[0].metadata == {"accepted": offline.accepted, "reason": offline.reason}


def test_channels_are_mixed_and_times_count_from_the_session() -> None:
    digits = DigitsSTT(StringRecognizer(ToneModel()), FOUR)
    data = np.frombuffer(pcm(spoken(NUMBER)), np.int16)

    async def streamed() -> list[SpeechEvent]:
        async with digits.stream() as stream:
            stream.start_time_offset = 100.0
            for frame in frames(np.repeat(data, 2).tobytes(), channels=2):
                stream.push_frame(frame)
            stream.end_input()
            return [event async for event in stream]

    final = next(e.alternatives[0] for e in asyncio.run(streamed()) if e.type == SpeechEventType.FINAL_TRANSCRIPT)
    assert (final.text, final.words) == ("4071", NUMBER)
    assert final.words is not None
    assert 100.3 < final.start_time == final.words[0].start_time < 100.6


class Speaker(AudioInput):
    """Answers what is said with sound and keys of a telephone."""

    def __init__(self, answers: dict[str, list[Said]], room: rtc.Room, rate: int) -> None:
        super().__init__(label="test")
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self._frames = self._say(answers, room, rate)

    async def __anext__(self) -> rtc.AudioFrame:
        return await anext(self._frames)

    async def _say(self, answers: dict[str, list[Said]], room: rtc.Room, rate: int) -> AsyncIterator[rtc.AudioFrame]:
        while True:
            for part in answers[await self.told.get()]:
                if isinstance(part, str):
                    room.emit("sip_dtmf_received", rtc.SipDTMF(0, part))
                else:
                    for frame in frames(pcm(part), rate):
                        yield frame


def collect(
    answers: dict[str, list[Said]], recognizer: StringRecognizer, times: StringTimes = FOUR, rate: int = RATE
) -> list[str | None]:
    """Return what the agent says, and the number."""
    collected: list[NumberCollected] = []

    class Clerk(Agent):
        async def on_enter(self) -> None:
            collected.append(await CollectNumber(recognizer, times, phrases=PHRASES, sure=2.0))
            over.set()

    async def run() -> list[str | None]:
        room, texts = rtc.Room(), list[str | None]()
        speaker = Speaker(answers, room, rate)

        def said(event: ConversationItemAddedEvent) -> None:
            texts.append(event.item.text_content)
            speaker.told.put_nowait(event.item.text_content)

        with fake_job_context(room=room):
            session: AgentSession[None] = AgentSession(vad=None)
            session.on("conversation_item_added", said)
            session.input.audio = speaker
            await session.start(Clerk(instructions=""))
            await asyncio.wait_for(over.wait(), 30)
            await session.aclose()
        return [*texts, collected[0].number]

    over = asyncio.Event()
    return asyncio.run(run())


@pytest.mark.parametrize("said", [[spoken(NUMBER)], ["4", spoken(NUMBER[1:]), PAUSE], [*"4071"]])
def test_a_number_is_read_back_and_agreed_to_by_key(said: list[Said]) -> None:
    told = collect({"ask": said, "confirm 4 0 7 1": ["1", "#"]}, StringRecognizer(ToneModel()))
    assert told == ["ask", "confirm 4 0 7 1", "4071"]


def test_other_speech_to_the_end_of_questions() -> None:
    answer: list[Said] = [spoken([OTHER]), PAUSE]
    told = collect({"ask": answer, "repeat": answer}, StringRecognizer(ToneModel()))
    assert told == ["ask", "repeat", "repeat", "repeat", None]


@pytest.mark.shared
def test_recorded_numbers_are_collected() -> None:
    """They are sent at 16 kHz, read back, and said to be right by key."""
    recognizer = StringRecognizer.from_pretrained("string_net")
    for path, samples, rate, number in recorded_numbers(2):
        read_back, said = f"confirm {' '.join(number)}", (samples / 32768).astype(np.float32)
        answers: dict[str, list[Said]] = {"ask": [said, np.zeros(2 * rate, np.float32)], read_back: ["1", "#"]}
        told = collect(answers, recognizer, StringTimes(lengths={len(number)}), rate)
        assert told == ["ask", read_back, number], path
