"""The bootstrap over speakers against theory and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from aurora_resnet.evaluation.bootstrap import bootstrap_means, paired_difference
from aurora_resnet.runtime.errors import ConfigError


def test_equal_speakers_give_the_variance_of_theory() -> None:
    # For k speakers with equally many clips the variance of the resampled mean is that of the speakers' means over k.
    means = np.array([0.2, 0.9, 0.5, 0.7, 0.4, 0.8])
    resampled = bootstrap_means(np.repeat(means, 10), [f"s{i // 10}" for i in range(60)], resamples=200_000)
    assert resampled.mean() == pytest.approx(means.mean(), abs=0.002)
    assert resampled.var() == pytest.approx(means.var() / 6, rel=0.02)


def test_the_order_of_the_clips_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    values, speakers = rng.random(50), np.array([f"s{i % 7}" for i in range(50)])
    order = rng.permutation(50)
    np.testing.assert_allclose(
        bootstrap_means(values, speakers.tolist()), bootstrap_means(values[order], speakers[order].tolist())
    )


def test_the_interval_covers_a_true_difference_and_its_p_value_is_honest() -> None:
    rng = np.random.default_rng(1)
    speakers = [f"s{i // 20}" for i in range(600)]
    covered, rejected = 0, 0
    for trial in range(200):
        skill = np.repeat(rng.normal(0.0, 0.1, 30), 20)  # what the speakers have in common
        gain = (rng.random(600) < 0.8 + skill).astype(float) - (rng.random(600) < 0.8).astype(float)
        truth = float(np.clip(0.8 + rng.normal(0.0, 0.1, 20_000), 0, 1).mean()) - 0.8
        result = paired_difference(gain, np.zeros(600), speakers, resamples=500, seed=trial)
        covered += result.low <= truth <= result.high
        rejected += result.p_value < 0.05
    assert covered >= 174  # percentile intervals of 30 speakers cover about 93 %; three deviations below
    assert rejected <= 26  # the true difference is about 0


def test_a_difference_is_the_other_way_round_the_other_way_round() -> None:
    rng = np.random.default_rng(2)
    a, b, speakers = rng.random(40), rng.random(40), [f"s{i % 8}" for i in range(40)]
    there, back = paired_difference(a, b, speakers), paired_difference(b, a, speakers)
    assert there.mean == pytest.approx(-back.mean)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p_value == back.p_value
    same = paired_difference(a, a, speakers)
    assert (same.mean, same.p_value, same.decided) == (0, 1, False)


def test_unusable_values_are_refused() -> None:
    for values, speakers in (([], []), ([1.0], ["a", "b"]), ([[1.0]], ["a"])):
        with pytest.raises(ConfigError, match="one value and one speaker"):
            bootstrap_means(values, speakers)
    with pytest.raises(ConfigError, match="resamples"):
        bootstrap_means([1.0], ["a"], resamples=0)
