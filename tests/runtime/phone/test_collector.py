"""Conversations in which a number is asked for, read back and corrected, with speakers of tones and keys."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.phone.collector import CollectorEvent, NumberCollected, NumberCollector, Phrases, Say
from aurora_resnet.runtime.phone.line import Key, Opened, Sound
from aurora_resnet.runtime.strings.events import StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from tests.runtime.phone.traces import Said, frames, pcm
from tests.runtime.tone_model import OTHER, RATE, ToneModel, spoken

PHRASES = Phrases("ask", "repeat", "confirm {number}")
PAUSE = np.zeros(2 * RATE, np.float32)
NUMBER = ["four", "oh", "seven", "one"]
FOUR = StringTimes(lengths={4})


def talk(said: Iterable[Said], times: StringTimes | None = FOUR, *, sure: float = 2.0) -> list[str | None]:
    """Return what is said to the speaker, and the number."""
    collector = NumberCollector(StringRecognizer(ToneModel()), times, phrases=PHRASES, sure=sure)
    events: list[CollectorEvent] = collector.begin() + collector.feed(Opened(RATE, "pcm16"))
    for part in said:
        if isinstance(part, str):
            events += collector.feed(Key(part))
        else:
            for data in frames(pcm(part), 320):
                events += collector.feed(Sound(data))
    told: list[str | None] = [event.text for event in events if isinstance(event, Say)]
    return told + [event.number for event in events if isinstance(event, NumberCollected)]


def test_a_sure_number_is_not_read_back() -> None:
    assert talk([spoken(NUMBER)], sure=0.95) == ["ask", "4071"]


def test_a_number_is_read_back_and_agreed_to_by_voice_or_key() -> None:
    for yes in ([spoken(["one"]), PAUSE], ["1", "#"], ["1", PAUSE]):
        assert talk([spoken(NUMBER), *yes]) == ["ask", "confirm 4 0 7 1", "4071"]


def test_no_asks_again_and_the_number_said_again_is_read_back() -> None:
    nine = spoken(["four", "nine", "seven", "one"])
    told = talk([nine, "2", "#", spoken(NUMBER), "1", "#"])
    assert told == ["ask", "confirm 4 9 7 1", "repeat", "confirm 4 0 7 1", "4071"]
    assert talk([nine, spoken(NUMBER), PAUSE]) == ["ask", "confirm 4 9 7 1", "repeat"]  # which one?


def test_a_part_said_again_corrects_the_number() -> None:
    read_back = ["ask", "confirm 4 9 7 1", "confirm 4 0 7 1", "4071"]
    assert talk([spoken(["four", "nine", "seven", "one"]), spoken(["oh", "seven"]), PAUSE, "1", "#"]) == read_back


def test_keys_and_speech_are_one_number() -> None:
    assert talk(["4", spoken(["oh", "seven", "one"]), PAUSE, "1", "#"]) == ["ask", "confirm 4 0 7 1", "4071"]
    assert talk([*"4071", "1", "#"]) == ["ask", "confirm 4 0 7 1", "4071"]


def test_a_number_of_another_length_or_check_is_not_taken() -> None:
    assert talk(["4", "0", "#", *"4071", "1", "#"]) == ["ask", "repeat", "confirm 4 0 7 1", "4071"]
    luhn = StringTimes(lengths={4}, check="luhn")
    assert talk([*"4072", *"4077", "1", "#"], luhn) == ["ask", "repeat", "confirm 4 0 7 7", "4077"]


def test_other_speech_is_asked_again_and_so_is_silence_until_a_person_takes_over() -> None:
    times = StringTimes(lengths={4}, no_input_seconds=3.0)
    assert talk([spoken([OTHER]), PAUSE, spoken(NUMBER), "1", "#"], times)[:3] == ["ask", "repeat", "confirm 4 0 7 1"]
    assert talk([np.zeros(20 * RATE, np.float32)], times) == ["ask", "repeat", "repeat", "repeat", None]


def test_nobody_need_answer_before_the_question_is_said() -> None:
    times = StringTimes(lengths={4}, no_input_seconds=3.0)
    collector = NumberCollector(StringRecognizer(ToneModel()), times)
    collector.begin()
    collector.says = True
    assert collector.feed(Sound(pcm(np.zeros(10 * RATE, np.float32)))) == []
    collector.says = False
    assert collector.feed(Sound(pcm(np.zeros(2 * RATE, np.float32)))) == []
    assert [type(event) for event in collector.feed(Sound(pcm(np.zeros(RATE, np.float32))))] == [Say]


def test_a_number_of_one_digit_cannot_be_read_back() -> None:
    with pytest.raises(ConfigError, match="two digits at least"):
        NumberCollector(StringRecognizer(ToneModel()), StringTimes(lengths={1, 4}))
