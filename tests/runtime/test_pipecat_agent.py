"""Parts of a Pipecat pipeline, run by Pipecat's own test harness."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="voice agents need pipecat-ai")

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.tests.utils import run_test

from aurora_resnet.runtime.agents.pipecat import (
    CollectNumberFrame,
    DigitsSTTService,
    NumberCollectedFrame,
    NumberProcessor,
)
from aurora_resnet.runtime.phone.collector import NumberCollected, Phrases
from aurora_resnet.runtime.strings.events import Partial, StringEnded, StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from tests.runtime.phone.traces import pcm
from tests.runtime.recorded_numbers import recorded_numbers
from tests.runtime.tone_model import OTHER, RATE, ToneModel, spoken

PHRASES = Phrases("ask", "repeat", "confirm {number}")
ASK = CollectNumberFrame(StringTimes(lengths={4}), {"phrases": PHRASES, "sure": 2.0})
NUMBER = ["four", "oh", "seven", "one"]
PAUSE = np.zeros(2 * RATE, np.float32)


def test_the_example_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "voice-agents.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec(examples[1], {"__name__": "page"})


def sound(data: bytes, rate: int = RATE) -> list[Frame]:
    """Sound in frames of 20 ms."""
    size = rate // 25
    return [InputAudioRawFrame(data[at : at + size], rate, 1) for at in range(0, len(data), size)]


def keys(text: str) -> list[Frame]:
    return [InputDTMFFrame(KeypadEntry(key)) for key in text]


def run(part: FrameProcessor, frames: Iterable[Frame], rate: int = RATE) -> list[Frame]:
    """Return what leaves a part downwards."""
    params = PipelineParams(audio_in_sample_rate=rate)
    return list(asyncio.run(run_test(part, frames_to_send=list(frames), pipeline_params=params))[0])


def told(frames: Iterable[Frame]) -> list[str | None]:
    said: list[str | None] = [frame.text for frame in frames if isinstance(frame, TTSSpeakFrame)]
    return said + [frame.collected.number for frame in frames if isinstance(frame, NumberCollectedFrame)]


@pytest.mark.shared
@pytest.mark.parametrize("model", ["string_net", pytest.param("speech_encoder", marks=pytest.mark.slow)])
def test_recorded_numbers_are_transcribed_as_by_a_stream(model: str) -> None:
    recognizer = StringRecognizer.from_pretrained(model)
    for path, samples, rate, number in recorded_numbers(3):
        stream = recognizer.stream(rate, encoding="pcm16")
        events = [*stream.feed(samples.tobytes()), *stream.finish()]
        frames = run(DigitsSTTService(recognizer), sound(samples.tobytes(), rate), rate)
        assert b"".join(f.audio for f in frames if isinstance(f, InputAudioRawFrame)) == samples.tobytes()
        interim = [frame.result for frame in frames if isinstance(frame, InterimTranscriptionFrame)]
        assert interim == [event for event in events if isinstance(event, Partial)]
        final = [frame for frame in frames if isinstance(frame, TranscriptionFrame)]
        assert [frame.result for frame in final] == [e.string for e in events if isinstance(e, StringEnded)]
        assert [frame.text for frame in final] == [number], path


@pytest.mark.shared
def test_recorded_numbers_are_collected() -> None:
    """Each is said, read back, and agreed to by key."""
    recognizer = StringRecognizer.from_pretrained("string_net")
    for path, samples, rate, number in recorded_numbers(3):
        ask = CollectNumberFrame(StringTimes(lengths={len(number)}), {"phrases": PHRASES, "sure": 2.0})
        quiet = bytes(4 * rate)
        frames = run(NumberProcessor(recognizer), [ask, *sound(samples.tobytes() + quiet, rate), *keys("1#")], rate)
        assert [str(text).replace(",", "") for text in told(frames)] == [
            "ask",
            f"confirm {' '.join(number)}",
            number,
        ], path


def test_keys_and_speech_and_an_interruption() -> None:
    part, collected = NumberProcessor(StringRecognizer(ToneModel())), list[NumberCollected]()

    async def on_number(_part: Any, number: NumberCollected) -> None:
        collected.append(number)

    part.add_event_handler("on_number", on_number)
    said = np.concatenate([spoken(["oh", "seven", "one"]), PAUSE])
    frames = run(part, [ASK, *keys("4"), *sound(pcm(said)), *keys("1#"), *sound(bytes(3200))])
    assert told(frames) == ["ask", "confirm 4 0 7 1", "4071"]
    assert [number.number for number in collected] == ["4071"]
    assert sum(isinstance(frame, InterruptionFrame) for frame in frames) == 4  # speech, three keys
    assert sum(isinstance(frame, InputAudioRawFrame) for frame in frames) == 10  # behind the number all passes


def test_who_takes_a_number_is_not_asked_while_the_bot_speaks() -> None:
    quiet = sound(bytes(2 * 10 * RATE))
    speaking = [ASK, BotStartedSpeakingFrame(), *quiet, BotStoppedSpeakingFrame()]
    assert told(run(NumberProcessor(StringRecognizer(ToneModel())), speaking)) == ["ask"]
    assert told(run(NumberProcessor(StringRecognizer(ToneModel())), [*speaking, *quiet])) == ["ask", "repeat"]


def test_other_speech_to_the_end_of_questions() -> None:
    other = sound(pcm(np.concatenate([spoken([OTHER]), PAUSE])))
    frames = run(NumberProcessor(StringRecognizer(ToneModel())), [ASK, *(4 * other)])
    assert told(frames) == ["ask", "repeat", "repeat", "repeat", None]
