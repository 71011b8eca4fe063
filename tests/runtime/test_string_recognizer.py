"""Strings of whole recordings, with a model whose answers can be told beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models.strings import SequenceFacts
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import luhn
from aurora_resnet.runtime.strings.streams import StringStreams
from aurora_resnet.runtime.vocabulary import DIGITS
from tests.runtime.tone_model import RATE, WORD_SECONDS, ToneModel, spoken


@pytest.mark.parametrize("words", [["three"], ["two", "two", "two"], ["oh", "zero", "nine", "nine", "one"]])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_words_their_times_and_confidence(words: list[str], rate: int) -> None:
    samples = spoken(words).repeat(rate // RATE)
    found = StringRecognizer(ToneModel()).recognize(samples, rate)
    assert [word.word for word in found.words] == words
    assert found.accepted
    assert found.reason is None
    assert found.alternatives[0][0] == found.text
    for place, word in enumerate(found.words):
        assert word.start_seconds == pytest.approx(0.4 + place * (WORD_SECONDS + 0.2), abs=0.1)
        assert word.end_seconds == pytest.approx(word.start_seconds + WORD_SECONDS, abs=0.13)
        assert word.confidence >= found.confidence - 1e-9


def test_text_keeps_the_digits_and_words_keep_oh_and_zero() -> None:
    found = StringRecognizer(ToneModel()).recognize(spoken(["oh", "zero", "seven"]), RATE)
    assert found.text == "007"
    assert [word.word for word in found.words] == ["oh", "zero", "seven"]


def test_silence_and_noise() -> None:
    recognizer = StringRecognizer(ToneModel())
    silence = recognizer.recognize(np.zeros(8000, np.float32), RATE)
    assert (silence.text, silence.accepted, silence.reason) == ("", False, "silence")
    noise = recognizer.recognize(0.01 * np.random.default_rng(0).standard_normal(8000).astype(np.float32), RATE)
    assert (noise.text, noise.accepted, noise.reason) == ("", False, "no words")


def test_a_length_or_a_check_is_looked_for_and_not_cut_to() -> None:
    """A weak model finds one word too many; knowing the length it leaves out the least certain."""
    model = ToneModel(certainty=0.6)
    samples = spoken(["four", "two", "four", "two"])
    recognizer = StringRecognizer(model)
    assert recognizer.recognize(samples, RATE, lengths={4}).text == "4242"
    assert len(recognizer.recognize(samples, RATE, lengths={2, 3}).words) in (2, 3)
    assert luhn(recognizer.recognize(samples, RATE, check=luhn).text)
    none = recognizer.recognize(samples, RATE, lengths={4}, check=lambda text: text == "9999999")
    assert (none.text, none.accepted, none.reason) == ("", False, "no such string")
    with pytest.raises(ConfigError, match="lengths"):
        recognizer.recognize(samples, RATE, lengths={-1})


def test_a_check_makes_no_string_certain() -> None:
    """Who says 4072 clearly did not say a string with a right check digit."""
    samples = spoken(["four", "oh", "seven", "two"])
    free = StringRecognizer(ToneModel()).recognize(samples, RATE)
    assert (free.text, free.accepted, luhn(free.text)) == ("4072", True, False)
    forced = StringRecognizer(ToneModel()).recognize(samples, RATE, check=luhn)
    assert not forced.accepted
    assert forced.confidence < 0.1


def test_an_unsure_string_is_told_from_a_sure_one() -> None:
    unsure = StringRecognizer(ToneModel(certainty=0.9, threshold=0.9)).recognize(spoken(["four", "two"]), RATE)
    assert not unsure.accepted
    assert unsure.reason == "unsure"
    assert unsure.confidence < 0.9
    assert len(unsure.alternatives) > 1


@pytest.mark.parametrize("said", [["four", "forty", "two"], ["forty", "four", "two"], ["four", "two", "forty"]])
def test_a_number_with_other_words_is_refused(said: list[str]) -> None:
    """Its digits alone are another number."""
    alone, with_others = (
        StringRecognizer(ToneModel()).recognize(spoken(each), RATE) for each in (["four", "two"], said)
    )
    assert (alone.text, alone.accepted) == ("42", True)
    assert (with_others.text, with_others.accepted, with_others.reason) == ("42", False, "other words")
    assert with_others.confidence < 0.01
    assert not StringRecognizer(ToneModel()).recognize(spoken(said), RATE, lengths={2}).accepted


def test_words_said_long_before_or_after_a_number_are_no_part_of_it() -> None:
    pause = np.zeros(2 * RATE, np.float32)
    samples = np.concatenate([spoken(["forty"]), pause, spoken(["four", "two"]), pause, spoken(["forty"])])
    found = StringRecognizer(ToneModel()).recognize(samples, RATE)
    assert (found.text, found.accepted) == ("42", True)


def test_more_weight_of_anything_else_hears_fewer_words() -> None:
    counts = [
        len(StringRecognizer(ToneModel(certainty=0.3, other_weight=weight)).recognize(spoken(["six"] * 3), RATE).words)
        for weight in (0.01, 1.0, 100.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


def test_one_stream_gives_the_events_of_many() -> None:
    samples = spoken(["four", "two"], after_seconds=2.0)
    model = ToneModel()
    stream, streams = StringRecognizer(model).stream(RATE), StringStreams(model)
    others = [streams.open(RATE), streams.open(RATE)]
    one = [event for part in np.split(samples, [7, 400, 9000]) for event in stream.feed(part)]
    many = streams.push({others[0]: samples, others[1]: samples[:5000]})[others[0]]
    assert one + stream.finish() == many + streams.close(others[0])
    assert len(one) > 3


def test_files_have_one_schema_and_those_of_0_2_are_read() -> None:
    facts = SequenceFacts("mine", DIGITS, Calibration(threshold=0.5, other_weight=0.3), RATE, 320, 10)
    stored = facts.to_dict()
    assert stored["calibration"] == {"temperature": 1.0, "threshold": 0.5, "other_weight": 0.3}
    old = {key: value for key, value in stored.items() if key not in ("calibration", "format")}
    for each in (stored, {**old, "threshold": 0.5, "other_weight": 0.3}):
        assert SequenceFacts.from_dict(each) == facts
    for broken in (old, {**old, "threshold": "a", "other_weight": 1.0}, {**old, "threshold": 1.5, "other_weight": 1.0}):
        with pytest.raises(ConfigError):
            SequenceFacts.from_dict(broken)
