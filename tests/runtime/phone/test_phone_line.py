"""Keys and speech are one entry in the order of time; what is said between keys is recognised by itself."""

from __future__ import annotations

import numpy as np
import pytest

from aurora_resnet.runtime.phone.entries import EntryEnded, KeyPressed, PhoneEvent
from aurora_resnet.runtime.phone.line import HungUp, Key, Opened, Sound
from aurora_resnet.runtime.phone.phone_line import PhoneLine
from aurora_resnet.runtime.strings.events import NoInput, StringEnded, StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from tests.runtime.phone.traces import FRAME_SAMPLES, Said, frames, pcm
from tests.runtime.tone_model import RATE, ToneModel, spoken

RECOGNIZER = StringRecognizer(ToneModel())
PAUSE = np.zeros(2 * RATE, np.float32)


def call(said: list[Said], times: StringTimes | None = None, frame: int = FRAME_SAMPLES) -> list[PhoneEvent]:
    line = PhoneLine(RECOGNIZER, times)
    events = line.feed(Opened(RATE, "pcm16"))
    for part in said:
        if isinstance(part, str):
            events += line.feed(Key(part))
        else:
            for data in frames(pcm(part), 2 * frame):
                events += line.feed(Sound(data))
    return events + line.feed(HungUp())


def entries(said: list[Said], times: StringTimes | None = None) -> list[tuple[str, str, bool | None]]:
    return [(e.text, e.reason, e.accepted) for e in call(said, times) if isinstance(e, EntryEnded)]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (["4", spoken(["oh", "seven"]), "#"], "407"),
        ([spoken(["oh", "seven"]), "4", "#"], "074"),
        (["1", spoken(["two"]), "3", spoken(["four"]), "5", "#"], "12345"),
        (["1", "2", "3", "#"], "123"),
    ],
)
def test_the_order_is_kept_and_the_key_ends(said: list[Said], text: str) -> None:
    assert entries([*said, PAUSE]) == [(text, "key", True)]


def test_a_pause_ends_an_entry_and_the_next_one_begins() -> None:
    assert entries(["4", PAUSE, spoken(["one", "two"]), PAUSE]) == [("4", "pause", True), ("12", "pause", True)]
    assert entries([spoken(["one"]), "2"]) == [("12", "hang-up", True)]


def test_a_length_is_that_of_keys_and_words_together() -> None:
    times = StringTimes(lengths={3})
    assert entries(["4", spoken(["oh", "seven"]), spoken(["one", "two", "three"])], times) == [
        ("407", "length", True),
        ("123", "length", True),
    ]
    assert entries(["4", "1", "1"], times) == [("411", "length", True)]
    assert entries(["4", PAUSE, spoken(["one", "two", "three"])], times) == [
        ("4", "pause", False),
        ("123", "length", True),
    ]
    assert not entries([spoken(["oh", "seven"]), "4", PAUSE], times)[0][2]  # the words were taken for the whole


def test_other_words_make_an_entry_doubtful() -> None:
    assert entries(["4", spoken(["forty"]), PAUSE]) == [("4", "pause", False)]


def test_times_count_from_the_beginning_of_the_call() -> None:
    before = spoken(["one"], after_seconds=1.0)
    after = spoken(["two"])
    events = call([before, "9", after, "#"])
    keys = [event.seconds for event in events if isinstance(event, KeyPressed)]
    assert keys == pytest.approx([len(before) / RATE, (len(before) + len(after)) / RATE])
    word = [event.string.words[0] for event in events if isinstance(event, StringEnded)][1]
    assert word.start_seconds == pytest.approx(len(before) / RATE + 0.4, abs=0.15)


@pytest.mark.parametrize("frame", [160, 400, 4000])
def test_without_keys_a_call_tells_what_a_stream_does(frame: int) -> None:
    sound = np.concatenate([spoken(["one", "two"]), PAUSE, spoken(["seven"])])
    stream = RECOGNIZER.stream(RATE, encoding="pcm16")
    expected = stream.feed(pcm(sound)) + stream.finish()
    assert [event for event in call([sound], frame=frame) if not isinstance(event, EntryEnded)] == expected


def test_who_does_nothing_is_told_of_once() -> None:
    assert call([np.zeros(15 * RATE, np.float32)]) == [NoInput(6.0)]
