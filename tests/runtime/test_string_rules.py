"""Which strings are possible: known numbers, checks, numbers said in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models.strings import Probabilities, SequenceFacts
from aurora_resnet.runtime.strings.events import StringEnded, StringTimes
from aurora_resnet.runtime.strings.grammar import NUMBER_WORDS
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules, read_known
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from tests.runtime.tone_model import OTHER, RATE, STEP, ToneModel, spoken


class NumberModel(ToneModel):
    """Knows the tone of other speech as a word of its own, "forty"."""

    def __init__(self) -> None:
        super().__init__()
        assert OTHER in NUMBER_WORDS
        words = Vocabulary((*DIGITS.words, OTHER))
        self.facts = SequenceFacts("numbers", words, Calibration(threshold=0.5), RATE, STEP, STEP)

    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        shares, after = super().step(samples, state)
        return np.insert(shares, len(self.facts.vocabulary), 0.0, axis=-1), after


def test_numbers_said_in_words_are_read_or_refused() -> None:
    recognizer = StringRecognizer(NumberModel())
    samples = spoken(["forty", "seven", "one"])
    refused = recognizer.recognize(samples, RATE)
    assert (refused.text, refused.accepted, refused.reason) == ("71", False, "other words")
    read = recognizer.recognize(samples, RATE, numbers="spoken")
    assert (read.text, read.accepted, [word.word for word in read.words]) == ("471", True, ["forty", "seven", "one"])
    assert recognizer.recognize(samples, RATE, numbers="spoken", lengths={3}).text == "471"
    assert recognizer.recognize(samples, RATE, numbers="spoken", lengths={2}).text != "471"


def test_numbers_cannot_be_read_by_a_model_without_their_words() -> None:
    with pytest.raises(ConfigError, match="needs a model whose vocabulary has words such as 'twenty'"):
        StringRecognizer(ToneModel()).recognize(spoken(["four"]), RATE, numbers="spoken")


def test_the_nearest_of_the_known_numbers_and_none_that_is_too_far() -> None:
    recognizer = StringRecognizer(ToneModel())
    samples = spoken(["four", "oh", "seven", "one"])
    known = recognizer.recognize(samples, RATE, known=("4071", "4971", "40711"))
    assert (known.text, known.accepted) == ("4071", True)
    far = recognizer.recognize(samples, RATE, known=("5566", "98"))
    assert not far.accepted
    assert far.confidence < 0.01


def test_a_stream_looks_for_known_numbers_and_then_for_another_one() -> None:
    stream = StringRecognizer(ToneModel()).stream(RATE, times=StringTimes(known=("42", "77")))
    first = stream.feed(spoken(["four", "two"], after_seconds=0.6))
    stream.ask(StringTimes(lengths={3}))
    second = stream.feed(spoken(["one", "two", "three"], after_seconds=0.6))
    ended = [event.string.text for event in [*first, *second] if isinstance(event, StringEnded)]
    assert ended == ["42", "123"]


def test_a_list_of_numbers(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    file.write_text("0171 2345\n\n12-34\n")
    assert read_known(file) == ("01712345", "1234")
    for text, told in (("12\nabc\n", "line 2: expected a number, got 'abc'"), ("\n", "got none")):
        file.write_text(text)
        with pytest.raises(ConfigError, match=told):
            read_known(file)
    with pytest.raises(ConfigError, match="expected a text file"):
        read_known(tmp_path)


@pytest.mark.parametrize("wrong", [{"check": "lun"}, {"numbers": "words"}, {"lengths": []}, {"known": []}])
def test_wrong_rules(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        StringRules(**wrong)  # type: ignore[arg-type]
