"""Temperature, evidence and threshold against formulas, counting and a search by trying."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aurora_resnet.recognition.rejection import (
    Calibration,
    choose_threshold,
    digit_evidence,
    fit_temperature,
    measure_threshold,
)
from aurora_resnet.runtime.errors import CheckpointError, ConfigError


def test_the_evidence_is_the_log_odds_against_a_further_class_of_logit_zero() -> None:
    logits = 5 * torch.randn(20, 11, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    no_digit = torch.cat([logits, torch.zeros(20, 1, dtype=torch.float64)], dim=1).softmax(1)[:, -1]
    torch.testing.assert_close(digit_evidence(logits), ((1 - no_digit) / no_digit).log())
    assert digit_evidence(logits[0].float()).shape == ()


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


@given(digits=evidences, others=evidences, percent=st.integers(0, 99))
def test_the_threshold_is_the_highest_one_that_rejects_no_more(
    digits: list[float], others: list[float], percent: int
) -> None:
    point = choose_threshold(digits, others, digits_rejected=percent / 100)

    def rejected(threshold: float) -> int:
        return sum(e < threshold for e in digits)

    assert 100 * rejected(point.threshold) <= percent * len(digits)  # in whole numbers
    assert 100 * rejected(math.nextafter(point.threshold, math.inf)) > percent * len(digits)
    assert point.digits_rejected == rejected(point.threshold) / len(digits)
    assert point.others_accepted == pytest.approx(1 - sum(e < point.threshold for e in others) / len(others))


def test_a_share_is_counted_exactly() -> None:
    digits = np.arange(100.0)
    assert choose_threshold(digits, [0.0], digits_rejected=0.29).digits_rejected == 0.29  # 0.29 * 100 < 29
    assert choose_threshold(digits, [0.0], digits_rejected=0.0).threshold == 0.0
    assert measure_threshold(50.0, digits, digits).others_accepted == 0.5


@pytest.mark.parametrize(
    ("digits", "others", "share", "message"),
    [
        ([1.0], [1.0], 1.0, "digits_rejected must lie from 0"),
        ([1.0], [1.0], math.nan, "digits_rejected must lie from 0"),
        ([], [1.0], 0.1, "digits: expected finite evidences"),
        ([1.0], [math.inf], 0.1, "others: expected finite evidences"),
        ([[1.0]], [1.0], 0.1, r"digits: .* got shape \(1, 1\)"),
    ],
)
def test_unusable_evidences_are_refused(digits: list[float], others: list[float], share: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        choose_threshold(digits, others, digits_rejected=share)


@pytest.mark.parametrize("calibration", [Calibration(), Calibration(0.7, -3.5), Calibration(2, 0)])
def test_a_calibration_comes_back_from_plain_values(calibration: Calibration) -> None:
    info = json.loads(json.dumps({"epoch": 3, **calibration.to_info()}))
    assert Calibration.from_info(info, "a file") == calibration


@pytest.mark.parametrize(
    "damaged",
    [
        {"temperature": 0.0, "threshold": None},
        {"temperature": -1.0},
        {"temperature": math.inf},
        {"temperature": math.nan},
        {"temperature": "1"},
        {"temperature": 1.0, "threshold": math.nan},
        {"temperature": 1.0, "threshold": "high"},
        {"temprature": 1.0},
        3,
        None,
    ],
)
def test_a_damaged_calibration_names_its_file(damaged: object) -> None:
    with pytest.raises(CheckpointError, match=r"calibration in /a/b\.safetensors: .*; copy the file or calibrate"):
        Calibration.from_info({"calibration": damaged}, "/a/b.safetensors")


def test_impossible_values_are_refused() -> None:
    with pytest.raises(ConfigError, match="temperature must be a finite number above 0, got 0"):
        Calibration(0.0)
    with pytest.raises(ConfigError, match="threshold must be a finite number or None, got inf"):
        Calibration(1.0, math.inf)
