"""The convolutional front end against ``MelFrontend`` and against the formula."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.export.frontend import ConvolutionalFrontend
from aurora_resnet.features.fourier import fourier_kernels
from aurora_resnet.features.mel import MelConfig, MelFrontend

SHIPPED = MelConfig(sample_rate=8000, log_floor=1e-10, dynamic_range_db=60.0)


def noise(samples: int, batch: int = 2) -> torch.Tensor:
    return 0.1 * torch.randn(batch, samples, generator=torch.Generator().manual_seed(samples))


@given(
    sample_rate=st.sampled_from([8000, 11_025, 16_000]),
    window_seconds=st.sampled_from([0.02, 0.025, 0.0321]),
    hop_seconds=st.sampled_from([0.008, 0.01, 0.0125]),
    n_fft=st.sampled_from([None, 640, 1024]),
    mel_scale=st.sampled_from(["htk", "slaney"]),
    power=st.sampled_from([1.0, 2.0]),
    dynamic_range_db=st.sampled_from([None, 40.0]),
    normalization=st.sampled_from(["none", "utterance", "corpus"]),
    samples=st.integers(2000, 9000),
)
def test_it_computes_what_the_models_front_end_computes(samples: int, **options: object) -> None:
    frontend = MelFrontend(MelConfig(**options))  # type: ignore[arg-type]
    if frontend.normalization is not None:
        frontend.normalization.fit([torch.randn(4, 64, 50) * 3 - 5])
    waveform = noise(samples)
    expected = frontend(waveform)
    found = ConvolutionalFrontend(frontend)(waveform)
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, atol=2e-3 if options["power"] == 1.0 else 5e-4)


def test_gain_control_in_the_place_of_the_logarithm() -> None:
    frontend = MelFrontend(MelConfig(sample_rate=8000, compression="pcen"))
    waveform = noise(8000)
    assert torch.allclose(ConvolutionalFrontend(frontend)(waveform), frontend(waveform), atol=1e-4)


@pytest.mark.parametrize("compression", ["log", "pcen"])
def test_frames_that_do_not_look_ahead(compression: Literal["log", "pcen"]) -> None:
    frontend = MelFrontend(MelConfig(8000, compression=compression, normalization="none", causal=True))
    waveform = noise(8030)
    found = ConvolutionalFrontend(frontend)(waveform)
    assert found.shape == (2, 64, 100)
    assert torch.allclose(found, frontend(waveform), atol=5e-4)


def test_silence_is_exactly_zero_as_in_the_model() -> None:
    silence = torch.zeros(2, 8000)
    assert not ConvolutionalFrontend(MelFrontend(SHIPPED))(silence).any()
    assert not MelFrontend(SHIPPED)(silence).any()


def test_the_kernels_are_a_windowed_fourier_transform() -> None:
    config = SHIPPED
    kernels = fourier_kernels(config)
    frame = np.random.default_rng(0).standard_normal(config.fft_length)
    first = (config.fft_length - config.window_length) // 2
    inside = slice(first, first + config.window_length)
    windowed = np.zeros(config.fft_length)
    windowed[inside] = frame[inside] * np.hanning(config.window_length + 1)[:-1]
    spectrum = np.fft.rfft(windowed)
    found = kernels[:, 0] @ frame[inside]
    assert found == pytest.approx(np.concatenate((spectrum.real, -spectrum.imag)), abs=1e-4)
