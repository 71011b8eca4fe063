"""Strings in streams, with a model whose answers can be told beforehand."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.errors import AudioError, ConfigError
from aurora_resnet.runtime.strings.events import (
    Digit,
    NoInput,
    Partial,
    Rejected,
    SpeechStarted,
    StringEnded,
    StringEvent,
    StringTimes,
    event_values,
)
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from tests.runtime.tone_model import RATE, ToneModel, spoken

SHORT = StringTimes(between_seconds=0.6, no_input_seconds=1.0)


def heard(samples: np.ndarray, cuts: list[int], times: StringTimes = SHORT, rate: int = RATE) -> list[StringEvent]:
    """All events of a stream that comes in chunks."""
    streams = StringStreams(ToneModel(), times)
    number = streams.open(rate)
    events = [event for chunk in np.split(samples, cuts) for event in streams.push({number: chunk})[number]]
    return events + streams.close(number)


def test_what_happens_from_the_first_sound_to_the_end_of_a_string() -> None:
    events = heard(spoken(["one", "two", "two"], after_seconds=0.9), [])
    kinds = [type(event).__name__ for event in events]
    assert kinds[0] == "SpeechStarted"
    assert kinds[-1] == "StringEnded"
    assert [event.word.word for event in events if isinstance(event, Digit)] == ["one", "two", "two"]
    assert [event.text for event in events if isinstance(event, Partial)][-1] == "122"
    ended = events[-1]
    assert isinstance(ended, StringEnded)
    assert (ended.string.text, ended.reason, ended.string.accepted) == ("122", "pause", True)
    told = [event.seconds for event in events]
    assert told == sorted(told)


def test_a_word_at_the_very_end_is_heard() -> None:
    samples = spoken(["one", "two"], after_seconds=0.0, pause_seconds=0.0)
    assert [e.string.text for e in heard(samples, []) if isinstance(e, StringEnded)] == ["12"]
    assert StringRecognizer(ToneModel()).recognize(samples, RATE).text == "12"


def test_the_end_of_a_stream_is_no_waiting_for_input() -> None:
    assert heard(np.zeros(round(0.8 * RATE), np.float32), [], StringTimes(no_input_seconds=1.0)) == []


def test_a_digit_is_told_soon_after_it_was_said() -> None:
    for event in heard(spoken(["five", "six", "six"]), []):
        if isinstance(event, Digit):
            assert event.seconds - event.word.end_seconds <= 0.13


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, 16000), max_size=12).map(sorted))
def test_any_chunks_give_the_events_of_the_whole(cuts: list[int]) -> None:
    samples = spoken(["oh", "nine", "nine", "four"], after_seconds=1.0)
    assert heard(samples, cuts) == heard(samples, [])


def test_a_stream_and_a_recording_agree() -> None:
    words = ["eight", "eight", "oh", "three"]
    samples = spoken(words)
    ended = [event for event in heard(samples, [2500]) if isinstance(event, StringEnded)]
    whole = StringRecognizer(ToneModel()).recognize(samples, RATE)
    assert [event.string.text for event in ended] == [whole.text]
    assert ended[0].string.confidence == pytest.approx(whole.confidence, abs=1e-2)  # it waits less


def test_a_known_length_ends_the_string_at_once() -> None:
    samples = spoken(["one", "two", "three", "four"], after_seconds=3.0)
    by_length = [e for e in heard(samples, [], StringTimes(lengths={4})) if isinstance(e, StringEnded)]
    by_pause = [e for e in heard(samples, [], StringTimes()) if isinstance(e, StringEnded)]
    assert (by_length[0].reason, by_pause[0].reason) == ("length", "pause")
    assert by_length[0].string.text == by_pause[0].string.text == "1234"
    assert by_length[0].seconds < by_pause[0].seconds - 0.5


def test_a_known_length_changes_nothing_of_what_is_told_before_the_end() -> None:
    samples = spoken(["one", "two", "three", "four"], after_seconds=3.0)
    by_length, by_pause = (heard(samples, [], StringTimes(lengths=lengths)) for lengths in ({4, 16}, None))
    assert [(type(e), e.seconds) for e in by_length] == [(type(e), e.seconds) for e in by_pause]
    assert [e.text for e in by_length if isinstance(e, Partial)] == ["1", "12", "123", "1234"]
    assert [e.word.word for e in by_length if isinstance(e, Digit)] == ["one", "two", "three", "four"]


def test_what_follows_a_string_of_a_known_length_is_no_string() -> None:
    events = heard(spoken(["one", "two"], after_seconds=5.0), [], StringTimes(lengths={2}, no_input_seconds=3.0))
    after = [type(event) for event in events[[type(e) for e in events].index(StringEnded) + 1 :]]
    assert after == [NoInput]


def test_too_few_words_are_not_accepted_as_the_length_that_was_asked_for() -> None:
    samples = spoken(["one", "two", "three"], after_seconds=3.0)
    ended = [e for e in heard(samples, [], StringTimes(lengths={4})) if isinstance(e, StringEnded)]
    assert [(e.reason, e.string.accepted) for e in ended] == [("pause", False)]


def test_who_waits_a_minute_before_he_speaks_is_heard_as_surely() -> None:
    """Frame by frame a model thinks a little of every word, also while nobody says one."""
    confidences = []
    for seconds in (0, 60):
        samples = spoken(["one", "two"], before_seconds=0.4 + seconds, after_seconds=1.0)
        streams = StringStreams(ToneModel(certainty=0.995), SHORT)
        call = streams.open(RATE)
        ended = [e for e in streams.push({call: samples})[call] if isinstance(e, StringEnded)]
        assert [e.string.text for e in ended] == ["12"]
        confidences.append(ended[0].string.confidence)
    assert confidences[1] == pytest.approx(confidences[0], abs=0.1)


@pytest.mark.parametrize("encoding", ["pcm16", "mulaw", "alaw"])
def test_bytes_of_the_telephone_are_heard(encoding: str) -> None:
    subtype = {"pcm16": "PCM_16", "mulaw": "ULAW", "alaw": "ALAW"}[encoding]
    buffer = io.BytesIO()
    soundfile.write(buffer, spoken(["nine", "oh"], after_seconds=1.0), RATE, format="RAW", subtype=subtype)
    streams = StringStreams(ToneModel())
    call = streams.open(RATE, encoding=encoding, times=SHORT)  # type: ignore[arg-type]
    events = streams.push({call: buffer.getvalue()})[call]
    assert [e.word.word for e in events if isinstance(e, Digit)] == ["nine", "oh"]
    with pytest.raises(AudioError, match=f"expected bytes of {encoding}, got list"):
        streams.push({call: [0.0]})
    with pytest.raises(AudioError, match="is no encoding"):
        streams.open(RATE, encoding="ulaw")  # type: ignore[arg-type]


def test_events_as_json_have_all_that_they_have() -> None:
    events = heard(spoken(["one", "two"], after_seconds=0.9), [])
    for event in events:
        values = json.loads(json.dumps(event_values(event)))
        assert values.keys() == {"event", *vars(event)}
        assert values["seconds"] == pytest.approx(event.seconds, abs=5e-4)
    ended = event_values(events[-1])
    assert (ended["event"], ended["reason"], ended["string"]["text"]) == ("string_ended", "pause", "12")
    assert [word["word"] for word in ended["string"]["words"]] == ["one", "two"]
    assert event_values(NoInput(1.0))["event"] == "no_input"


def test_two_strings_and_their_times() -> None:
    samples = np.concatenate((spoken(["one"], after_seconds=1.0), spoken(["two", "three"], after_seconds=1.0)))
    ended = [event for event in heard(samples, []) if isinstance(event, StringEnded)]
    assert [event.string.text for event in ended] == ["1", "23"]
    assert ended[1].string.words[0].start_seconds == pytest.approx(
        len(spoken(["one"], after_seconds=1.0)) / RATE + 0.4, abs=0.1
    )


def test_nobody_speaks_and_somebody_says_something_else() -> None:
    nothing = heard(np.zeros(3 * RATE, np.float32), [])
    assert [type(event) for event in nothing] == [NoInput]
    speech = 0.2 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    quiet = np.full(2 * RATE, 1e-3, np.float32) * np.random.default_rng(1).standard_normal(2 * RATE).astype(np.float32)
    something = heard(np.concatenate((quiet[:RATE], speech, quiet)), [], StringTimes(between_seconds=0.6))
    assert [type(event) for event in something if not isinstance(event, NoInput)] == [SpeechStarted, Rejected]


def test_a_string_that_never_ends_is_cut() -> None:
    samples = spoken(["one"] * 12)
    ended = [e for e in heard(samples, [], StringTimes(at_most_seconds=2.0)) if isinstance(e, StringEnded)]
    assert ended[0].reason == "too long"
    assert sum(len(event.string.words) for event in ended) == 12


def test_many_streams_are_one_batch_and_each_hears_its_own() -> None:
    strings = [["one", "two"], ["three"], ["four", "four", "four"]]
    model = ToneModel()
    streams = StringStreams(model, SHORT)
    numbers = [streams.open(RATE) for _ in strings]
    spoken_ = [np.pad(spoken(words), (0, 2 * RATE))[: 3 * RATE] for words in strings]
    events: dict[int, list[StringEvent]] = {number: [] for number in numbers}
    for start in range(0, 3 * RATE, 800):
        happened = streams.push({n: s[start : start + 800] for n, s in zip(numbers, spoken_, strict=True)})
        for number, some in happened.items():
            events[number] += some
    batched = model.calls
    for number, samples, words in zip(numbers, spoken_, strings, strict=True):
        alone = heard(samples, [])
        assert events[number] + streams.close(number) == alone
        assert [e.word.word for e in alone if isinstance(e, Digit)] == words
    held_back = 2  # steps that may begin a tone
    assert batched == 3 * RATE // model.facts.step_samples - held_back  # a step of all streams is one call


def test_what_cannot_be_heard_is_refused_and_leaves_the_streams_as_they_were() -> None:
    streams = StringStreams(ToneModel(), SHORT)
    first, second = streams.open(RATE), streams.open(RATE)
    samples = spoken(["one"], after_seconds=1.0)
    with pytest.raises(AudioError):
        streams.push({first: samples, second: np.full(10, np.nan)})
    with pytest.raises(AudioError, match="mono"):
        streams.push({first: np.zeros((4, 2), np.float32)})
    with pytest.raises(ConfigError, match="no open stream 7"):
        streams.push({first: samples, 7: samples})
    assert [e.word.word for e in streams.push({first: samples})[first] if isinstance(e, Digit)] == ["one"]
    streams.close(first)
    with pytest.raises(ConfigError, match="no open stream"):
        streams.close(first)


def test_a_number_with_other_words_is_refused_in_a_stream() -> None:
    streams = StringStreams(ToneModel())
    call = streams.open(RATE)
    samples = spoken(["four", "forty", "two"], after_seconds=2.0)
    (ended,) = [event for event in streams.push({call: samples})[call] if isinstance(event, StringEnded)]
    assert (ended.string.text, ended.string.accepted, ended.string.reason) == ("42", False, "other words")
