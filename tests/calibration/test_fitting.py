"""Temperature and threshold against formulas, counting and a search by trying."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aurora_resnet.calibration.fitting import (
    fit_temperature,
    highest_threshold,
    lowest_threshold,
)
from aurora_resnet.runtime.decision import Calibration, evidence
from aurora_resnet.runtime.errors import ConfigError


def test_the_evidence_is_the_log_odds_against_a_further_class_of_logit_zero() -> None:
    logits = 5 * torch.randn(20, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    none = torch.cat([logits, torch.zeros(20, 1, dtype=torch.float64)], dim=1).softmax(1)[:, -1]
    np.testing.assert_allclose(evidence(logits.numpy()), ((1 - none) / none).log().numpy())
    assert evidence(logits[0].float().numpy()).shape == ()


def drawn(temperature: float, n: int = 20_000) -> tuple[Tensor, Tensor]:
    """Return logits and labels such that softmax(logits / temperature) is true."""
    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(n, 11, generator=generator)
    labels = torch.multinomial((logits / temperature).softmax(1), 1, generator=generator).flatten()
    return logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found_again(temperature: float) -> None:
    logits, labels = drawn(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)
    assert fit_temperature(10 * logits, labels) == pytest.approx(10 * fit_temperature(logits, labels), rel=1e-4)


def test_no_other_temperature_is_likelier_and_the_slope_there_is_zero() -> None:
    logits, labels = drawn(2.0, 500)
    best = fit_temperature(logits, labels)
    exact = logits.double()

    def loss(temperature: float) -> float:
        chosen = (exact / temperature).softmax(1)[torch.arange(500), labels]
        return -float(chosen.log().mean())

    assert all(loss(best) <= loss(best * factor) for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0))
    # d NLL / d(1/T) = mean(expected logit - logit of the label) = 0 at the optimum (Guo et al., appendix)
    expected = ((exact / best).softmax(1) * exact).sum(1)
    assert float((expected - exact[torch.arange(500), labels]).mean()) == pytest.approx(0, abs=1e-5)


def test_unusable_logits_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"got \[3, 11\] and \[2\]"):
        fit_temperature(torch.zeros(3, 11), torch.zeros(2, dtype=torch.long))
    with pytest.raises(ConfigError, match=r"got \[0, 11\]"):
        fit_temperature(torch.zeros(0, 11), torch.zeros(0, dtype=torch.long))
    with pytest.raises(ConfigError, match="NaN or infinite"):
        fit_temperature(torch.full((2, 11), math.nan), torch.zeros(2, dtype=torch.long))


evidences = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40)  # few values, so many are equal


@given(words=evidences, percent=st.integers(0, 99))
def test_the_threshold_is_the_highest_one_that_refuses_no_more(words: list[float], percent: int) -> None:
    threshold = highest_threshold(words, refused=percent / 100)

    def refused(threshold: float) -> int:
        return sum(e < threshold for e in words)

    assert 100 * refused(threshold) <= percent * len(words)  # in whole numbers
    assert 100 * refused(math.nextafter(threshold, math.inf)) > percent * len(words)


@given(negatives=evidences, percent=st.integers(0, 100))
def test_the_threshold_is_the_lowest_one_that_accepts_no_more(negatives: list[float], percent: int) -> None:
    threshold = lowest_threshold(negatives, accepted=percent / 100)

    def accepted(threshold: float) -> int:
        return sum(e >= threshold for e in negatives)

    assert 100 * accepted(threshold) <= percent * len(negatives)
    if percent < 100:
        assert 100 * accepted(math.nextafter(threshold, -math.inf)) > percent * len(negatives)


def test_a_share_is_counted_exactly() -> None:
    words = np.arange(100.0)
    assert (words < highest_threshold(words, refused=0.29)).mean() == 0.29  # 0.29 * 100 < 29
    assert highest_threshold(words, refused=0.0) == 0.0
    assert (words >= lowest_threshold(words, accepted=0.29)).mean() == 0.29
    assert lowest_threshold(words, accepted=1.0) == 0.0


@pytest.mark.parametrize(
    ("words", "share", "message"),
    [
        ([1.0], 1.0, "words_refused must lie from 0 to below 1, got 1.0"),
        ([1.0], -0.1, "words_refused must lie from 0"),
        ([1.0], math.nan, "words_refused must lie from 0"),
        ([], 0.1, "words: expected finite evidences"),
        ([math.inf], 0.1, "words: expected finite evidences"),
        ([[1.0]], 0.1, r"words: .* got shape \(1, 1\)"),
    ],
)
def test_unusable_evidences_of_words_are_refused(words: list[float], share: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        highest_threshold(words, refused=share)


@pytest.mark.parametrize(
    ("negatives", "share", "message"),
    [
        ([1.0], 1.1, "negatives_accepted must lie from 0 to 1, got 1.1"),
        ([1.0], math.nan, "negatives_accepted must lie from 0"),
        ([], 0.1, "negatives: expected finite evidences"),
        ([math.nan], 0.1, "negatives: expected finite evidences"),
    ],
)
def test_unusable_evidences_of_negatives_are_refused(negatives: list[float], share: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lowest_threshold(negatives, accepted=share)


@pytest.mark.parametrize("calibration", [Calibration(), Calibration(0.7, -3.5), Calibration(2, 0)])
def test_a_calibration_comes_back_from_plain_values(calibration: Calibration) -> None:
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration


@pytest.mark.parametrize(
    "damaged",
    [
        {"temperature": 0.0, "threshold": None},
        {"temperature": -1.0, "threshold": None},
        {"temperature": math.inf, "threshold": None},
        {"temperature": math.nan, "threshold": None},
        {"temperature": "1", "threshold": None},
        {"temperature": None, "threshold": None},
        {"temperature": True, "threshold": None},
        {"temperature": 1.0},
        {"temperature": 1.0, "threshold": math.nan},
        {"temperature": 1.0, "threshold": "high"},
        {"temprature": 1.0, "threshold": None},
        3,
        None,
    ],
)
def test_a_damaged_calibration_is_refused(damaged: object) -> None:
    with pytest.raises(ConfigError, match=r"calibration|temperature|threshold"):
        Calibration.from_dict(damaged)  # type: ignore[arg-type]
