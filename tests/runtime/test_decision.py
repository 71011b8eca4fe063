"""The decision against SciPy's softmax and logsumexp, at its threshold, in silence and with what is no number."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import logsumexp, softmax

from aurora_resnet.runtime.decision import AUDIBLE, Calibration, audible, evidence, log_probabilities
from aurora_resnet.runtime.errors import ConfigError

Logits = npt.NDArray[np.float32]

logits = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(2, 12)),
    elements=st.floats(-300, 300, width=32),
)
temperatures = st.floats(1e-3, 1e3)
LOUD, SILENT = np.full((1, 8), 0.5, np.float32), np.zeros((1, 8), np.float32)


@given(z=logits, temperature=temperatures)
def test_probabilities_are_the_softmax_of_the_divided_logits(z: Logits, temperature: float) -> None:
    found = Calibration(temperature).probabilities(z)
    np.testing.assert_allclose(found, softmax(z.astype(np.float64) / temperature, axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    best = found.argmax(axis=1)
    np.testing.assert_allclose(z[np.arange(len(z)), best], z.max(axis=1), atol=1e-9)  # no temperature changes the order


@given(z=logits)
def test_evidence_is_the_log_odds_of_a_word_against_a_logit_of_zero(z: Logits) -> None:
    exact = z.astype(np.float64)
    np.testing.assert_allclose(evidence(z), logsumexp(exact, axis=1), rtol=1e-12, atol=1e-12)
    with_none = np.concatenate((exact, np.zeros((len(z), 1))), axis=1)
    log_shares = exact - logsumexp(with_none, axis=1, keepdims=True)
    np.testing.assert_allclose(log_probabilities(z), log_shares, rtol=1e-12, atol=1e-9)
    none = np.exp(-logsumexp(with_none, axis=1))
    np.testing.assert_allclose(np.exp(log_probabilities(z)).sum(axis=1) + none, 1, atol=1e-9)


@given(z=logits, threshold=st.floats(-400, 400), temperature=temperatures)
def test_accepted_from_the_threshold_on_whatever_the_temperature(
    z: Logits, threshold: float, temperature: float
) -> None:
    accepted = Calibration(temperature, threshold).accepts(z)
    exact = logsumexp(z.astype(np.float64), axis=1)
    clear = np.abs(exact - threshold) > 1e-9  # the two may round differently
    np.testing.assert_array_equal(accepted[clear], (exact >= threshold)[clear])


def test_the_threshold_itself_is_accepted_and_the_next_number_below_is_not() -> None:
    z = np.array([[1.0, 2.0, 3.0]])
    exact = float(evidence(z)[0])
    assert Calibration(threshold=exact).accepts(z)[0]
    assert not Calibration(threshold=math.nextafter(exact, math.inf)).accepts(z)[0]


def test_without_a_threshold_nobody_knows_of_all_that_is_audible() -> None:
    plain = Calibration()
    assert not plain.rejects
    assert Calibration(threshold=0.0).rejects
    assert plain.decide([[-100.0, -200.0], [100.0, 0.0]], np.concatenate((LOUD, LOUD)))[1] == [None, None]
    assert plain.decide([[100.0, 0.0]], SILENT)[1] == [False]
    assert not plain.accepts([[100.0, 0.0]]).any()


@pytest.mark.parametrize("threshold", [None, -1e4])
def test_silence_and_dither_are_never_accepted(threshold: float | None) -> None:
    eager = Calibration(threshold=threshold)
    dither = np.random.default_rng(0).integers(-1, 2, (1, 1000)) * np.float32(2**-15)
    for quiet in (SILENT, dither, -dither):
        assert eager.decide([[500.0, 0.0]], quiet)[1] == [False]
    assert eager.decide([[500.0, 0.0]], 2 * dither)[1] == [None if threshold is None else True]


def test_audible_is_a_sample_beyond_a_step_of_sixteen_bits() -> None:
    clips = np.zeros((4, 100), np.float32)
    clips[1, 7], clips[2, 99], clips[3, 0] = AUDIBLE, -1.001 * AUDIBLE, 1
    assert AUDIBLE == 1 / 32768
    assert audible(clips).tolist() == [False, False, True, True]


@pytest.mark.parametrize("threshold", [None, 0.0, -1e4])
@pytest.mark.parametrize("broken", [[math.nan, 0.0], [math.nan, math.nan], [math.nan, math.inf]])
def test_what_is_no_number_is_never_accepted(threshold: float | None, broken: list[float]) -> None:
    with np.errstate(invalid="ignore"):
        assert not Calibration(threshold=threshold).accepts([broken])[0]


def test_any_leading_axes_are_kept() -> None:
    z = np.random.default_rng(0).standard_normal((2, 3, 4))
    assert evidence(z).shape == Calibration(threshold=0.0).accepts(z).shape == (2, 3)
    assert Calibration().probabilities(z).shape == log_probabilities(z).shape == (2, 3, 4)
    np.testing.assert_allclose(Calibration(2.0).probabilities(z)[1, 2], softmax(z[1, 2] / 2))


@given(temperature=temperatures, threshold=st.none() | st.floats(-1e4, 1e4))
def test_it_survives_json(temperature: float, threshold: float | None) -> None:
    calibration = Calibration(temperature, threshold)
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0.0, None), "temperature must lie from 0.001 to 1000, got 0.0"),
        ((-1.0, None), "temperature must lie"),
        ((math.nan, None), "temperature must lie"),
        ((math.inf, None), "temperature must lie"),
        ((1.0, math.nan), "threshold must be None or within"),
        ((1.0, math.inf), "threshold must be None or within"),
        ((1.0, 20_000.0), "threshold must be None or within"),
    ],
)
def test_absurd_values_are_refused(values: tuple[float, float | None], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Calibration(*values)


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {},
        {"temperature": 1.0},
        {"temperature": None, "threshold": None},
        {"temperature": "1", "threshold": None},
        {"temperature": True, "threshold": None},
        {"temperature": 1.0, "threshold": [1]},
        {"temperature": 1.0, "threshold": None, "more": 1},
        {"temperature": 0, "threshold": None},
        {"temperature": 1.0, "threshold": math.nan},
    ],
)
def test_what_was_stored_otherwise_is_refused(stored: Any) -> None:
    with pytest.raises(ConfigError):
        Calibration.from_dict(stored)


def test_a_word_of_a_clipped_recording_must_be_sure() -> None:
    rows = np.log([[0.85, 0.15], [0.95, 0.05]]) + 20.0
    clips = np.repeat(LOUD, 2, axis=0)
    assert Calibration(threshold=0.0).decide(rows, clips, clipped=[False, False])[1] == [True, True]
    assert Calibration(threshold=0.0).decide(rows, clips, clipped=[True, True])[1] == [False, True]
    assert Calibration().decide(rows, clips, clipped=[True, True])[1] == [None, None]
