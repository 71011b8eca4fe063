"""``MelFrontend`` against torchaudio's ``MelSpectrogram`` and against float64 NumPy written from the formulae.

How near float32 can come: a float32 FFT errs by about 1e-7 of the strongest bin of its frame, whatever the bin. In a
band 60 dB below it, a thousandth in amplitude, that is 1e-4 of the band's amplitude. Bands further down hold rounding
noise in any float32 front end, so against float64 they are compared only within 60 dB of their frame's strongest bin.
Chirps are left out there: like torchaudio's, the edges of the filters are computed in float32, and a chirp that passes
the zero of the last filter shows their error of a thousandth of a hertz (4e-4 in the log).
float64 errs by about 1e-16 instead, so 1e-9 holds to 80 dB and 1e-7 to the floor.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample

FSDD = Path(__file__).parents[2] / "../shared/data/fsdd/recordings"
Doubles = npt.NDArray[np.float64]

CONFIGS = [
    MelConfig(sample_rate=8000, normalization="none"),
    MelConfig(sample_rate=8000, mel_scale="slaney", power=1.0, n_mels=40, normalization="none"),
    MelConfig(sample_rate=8000, n_fft=512, n_mels=128, f_min=0.0, f_max=3800.0, normalization="none"),
    MelConfig(sample_rate=8000, window_seconds=0.020, hop_seconds=0.005, n_fft=200, n_mels=23, normalization="none"),
    MelConfig(sample_rate=16000, normalization="none"),
    MelConfig(sample_rate=16000, mel_scale="slaney", n_mels=80, n_fft=1024, f_min=20.0, normalization="none"),
    MelConfig(sample_rate=16000, power=1.0, n_mels=128, n_fft=1024, f_max=7600.0, normalization="none"),
    MelConfig(sample_rate=16000, mel_scale="slaney", power=1.0, window_seconds=0.032, normalization="none"),
]
SIGNALS = ["noise", "tones", "chirp", "impulses", "speech"]


def name_of(config: MelConfig) -> str:
    return f"{config.sample_rate}-{config.mel_scale}-p{config.power:g}-fft{config.fft_length}-mel{config.n_mels}"


def signals(name: str, rate: int) -> Doubles:
    """Return two clips ``[2, N]``."""
    t = np.arange(round(0.4 * rate)) / rate
    if name == "noise":
        return np.random.default_rng(0).standard_normal((2, len(t))) * [[0.1], [0.001]]
    if name == "tones":
        return np.stack([0.5 * np.sin(2 * np.pi * f * t) + 0.01 * np.cos(2 * np.pi * 3.1 * f * t) for f in (440, 1000)])
    if name == "chirp":
        return np.stack([0.8 * np.sin(np.pi * slope * t**2) for slope in (rate / 2 / t[-1], 500.0)])
    if name == "impulses":
        clicks = np.zeros((2, len(t)))
        clicks[0, ::997] = 0.9
        clicks[1, [0, len(t) // 2, -1]] = -1.0
        return clicks
    clips = np.zeros((2, len(t)))
    for row, file in enumerate(("7_jackson_3.wav", "3_nicolas_8.wav")):
        samples, file_rate = read_audio(FSDD / file)
        speech = resample(samples, file_rate, rate)[: len(t)]
        clips[row, : len(speech)] = speech
    return clips


def with_shared(names: list[str]) -> list[Any]:
    """Return the parameters, those that need real recordings marked."""
    missing = pytest.mark.skipif(not FSDD.is_dir(), reason="needs the FSDD recordings in ../shared/data/fsdd")
    return [pytest.param(n, marks=[pytest.mark.shared, missing]) if n == "speech" else n for n in names]


@cache
def mel_filters_by_the_book(config: MelConfig) -> Doubles:
    """Triangles ``[M, n_bins]``, one bin at a time."""

    def to_mel(f: float) -> float:
        if config.mel_scale == "htk":
            return 2595 / math.log(10) * math.log(1 + f / 700)
        return 3 * f / 200 if f < 1000 else 15 + 27 * math.log(f / 1000) / math.log(6.4)

    def to_hz(m: float) -> float:
        if config.mel_scale == "htk":
            return 700 * (math.exp(m * math.log(10) / 2595) - 1)
        return 200 * m / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27)

    low, high = to_mel(config.f_min), to_mel(config.f_max or config.sample_rate / 2)
    edges = [to_hz(low + (high - low) * i / (config.n_mels + 1)) for i in range(config.n_mels + 2)]
    filters = np.zeros((config.n_mels, config.fft_length // 2 + 1))
    for m, k in np.ndindex(*filters.shape):
        left, peak, right = edges[m : m + 3]
        f = k * config.sample_rate / config.fft_length
        filters[m, k] = max(0.0, min((f - left) / (peak - left), (right - f) / (right - peak)))
    return filters


@cache
def dft(n_fft: int) -> npt.NDArray[np.complex128]:
    turns = np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) % n_fft / n_fft
    matrix: npt.NDArray[np.complex128] = np.exp(-2j * np.pi * turns)
    return matrix


def log_mel_by_the_book(waveform: Doubles, config: MelConfig) -> tuple[Doubles, Doubles]:
    """Return log features ``[M, T]`` of ``[N]`` with a DFT as a plain matrix, and the bands' levels in dB.

    A level is that of the band's energy against the strongest bin of its frame.
    """
    n_fft, hop = config.fft_length, config.hop_length
    n = np.arange(config.window_length)
    window = np.zeros(n_fft)
    start = (n_fft - config.window_length) // 2
    window[start : start + config.window_length] = 0.5 - 0.5 * np.cos(2 * np.pi * n / config.window_length)
    half = n_fft // 2
    mirrored = np.concatenate([waveform[half:0:-1], waveform, waveform[-2 : -half - 2 : -1]])
    frames = np.stack([mirrored[t * hop : t * hop + n_fft] * window for t in range(1 + len(waveform) // hop)], axis=1)
    magnitudes = np.abs(dft(n_fft) @ frames) ** config.power
    energies = mel_filters_by_the_book(config) @ magnitudes
    strongest = np.maximum(magnitudes.max(axis=0), 1e-300)
    levels = 20 / config.power * np.log10(np.maximum(energies, 1e-300) / strongest)
    return np.log(np.maximum(energies, config.log_floor)), levels


def log_mel_by_torchaudio(waveform: Tensor, config: MelConfig) -> Tensor:
    try:
        from torchaudio.transforms import MelSpectrogram
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"torchaudio does not import here: {str(error).splitlines()[0]}")
    spectrogram = MelSpectrogram(
        sample_rate=config.sample_rate,
        n_fft=config.fft_length,
        win_length=config.window_length,
        hop_length=config.hop_length,
        f_min=config.f_min,
        f_max=config.f_max,
        n_mels=config.n_mels,
        power=config.power,
        mel_scale=config.mel_scale,
    )
    features: Tensor = spectrogram(waveform).clamp(min=config.log_floor).log()
    return features


@pytest.mark.filterwarnings("ignore:At least one mel filterbank has all zero values")
@pytest.mark.parametrize("signal", with_shared(SIGNALS))
@pytest.mark.parametrize("config", CONFIGS, ids=name_of)
def test_equal_to_torchaudio(config: MelConfig, signal: str) -> None:
    waveform = torch.from_numpy(signals(signal, config.sample_rate)).float()
    expected = log_mel_by_torchaudio(waveform, config)
    torch.testing.assert_close(MelFrontend(config)(waveform), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("signal", with_shared(SIGNALS))
@pytest.mark.parametrize("config", CONFIGS, ids=name_of)
def test_float64_is_equal_to_the_formulae(config: MelConfig, signal: str) -> None:
    waveforms = signals(signal, config.sample_rate)
    features = MelFrontend(config)(torch.from_numpy(waveforms)).numpy()
    assert features.dtype == np.float64
    for clip, waveform in zip(features, waveforms, strict=True):
        expected, levels = log_mel_by_the_book(waveform, config)
        np.testing.assert_allclose(clip[levels >= -80], expected[levels >= -80], rtol=0, atol=1e-9)
        np.testing.assert_allclose(clip, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("signal", with_shared(["noise", "tones", "impulses", "speech"]))
@pytest.mark.parametrize("config", CONFIGS, ids=name_of)
def test_float32_is_equal_to_the_formulae_in_the_upper_60_db(config: MelConfig, signal: str) -> None:
    waveforms = signals(signal, config.sample_rate).astype(np.float32)
    features = MelFrontend(config)(torch.from_numpy(waveforms)).numpy()
    for clip, waveform in zip(features, waveforms, strict=True):
        expected, levels = log_mel_by_the_book(waveform.astype(np.float64), config)
        audible = levels >= -60
        assert audible.any(axis=0).mean() > 0.95
        np.testing.assert_allclose(clip[audible], expected[audible], rtol=0, atol=1e-4)
