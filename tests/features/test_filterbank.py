"""The mel filters against the published formulae, and as triangles."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.features.filterbank import MelScale, filter_edges, hz_to_mel, mel_to_hz
from aurora_resnet.features.mel import MelConfig, mel_filters

SCALES: tuple[MelScale, ...] = ("htk", "slaney")


@pytest.mark.parametrize(
    ("frequency", "mel"),
    [(0.0, 0.0), (700.0, 2595 * math.log10(2)), (6300.0, 2595.0), (1000.0, 2595 * math.log10(17 / 7))],
)
def test_htk_scale_is_the_formula_of_the_htk_book(frequency: float, mel: float) -> None:
    assert hz_to_mel(frequency, "htk") == pytest.approx(mel, abs=1e-9)


@pytest.mark.parametrize(
    ("frequency", "mel"),
    [(0.0, 0.0), (200 / 3, 1.0), (500.0, 7.5), (1000.0, 15.0), (6400.0, 42.0), (1000 * math.sqrt(6.4), 28.5)],
)
def test_slaney_scale_is_linear_then_27_steps_per_factor_of_6_4(frequency: float, mel: float) -> None:
    assert hz_to_mel(frequency, "slaney") == pytest.approx(mel, abs=1e-9)


@settings(deadline=None)
@given(frequency=st.floats(0.0, 24000.0), scale=st.sampled_from(SCALES))
def test_the_conversions_are_inverse(frequency: float, scale: MelScale) -> None:
    mel = torch.tensor(hz_to_mel(frequency, scale), dtype=torch.float64)
    assert float(mel_to_hz(mel, scale)) == pytest.approx(frequency, abs=1e-8)


@settings(deadline=None)
@given(low=st.floats(0.0, 20000.0), step=st.floats(0.01, 4000.0), scale=st.sampled_from(SCALES))
def test_the_scales_grow_with_frequency(low: float, step: float, scale: MelScale) -> None:
    assert hz_to_mel(low + step, scale) > hz_to_mel(low, scale)


@settings(deadline=None)
@given(
    n_mels=st.integers(1, 128),
    f_min=st.floats(0.0, 1000.0),
    width=st.floats(100.0, 7000.0),
    scale=st.sampled_from(SCALES),
)
def test_edges_reach_from_f_min_to_f_max_evenly_in_mel(
    n_mels: int, f_min: float, width: float, scale: MelScale
) -> None:
    edges = filter_edges(n_mels, f_min, f_min + width, scale).tolist()
    assert len(edges) == n_mels + 2
    assert edges[0] == pytest.approx(f_min, abs=1e-8)
    assert edges[-1] == pytest.approx(f_min + width, abs=1e-8)
    mels = torch.tensor([hz_to_mel(edge, scale) for edge in edges], dtype=torch.float64)
    torch.testing.assert_close(mels.diff(), mels.diff().mean().expand(n_mels + 1), rtol=0, atol=1e-8)


@pytest.mark.parametrize("scale", SCALES)
def test_each_filter_is_a_triangle_between_its_edges(scale: MelScale) -> None:
    n_bins, n_mels, rate = 513, 40, 16000
    config = MelConfig(rate, n_fft=2 * (n_bins - 1), n_mels=n_mels, f_min=60.0, f_max=7600.0, mel_scale=scale)
    filters = mel_filters(config, torch.float64)
    edges = filter_edges(n_mels, 60.0, 7600.0, scale).tolist()
    expected = torch.zeros(n_bins, n_mels, dtype=torch.float64)
    for m in range(n_mels):
        left, peak, right = edges[m : m + 3]
        for k in range(n_bins):
            f = k * rate / 2 / (n_bins - 1)
            if left < f <= peak:
                expected[k, m] = (f - left) / (peak - left)
            elif peak < f < right:
                expected[k, m] = (right - f) / (right - peak)
    torch.testing.assert_close(filters, expected, rtol=0, atol=1e-10)


@settings(deadline=None)
@given(n_mels=st.integers(1, 80), scale=st.sampled_from(SCALES))
def test_neighbouring_filters_add_up_to_one_between_the_outer_peaks(n_mels: int, scale: MelScale) -> None:
    n_bins, rate = 257, 16000
    config = MelConfig(rate, n_fft=2 * (n_bins - 1), n_mels=n_mels, f_min=100.0, f_max=8000.0, mel_scale=scale)
    filters = mel_filters(config, torch.float64)
    edges = filter_edges(n_mels, 100.0, 8000.0, scale)
    bins = torch.linspace(0.0, rate / 2, n_bins, dtype=torch.float64)
    covered = (bins >= edges[1]) & (bins <= edges[-2])
    torch.testing.assert_close(filters.sum(dim=1)[covered], torch.ones(int(covered.sum()), dtype=torch.float64))
    assert float(filters[(bins <= edges[0]) | (bins >= edges[-1])].sum()) == 0.0


@pytest.mark.parametrize("scale", SCALES)
def test_float32_filters_are_the_rounded_float64_ones(scale: MelScale) -> None:
    config = MelConfig(16000, mel_scale=scale)
    single, double = (mel_filters(config, dtype) for dtype in (torch.float32, torch.float64))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-4)
