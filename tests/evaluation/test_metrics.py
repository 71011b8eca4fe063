"""Metrics against formulas, brute force and laws."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.evaluation.metrics import (
    Score,
    accuracy_interval,
    expected_calibration_error,
    scores_by,
    wilson_interval,
)
from aurora_resnet.runtime.errors import ConfigError

outcomes = st.lists(st.tuples(st.sampled_from("abcdefg"), st.booleans()), min_size=1, max_size=60)


def bools(values: list[bool]) -> npt.NDArray[np.bool_]:
    return np.array(values, dtype=np.bool_)


@given(clips=st.integers(1, 3000), data=st.data())
def test_wilson_is_its_formula(clips: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, clips))
    p, z = correct / clips, NormalDist().inv_cdf(0.975)
    centre, scale = p + z**2 / (2 * clips), 1 + z**2 / clips
    half = z * math.sqrt(p * (1 - p) / clips + z**2 / (4 * clips**2))
    interval = wilson_interval(correct, clips)
    assert interval.low == pytest.approx((centre - half) / scale, abs=1e-9)
    assert interval.high == pytest.approx((centre + half) / scale, abs=1e-9)
    assert (interval.low == 0) == (correct == 0)
    assert (interval.high == 1) == (correct == clips)


@settings(deadline=None)
@given(outcomes)
def test_interval_contains_the_estimate_and_lies_in_0_1(clips: list[tuple[str, bool]]) -> None:
    correct = bools([right for _, right in clips])
    interval = accuracy_interval(correct, [speaker for speaker, _ in clips])
    assert 0 <= interval.low <= correct.mean() <= interval.high <= 1
    assert interval.low < interval.high


@settings(deadline=None)
@given(outcomes, st.randoms(use_true_random=False))
def test_order_of_clips_does_not_matter(clips: list[tuple[str, bool]], random: object) -> None:
    shuffled = list(clips)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (
        accuracy_interval(bools([right for _, right in some]), [who for who, _ in some]) for some in (clips, shuffled)
    )
    assert first == second


def test_bootstrap_equals_a_loop_over_drawn_speakers() -> None:
    rng = np.random.default_rng(5)
    speakers = [f"s{i}" for i in range(8) for _ in range(5 + 3 * i)]
    correct = rng.random(len(speakers)) < np.repeat(rng.uniform(0.4, 1, 8), [5 + 3 * i for i in range(8)])
    by_speaker = [correct[np.array(speakers) == f"s{i}"] for i in range(8)]
    accuracies = []
    for _ in range(20_000):
        drawn = [by_speaker[i] for i in rng.integers(0, 8, 8)]
        accuracies.append(np.concatenate(drawn).mean())
    low, high = np.quantile(accuracies, [0.025, 0.975])
    interval = accuracy_interval(correct, speakers)
    assert interval.method == "speakers"
    assert interval.low == pytest.approx(low, abs=0.012)
    assert interval.high == pytest.approx(high, abs=0.012)


def test_interval_is_wider_when_speakers_differ() -> None:
    # Ten speakers of 50 clips: in one case the errors are spread, in the other two speakers make them all.
    speakers = [f"s{i}" for i in range(10) for _ in range(50)]
    spread = bools([i % 50 >= 8 + (i // 50) % 3 for i in range(500)])
    gathered = bools([i >= 90 for i in range(500)])
    narrow, wide = accuracy_interval(spread, speakers), accuracy_interval(gathered, speakers)
    independent = accuracy_interval(gathered, [""] * 500)
    assert narrow.high - narrow.low < independent.high - independent.low < wide.high - wide.low


def test_coverage_is_near_nominal() -> None:
    # 40 speakers whose own accuracy varies: the interval should hold the true mean in about 95 % of studies.
    rng = np.random.default_rng(0)
    speakers = [f"s{i:02d}" for i in range(40) for _ in range(20)]
    held = 0
    for _ in range(400):
        skill = rng.beta(8, 2, 40)  # mean 0.8
        correct = rng.random(800) < np.repeat(skill, 20)
        interval = accuracy_interval(correct, speakers)
        held += interval.low <= 0.8 <= interval.high
    assert 0.90 <= held / 400 <= 0.98


@pytest.mark.parametrize(
    "speakers",
    [
        [""] * 20,
        ["a", "b", "c", "d"] * 5,
        ["", "b", "c", "d", "e"] * 4,
    ],
)
def test_wilson_where_speakers_are_unknown_or_few(speakers: list[str]) -> None:
    correct = bools([i % 6 != 0 for i in range(20)])
    assert accuracy_interval(correct, speakers) == wilson_interval(16, 20)


@pytest.mark.parametrize("wrong_each", [0, 1, 3])
def test_wilson_where_all_speakers_are_alike(wrong_each: int) -> None:
    correct = bools([i >= wrong_each for _ in range(6) for i in range(3)])
    speakers = [f"s{s}" for s in range(6) for _ in range(3)]
    assert accuracy_interval(correct, speakers) == wilson_interval(18 - 6 * wrong_each, 18)


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one clip"):
        accuracy_interval(bools([]), [])


@given(outcomes)
def test_scores_by_equals_counting(clips: list[tuple[str, bool]]) -> None:
    scores = scores_by(bools([right for _, right in clips]), [who for who, _ in clips])
    assert list(scores) == sorted({who for who, _ in clips})
    for name, score in scores.items():
        rights = [right for who, right in clips if who == name]
        assert score == Score(len(rights), sum(rights))
        assert score.accuracy == sum(rights) / len(rights)


def test_accuracy_of_nothing_is_nan() -> None:
    assert math.isnan(Score(0, 0).accuracy)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_error_equals_the_definition(clips: list[tuple[float, bool]]) -> None:
    confidence = np.array([value for value, _ in clips])
    correct = bools([right for _, right in clips])
    total, bins = 0.0, 15
    for m in range(1, bins + 1):
        # The same products on both sides, so that a confidence on a bin's edge falls to the same side.
        inside = (confidence * bins > m - 1) & (confidence * bins <= m)
        if m == 1:
            inside |= confidence == 0
        if inside.any():
            total += inside.sum() / len(clips) * abs(correct[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(confidence, correct) == pytest.approx(total, abs=1e-12)


def test_calibration_error_of_honest_answers_is_small() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.2, 1, 100_000)
    correct = rng.random(100_000) < confidence
    assert expected_calibration_error(confidence, correct) < 0.01
    assert expected_calibration_error(np.ones(100_000), correct) == pytest.approx(0.4, abs=0.01)
