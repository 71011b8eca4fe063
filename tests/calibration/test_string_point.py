"""The threshold of strings by wrong ones among those accepted, and the temperature of their confidences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.calibration.string_point import fit_string_temperature, threshold_of_wrong
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.string_answers import StringAnswer
from aurora_resnet.runtime.decision import StringDecision

STRINGS = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), min_size=1, max_size=30)


@given(strings=STRINGS, share=st.sampled_from([0.05, 0.2, 0.5]))
def test_the_threshold_is_the_lowest_with_so_few_wrong_or_the_safest(
    strings: list[tuple[float, bool]], share: float
) -> None:
    def ratio(threshold: float) -> float:
        accepted = [right for confidence, right in strings if confidence >= threshold]
        return (accepted.count(False) + 1) / (len(accepted) + 1)

    found = threshold_of_wrong([c for c, _ in strings], [right for _, right in strings], share)
    levels = [*{confidence for confidence, _ in strings}, 1.0]
    good = [level for level in levels if ratio(level) <= share]
    assert found == (min(good) if good else min(levels, key=lambda level: (ratio(level), level)))


@given(st.floats(0.001, 1.0), st.floats(0.001, 1.0), st.integers(1, 40), st.floats(0.2, 5.0))
def test_a_confidence_is_a_root_of_the_posterior(
    probability: float, complete: float, words: int, temperature: float
) -> None:
    confidence = StringDecision(temperature=temperature).confidence(probability, complete, words)
    log_root = (np.log(probability) + np.log(complete)) / np.sqrt(words)
    assert np.log(confidence) == pytest.approx(log_root / temperature, abs=1e-9)
    assert 0 < confidence <= 1


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_the_temperature_is_found_again(true: float) -> None:
    """Strings are right as often as they say at one temperature."""
    generator = np.random.default_rng(0)
    answers = []
    for _ in range(600):
        confidence = generator.uniform(0.05, 0.95)
        word = "one" if generator.random() < confidence ** (1 / true) else "two"
        answers.append(StringAnswer(Utterance(Path("a.wav"), ("one",), ""), (word,), confidence, True, 1.0))
    assert fit_string_temperature(answers) == pytest.approx(true, rel=0.3)
    assert fit_string_temperature([each for each in answers if each.number_right]) == 1.0
