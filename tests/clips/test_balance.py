from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.clips.balance import balanced_epoch, expected_counts

SPEAKERS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=60)


@given(SPEAKERS, st.floats(0, 1), st.integers(0, 5), st.integers(0, 5))
def test_an_epoch_keeps_its_size_and_takes_each_clip_as_often_as_expected(
    speakers: list[str], power: float, seed: int, epoch: int
) -> None:
    chosen = balanced_epoch(speakers, power, seed, epoch)
    assert len(chosen) == len(speakers)
    counts = np.bincount(chosen, minlength=len(speakers))
    assert (np.abs(counts - expected_counts(speakers, power)) < 1 + 1e-6).all()


@given(SPEAKERS, st.floats(0, 1))
def test_speakers_are_expected_by_the_power_of_their_clips(speakers: list[str], power: float) -> None:
    expected = expected_counts(speakers, power)
    clips = Counter(speakers)
    totals = {name: sum(e for e, s in zip(expected, speakers, strict=True) if s == name) for name in clips}
    scale = len(speakers) / sum(count**power for count in clips.values())
    for name, count in clips.items():
        assert totals[name] == pytest.approx(scale * count**power)


def test_epochs_and_seeds_differ_and_repeat() -> None:
    speakers = ["a"] * 50 + [f"b{i}" for i in range(9)]
    first = balanced_epoch(speakers, 0.5, seed=0, epoch=0)
    assert np.array_equal(first, balanced_epoch(speakers, 0.5, seed=0, epoch=0))
    others = [balanced_epoch(speakers, 0.5, seed, epoch) for seed, epoch in ((0, 1), (1, 0), (0, 2))]
    assert not any(np.array_equal(first, other) for other in others)


def test_every_clip_of_a_long_speaker_is_drawn_in_the_long_run() -> None:
    speakers = ["a"] * 40 + ["b", "c"]
    drawn = np.concatenate([balanced_epoch(speakers, 0.0, seed=0, epoch=epoch) for epoch in range(200)])
    assert set(drawn) == set(range(42))
    shares = np.bincount(drawn)[:40]
    assert shares.sum() / len(drawn) == pytest.approx(1 / 3, abs=0.01)
