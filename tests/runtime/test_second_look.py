"""A finished string is read once more, and what a model that looks ahead makes of long recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models.strings import (
    MARGIN_SECONDS,
    WINDOW_SECONDS,
    Probabilities,
    SequenceFacts,
    SequenceModel,
    WindowModel,
)
from aurora_resnet.runtime.strings.events import Digit, StringEnded, StringEvent
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams

RATE = 8000
Spoken = Callable[..., Path]


@pytest.fixture(scope="module")
def number(spoken: Spoken) -> Samples:
    """Four digits of one voice, with the pause that ends a string."""
    words = [read_audio(spoken(word, engine="flite"))[0] for word in ("seven", "two", "nine", "four")]
    gap = np.zeros(RATE // 8, np.float32)
    said = [part for word in words for part in (word, gap)]
    return np.concatenate([np.zeros(RATE // 2, np.float32), *said, np.zeros(3 * RATE, np.float32)])


def events_of(recognizer: StringRecognizer, samples: Samples, chunk: int) -> list[StringEvent]:
    stream = recognizer.stream(RATE)
    found = [event for at in range(0, len(samples), chunk) for event in stream.feed(samples[at : at + chunk])]
    return found + stream.finish()


def test_a_stream_tells_digits_as_before_and_ends_with_the_second_look(number: Samples) -> None:
    live, looking = (StringRecognizer.from_pretrained(name) for name in ("string_net", "speech_encoder"))
    plain, twice = (events_of(recognizer, number, 800) for recognizer in (live, looking))
    assert [e for e in plain if isinstance(e, Digit)] == [e for e in twice if isinstance(e, Digit)]
    (before,), (after,) = ([e for e in each if isinstance(e, StringEnded)] for each in (plain, twice))
    assert (before.string.text, after.string.text) == ("7294", "7294")
    assert (before.seconds, before.reason) == (after.seconds, after.reason)
    assert before.string.confidence != after.string.confidence
    for here, there in zip(before.string.words, after.string.words, strict=True):
        assert abs(here.start_seconds - there.start_seconds) < 0.6  # the one looks ahead


@pytest.mark.parametrize("chunk", [160, 333, 8000])
def test_the_second_look_does_not_depend_on_the_chunks(number: Samples, chunk: int) -> None:
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    assert events_of(recognizer, number, chunk) == events_of(recognizer, number, 800)


def test_many_streams_have_a_second_look_too(number: Samples) -> None:
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    streams = StringStreams(recognizer)
    call = streams.open(RATE)
    found = [*streams.push({call: number})[call], *streams.close(call)]
    assert found == events_of(recognizer, number, 800)


def test_models_of_other_words_cannot_look() -> None:
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    recognizer.model.facts = replace(recognizer.facts, step_samples=160)
    with pytest.raises(ConfigError, match="speech_encoder cannot look at what string_net finds: their step_samples"):
        recognizer.stream(RATE)


@pytest.fixture(scope="module")
def facts() -> SequenceFacts:
    return StringRecognizer.from_pretrained("string_net").facts


class Steps(WindowModel):
    """Says of each step what its first sample is, and fails for windows that are too long."""

    def __init__(self, facts: SequenceFacts) -> None:
        self.facts = facts
        self.longest = 0

    def window(self, samples: Samples) -> Probabilities:
        self.longest = max(self.longest, len(samples))
        return np.repeat(samples.reshape(-1, self.facts.step_samples)[:, :1], 13, axis=1)


@given(st.integers(0, 60 * RATE))
def test_windows_of_a_long_recording_are_put_together_step_by_step(facts: SequenceFacts, length: int) -> None:
    model = Steps(facts)
    samples = np.arange(length, dtype=np.float32)
    step = model.facts.step_samples
    whole = model.whole(samples)
    np.testing.assert_array_equal(whole[:, 0], samples[::step])
    assert model.longest <= WINDOW_SECONDS * RATE
    assert 2 * MARGIN_SECONDS < WINDOW_SECONDS


@pytest.mark.slow
def test_a_long_recording_is_read_as_its_parts_are(number: Samples) -> None:
    recognizer = StringRecognizer.from_pretrained("speech_encoder")
    assert not isinstance(recognizer.model, SequenceModel)
    assert recognizer.recognize(number, RATE).text == "7294"
    assert recognizer.recognize(np.tile(number, 4), RATE).text == "7294" * 4
