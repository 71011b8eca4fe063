"""PCEN against the recursion of its definition and its two laws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.features.pcen import (
    ALPHA,
    DELTA,
    EPSILON,
    FULL_SCALE,
    ROOT,
    SMOOTHING,
    pcen,
    pcen_step,
    running_mean,
)
from aurora_resnet.runtime.errors import ConfigError


def energies(seed: int, frames: int = 101, bands: int = 5) -> torch.Tensor:
    return torch.rand(3, frames, bands, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) ** 4


@given(st.integers(0, 1000), st.integers(1, 120))
@settings(max_examples=20)
def test_the_matrix_is_the_recursion(seed: int, frames: int) -> None:
    e = energies(seed, frames)
    start = (1 - SMOOTHING) * e[:, :1].numpy()  # the filter's memory before frame 0, so that M[0] = E[0]
    expected, _ = lfilter([SMOOTHING], [1, SMOOTHING - 1], e.numpy(), axis=1, zi=start)
    np.testing.assert_allclose(running_mean(e), expected, rtol=1e-9)


def test_the_formula_cell_by_cell() -> None:
    e = energies(1, frames=7, bands=2)
    mean = running_mean(e * FULL_SCALE)
    for b, t, m in np.ndindex(3, 7, 2):
        gained = e[b, t, m] * FULL_SCALE / (EPSILON + mean[b, t, m]) ** ALPHA
        assert pcen(e)[b, t, m] == pytest.approx(float((gained + DELTA) ** ROOT - DELTA**ROOT), rel=1e-9)


def test_a_steady_level_hardly_shows_and_a_step_does() -> None:
    quiet = torch.full((1, 101, 1), 1e-6, dtype=torch.float64)
    spread = (pcen(quiet * 1e4) - pcen(quiet)).abs().max()  # 40 dB
    step = quiet.clone()
    step[:, 50:] *= 1e4
    assert spread < 0.1 < 5 < pcen(step).max()


def test_silence_is_zero_and_the_past_alone_counts() -> None:
    assert pcen(torch.zeros(2, 30, 4)).abs().max() == 0
    e = energies(2)
    later = e.clone()
    later[:, 60:] = 0
    torch.testing.assert_close(pcen(later)[:, :60], pcen(e)[:, :60])


def test_front_end() -> None:
    frontend = MelFrontend(MelConfig(sample_rate=8000, compression="pcen", normalization="none"))
    features = frontend(torch.randn(2, 8000, generator=torch.Generator().manual_seed(0)) * 0.1)
    assert features.shape == (2, 64, 101)
    assert features.isfinite().all()
    with pytest.raises(ConfigError, match="dynamic_range_db"):
        MelConfig(sample_rate=8000, compression="pcen", dynamic_range_db=60.0)


@given(st.integers(0, 1000), st.integers(1, 39))
@settings(max_examples=20)
def test_a_stream_begins_in_silence_and_goes_on(seed: int, cut: int) -> None:
    e = energies(seed, frames=40)
    expected, _ = lfilter([SMOOTHING], [1, SMOOTHING - 1], e.numpy() * FULL_SCALE, axis=1, zi=np.zeros((3, 1, 5)))
    first, mean = pcen_step(e[:, :cut], torch.zeros(3, 1, 5, dtype=torch.float64))
    np.testing.assert_allclose(mean[:, 0], expected[:, cut - 1], rtol=1e-9)
    second, mean = pcen_step(e[:, cut:], mean)
    np.testing.assert_allclose(mean[:, 0], expected[:, -1], rtol=1e-9)
    gained = e.numpy() * FULL_SCALE / (EPSILON + expected) ** ALPHA
    np.testing.assert_allclose(
        torch.cat((first, second), dim=1), (gained + DELTA) ** ROOT - DELTA**ROOT, rtol=1e-7, atol=1e-12
    )
