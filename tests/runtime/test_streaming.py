"""``StreamingRecognizer``: the same events whatever the chunks, the best sequence, bounded memory, real strings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import AudioError, ConfigError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.config import StreamingConfig
from aurora_resnet.runtime.streaming.recognizer import StreamingRecognizer, WordEvent, recognize_stream

Spoken = Callable[..., Path]

RATE = 8000
COARSE = StreamingConfig(step_seconds=0.08, shortest_seconds=0.24, longest_seconds=0.64)  # four times as fast
SAID = ("seven", "two", "two", "two", "nine")


@pytest.fixture(scope="module")
def speech(spoken: Spoken) -> Samples:
    """Synthetic words over quiet noise; three times the same recording of "two", close together."""
    rng = np.random.default_rng(3)
    parts: list[Samples] = [np.zeros(RATE // 2, np.float32)]
    for word in SAID:
        parts += [read_audio(spoken(word, engine="flite"))[0], np.zeros(round(0.04 * RATE), np.float32)]
    signal = np.concatenate([*parts, np.zeros(RATE // 2, np.float32)])
    return signal + (1e-4 * rng.standard_normal(len(signal))).astype(np.float32)


def events_of(stream: StreamingRecognizer, chunks: list[Samples]) -> list[WordEvent]:
    return [event for chunk in chunks for event in stream.feed(chunk)] + stream.finish()


def pieces(signal: Samples, cuts: list[float]) -> list[Samples]:
    """Cut a signal at shares of its length; some pieces are empty."""
    return np.split(signal, sorted(round(cut * len(signal)) for cut in cuts))


@pytest.fixture(scope="module")
def at_once(recognizer: Recognizer, speech: Samples) -> dict[int, list[WordEvent]]:
    """The events of the whole, by the rate at which it is given."""
    return {rate: events_of(recognizer.stream(rate), [resample(speech, RATE, rate)]) for rate in (8000, 16000)}


def test_the_words_are_found_and_repeated_ones_kept_apart(at_once: dict[int, list[WordEvent]]) -> None:
    for events in at_once.values():
        assert tuple(event.word for event in events) == SAID
        assert [event.digit for event in events] == [7, 2, 2, 2, 9]
        assert all(a.end_seconds <= b.start_seconds for a, b in itertools.pairwise(events))
        assert all(event.end_seconds <= event.decided_seconds <= event.end_seconds + 2.1 for event in events)


@pytest.fixture(scope="module")
def coarse(recognizer: Recognizer, speech: Samples) -> dict[int, list[WordEvent]]:
    """The events of the first seconds on the coarse grid, by the rate at which they are given."""
    return {
        rate: events_of(recognizer.stream(rate, config=COARSE), [resample(speech[: 3 * RATE], RATE, rate)])
        for rate in (8000, 16000)
    }


@settings(max_examples=8, deadline=None)
@given(rate=st.sampled_from([8000, 16000]), cuts=st.lists(st.floats(0, 1), max_size=60))
def test_any_chunks_give_exactly_the_events_of_the_whole(
    recognizer: Recognizer,
    speech: Samples,
    coarse: dict[int, list[WordEvent]],
    rate: int,
    cuts: list[float],
) -> None:
    expected = coarse[rate]
    assert len(expected) >= 2
    chunks = pieces(resample(speech[: 3 * RATE], RATE, rate), cuts)
    assert events_of(recognizer.stream(rate, config=COARSE), chunks) == expected


def test_words_said_alone_are_all_that_lies_between_two_pauses(
    recognizer: Recognizer, spoken: Spoken, speech: Samples
) -> None:
    config = StreamingConfig(step_seconds=0.08, longest_seconds=0.96, pause_seconds=0.48, alone=True)
    words = [read_audio(spoken(word, engine="flite"))[0] for word in SAID]
    noise = 1e-4 * np.random.default_rng(3).standard_normal(sum(map(len, words)) + (len(SAID) + 2) * RATE)
    starts = [2 * RATE + sum(len(word) + RATE for word in words[:number]) for number in range(len(words))]
    signal = noise.astype(np.float32)
    for start, word in zip(starts, words, strict=True):
        signal[start : start + len(word)] += word
    events = events_of(recognizer.stream(RATE, config=config), [signal])
    assert tuple(event.word for event in events) == SAID
    for event, start, word in zip(events, starts, words, strict=True):
        middle = (start + len(word) / 2) / RATE
        assert event.start_seconds < middle < event.end_seconds <= event.start_seconds + 0.96
        assert event.decided_seconds <= event.end_seconds + 0.6
    for size in (777, 8001):
        chunks = np.split(signal, range(size, len(signal), size))
        assert events_of(recognizer.stream(RATE, config=config), chunks) == events
    assert events_of(recognizer.stream(RATE, config=config), [speech]) == []  # it runs on


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(rate=st.sampled_from([8000, 16000]), cuts=st.lists(st.floats(0, 1), max_size=60))
def test_any_chunks_give_exactly_the_events_of_the_whole_on_the_fine_grid(
    recognizer: Recognizer,
    speech: Samples,
    at_once: dict[int, list[WordEvent]],
    rate: int,
    cuts: list[float],
) -> None:
    chunks = pieces(resample(speech, RATE, rate), cuts)
    assert events_of(recognizer.stream(rate), chunks) == at_once[rate]


def test_a_stream_after_a_flush_is_a_new_one(
    recognizer: Recognizer, speech: Samples, at_once: dict[int, list[WordEvent]]
) -> None:
    stream = recognizer.stream(RATE)
    events_of(stream, [speech[: len(speech) // 2]])
    assert events_of(stream, list(np.split(speech, [1, 77]))) == at_once[RATE]


def test_a_file_gives_what_its_samples_give(
    recognizer: Recognizer, speech: Samples, at_once: dict[int, list[WordEvent]], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "speech.wav", speech, RATE)
    found = recognize_stream(recognizer, tmp_path / "speech.wav")
    assert [event.word for event in found] == [event.word for event in at_once[RATE]]  # the file has 16 bits


def test_the_gains_are_those_of_the_stretches_recognised_alone(recognizer: Recognizer, speech: Samples) -> None:
    """One word alone: its event is the best of all stretches, each recognised by ``Recognizer`` itself."""
    config = StreamingConfig(loud_db=0.0)  # only the quietest step of all so far begins and ends no word
    word, size = speech[: round(1.2 * RATE)], round(config.step_seconds * RATE)
    (event,) = events_of(recognizer.stream(RATE, config=config), [word])
    spans = [(start, start + steps) for start in range(len(word) // size) for steps in range(5, 17)]
    spans = [(start, end) for start, end in spans if end <= len(word) // size]
    stretches = [word[start * size : end * size] for start, end in spans]
    gains = []
    for (start, end), stretch in zip(spans, stretches, strict=True):
        left = (RATE - len(stretch)) // 2
        clip = np.pad(stretch, (left, RATE - len(stretch) - left))
        logits = recognizer.model.logits(clip[None])[0].astype(np.float64)
        probability = np.exp(logits.max()) / (1 + np.exp(logits).sum())  # over the words and none of them
        gains.append((end - start) * 0.04 * math.log(probability / config.neutral_probability) + config.word_gain)
    best = int(np.argmax(gains))
    answer = recognizer.recognize(stretches[best], RATE)
    assert answer.accepted
    assert event.word == answer.word
    assert event.confidence == pytest.approx(answer.confidence, abs=1e-3)  # int8: one rounding more or less
    assert (event.start_seconds, event.end_seconds) == pytest.approx(tuple(0.04 * step for step in spans[best]))


def test_silence_and_noise_give_nothing(recognizer: Recognizer) -> None:
    rng = np.random.default_rng(0)
    for signal in (np.zeros(3 * RATE, np.float32), 0.05 * rng.standard_normal(3 * RATE, np.float32)):
        assert events_of(recognizer.stream(RATE), [signal]) == []
    assert recognizer.stream(RATE).finish() == []


def test_what_cannot_be_used_is_refused_and_leaves_the_stream_as_it_was(
    recognizer: Recognizer, speech: Samples, at_once: dict[int, list[WordEvent]]
) -> None:
    stream = recognizer.stream(RATE)
    events = stream.feed(speech[:5000])
    with pytest.raises(AudioError, match=r"expected mono samples \[n\], got shape \(5, 2\); .*Downmix makes one"):
        stream.feed(np.zeros((5, 2)))
    with pytest.raises(AudioError, match="NaN or infinite"):
        stream.feed([math.nan])
    events += stream.feed(speech[5000:]) + stream.finish()
    assert events == at_once[RATE]


def test_a_word_longer_than_the_clip_and_odd_values_are_refused(recognizer: Recognizer) -> None:
    with pytest.raises(ConfigError, match=r"longest_seconds is 1.2, but the model's clips have 1.0 s"):
        recognizer.stream(RATE, config=StreamingConfig(longest_seconds=1.2))
    with pytest.raises(ConfigError, match="step_seconds <= shortest_seconds <= longest_seconds"):
        StreamingConfig(shortest_seconds=0.7)
    with pytest.raises(ConfigError, match=r"pause_seconds must lie from 0.04 to 60, got 0"):
        StreamingConfig(pause_seconds=0.0)


def test_a_model_without_a_threshold_is_refused(recognizer: Recognizer) -> None:
    class Unsure:
        """The model without a calibration."""

        facts = replace(recognizer.model.facts, calibration=Calibration())
        logits = recognizer.model.logits
        features = recognizer.model.features

    with pytest.raises(ConfigError, match=r"'compact' has no threshold.*aurora-resnet calibrate"):
        Recognizer(Unsure()).stream(RATE)
