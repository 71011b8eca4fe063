"""SpecAugment: what a mask may look like, and what applying it changes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.runtime.errors import ConfigError


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def longest_run(hidden: list[bool]) -> int:
    return max((len(list(run)) for value, run in itertools.groupby(hidden) if value), default=0)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    bands=st.tuples(st.integers(0, 3), st.integers(0, 12)),
    times=st.tuples(st.integers(0, 3), st.integers(0, 20)),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 60)),
)
def test_a_mask_is_a_few_narrow_stripes(
    seed: int, bands: tuple[int, int], times: tuple[int, int], shape: tuple[int, int, int]
) -> None:
    augment = SpecAugment(bands[0], bands[1], times[0], times[1], probability=1.0)
    mask = augment.sample(shape, seeded(seed))
    assert mask.shape == shape
    assert mask.dtype == torch.bool
    for clip in mask:
        hidden_bands, hidden_times = clip.all(dim=1), clip.all(dim=0)
        if not clip.all():  # a mask over the whole picture says nothing about its stripes
            assert torch.equal(clip, hidden_bands.unsqueeze(1) | hidden_times.unsqueeze(0))
            assert int(hidden_bands.sum()) <= bands[0] * bands[1]
            assert int(hidden_times.sum()) <= times[0] * times[1]
        else:
            assert bands[0] * bands[1] >= shape[1] or times[0] * times[1] >= shape[2]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), width=st.integers(1, 30))
def test_one_mask_is_one_stripe(seed: int, width: int) -> None:
    mask = SpecAugment(1, width, 0, 0, probability=1.0).sample((5, 40, 3), seeded(seed))
    for clip in mask:
        hidden = clip[:, 0].tolist()
        assert sum(hidden) == longest_run(hidden) <= width


def test_every_width_and_every_place_occurs() -> None:
    mask = SpecAugment(1, 3, 0, 0, probability=1.0).sample((4000, 8, 1), seeded(0))[:, :, 0]
    widths = mask.sum(dim=1).bincount(minlength=4)
    assert len(widths) == 4
    # Uniform over 0..3: 1000 each, standard deviation 27.
    assert (widths - 1000).abs().max() < 140
    narrow = mask[mask.sum(dim=1) == 1].sum(dim=0)
    expected = int(narrow.sum()) / 8
    assert (narrow - expected).abs().max() < 5 * expected**0.5


@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_same_generator_gives_the_same_mask(seed: int) -> None:
    augment, shape = SpecAugment(), (3, 16, 20)
    generator = seeded(seed)
    first, second = augment.sample(shape, generator), augment.sample(shape, generator)
    again = seeded(seed)
    assert torch.equal(augment.sample(shape, again), first)
    assert torch.equal(augment.sample(shape, again), second)


def test_sampling_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    SpecAugment().sample((3, 16, 20), seeded(1))
    assert torch.equal(torch.rand(3), expected)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_applying_sets_hidden_cells_to_the_clips_mean_and_nothing_else(seed: int) -> None:
    features = torch.randn(3, 12, 20, generator=seeded(seed)) * 4 - 7
    before = features.clone()
    mask = SpecAugment(probability=1.0).sample(features.shape, seeded(seed + 1))
    out = SpecAugment.apply(features, mask)
    assert torch.equal(features, before)
    assert torch.equal(out[~mask], before[~mask])
    for clip, hidden, original in zip(out, mask, before, strict=True):
        mean = float(original.double().mean())
        assert (clip[hidden] - mean).abs().max() < 1e-5 if hidden.any() else torch.equal(clip, original)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_dtype_stays(dtype: torch.dtype) -> None:
    features = torch.ones(2, 8, 10, dtype=dtype)
    mask = SpecAugment(probability=1.0).sample(features.shape, seeded(0))
    out = SpecAugment.apply(features, mask)
    assert out.dtype == dtype
    assert torch.equal(out, features)


def test_the_gradient_passes_through_the_cells_that_show() -> None:
    features = torch.randn(1, 4, 5, generator=seeded(0)).requires_grad_()
    mask = torch.zeros(1, 4, 5, dtype=torch.bool)
    mask[0, 1] = True
    torch.autograd.backward(SpecAugment.apply(features, mask)[~mask].sum())
    assert features.grad is not None
    assert torch.equal(features.grad, (~mask).float())


def test_probability_0_masks_no_clip_and_1_masks_every_clip() -> None:
    shape = (200, 64, 101)
    assert not SpecAugment(probability=0.0).sample(shape, seeded(0)).any()
    # A mask may have width 0, so all four of a clip vanish once in 11 * 11 * 16 * 16 = 31000 clips.
    assert SpecAugment(probability=1.0).sample(shape, seeded(0)).any(dim=2).any(dim=1).all()


def test_probability_is_the_share_of_masked_clips() -> None:
    masked = SpecAugment(probability=0.3).sample((2000, 64, 101), seeded(0)).flatten(1).any(dim=1)
    assert abs(float(masked.float().mean()) - 0.3) < 0.05  # five standard deviations


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frequency_masks": -1}, "frequency_masks must lie from 0 to 1000, got -1"),
        ({"frequency_width": -1}, "frequency_width must lie from 0"),
        ({"time_masks": -1}, "time_masks must lie from 0"),
        ({"time_width": 1.5}, r"time_width must be a whole number, got 1\.5"),
        ({"probability": -0.1}, r"probability must lie from 0 to 1, got -0\.1"),
        ({"probability": 1.1}, r"probability must lie from 0 to 1, got 1\.1"),
        ({"probability": float("nan")}, "probability must be a finite number, got nan"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SpecAugment(**options)
