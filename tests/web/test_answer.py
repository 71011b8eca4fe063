"""The answer is the recogniser's own, and what the page shows of it is true."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.web.answer import answer_recording, envelope

RATE = 48_000


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.7])
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_it_answers_what_the_recogniser_answers(
    recognizer: Recognizer, spoken: Callable[[str], Samples], seconds: float, rate: int
) -> None:
    # At 8 kHz the same samples are a slow, deep voice: any recording will do.
    samples = spoken("two")[: round(seconds * rate)]
    answer, expected = answer_recording(recognizer, samples, rate), recognizer.recognize(samples, rate)
    assert (answer.word, answer.digit, answer.accepted) == (expected.word, expected.digit, expected.accepted)
    assert answer.confidence == pytest.approx(expected.confidence, abs=1e-6)
    assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
    odds = np.exp(recognizer.model.logits(recognizer.clip(samples, rate).samples[None]).astype(float)).sum()
    assert answer.none_probability == pytest.approx(1 / (1 + odds))  # K logits against one that is 0


@pytest.mark.parametrize("word", ["seven", "oh", "zero"])
def test_a_spoken_word_is_understood(recognizer: Recognizer, spoken: Callable[[str], Samples], word: str) -> None:
    answer = answer_recording(recognizer, spoken(word), RATE)
    assert (answer.word, answer.accepted) == (word, True)


def test_the_clip_is_where_the_sound_is(recognizer: Recognizer) -> None:
    samples = np.zeros(3 * RATE, dtype=np.float32)
    samples[round(0.7 * RATE) : round(1.7 * RATE)] = 0.5
    answer = answer_recording(recognizer, samples, RATE)
    assert (answer.duration_seconds, answer.clip_seconds) == (3.0, 1.0)
    assert answer.clip_start_seconds == pytest.approx(0.7)


def test_a_short_recording_lies_in_the_middle_of_the_clip(recognizer: Recognizer) -> None:
    answer = answer_recording(recognizer, np.full(RATE // 4, 0.5, dtype=np.float32), RATE)
    before, after = -answer.clip_start_seconds, answer.clip_start_seconds + answer.clip_seconds - 0.25
    assert before == pytest.approx(after, abs=1 / RATE)


@pytest.mark.parametrize("frequency", [300.0, 1000.0, 3000.0])
def test_a_tone_is_bright_in_its_own_band_counted_from_below(recognizer: Recognizer, frequency: float) -> None:
    noise = 0.4 * np.random.default_rng(0).standard_normal(RATE)  # tones alone are taken off
    tone = (0.3 * np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE) + noise).astype(np.float32)
    picture = np.array(answer_recording(recognizer, tone, RATE).log_mel)
    assert picture.shape == (64, 101)

    def mel(hertz: float) -> float:  # the HTK scale
        return 2595 * math.log10(1 + hertz / 700)

    # The centres of 64 bands lie at 1 ... 64 of 65 equal steps from 60 Hz to 4 kHz.
    band = 65 * (mel(frequency) - mel(60)) / (mel(4000) - mel(60)) - 1
    assert int(picture.mean(axis=1).argmax()) == pytest.approx(band, abs=1)


@given(st.lists(st.integers(-8, 8), min_size=1, max_size=60), st.integers(1, 20))
def test_an_envelope_holds_the_extremes_of_equal_parts(values: list[int], columns: int) -> None:
    samples = np.array(values, dtype=np.float32) / np.float32(8)
    count = min(columns, len(values))
    edges = [i * len(values) // count for i in range(count + 1)]
    parts = [[v / 8 for v in values[a:b]] for a, b in pairwise(edges)]
    result = envelope(samples, columns)
    assert result.low == pytest.approx([min(part) for part in parts], abs=5e-5)
    assert result.high == pytest.approx([max(part) for part in parts], abs=5e-5)
