"""Front end and mixing: how their time compares with torchaudio's, and with audio.

pytest benchmarks/test_arithmetic.py --benchmark-json frontend.json
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from aurora_resnet.audio.channels import g712, mirs
from aurora_resnet.audio.levels import active_speech_level, rms_level_db
from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.features.mel import MelConfig, MelFrontend

RATE = 8000


def seconds(call: Callable[[], object], repeats: int = 25) -> float:
    """Return the median time of a call."""
    return statistics.median(timeit.repeat(call, number=1, repeat=repeats))


def torchaudio_features(config: MelConfig) -> Callable[[Tensor], Tensor]:
    """Return the same features from torchaudio's spectrogram and plain torch."""
    transforms = pytest.importorskip("torchaudio.transforms", exc_type=ImportError)
    spectrogram = transforms.MelSpectrogram(
        sample_rate=config.sample_rate, n_fft=config.fft_length, win_length=config.window_length,
        hop_length=config.hop_length, f_min=config.f_min, f_max=config.f_max, n_mels=config.n_mels, power=config.power,
        mel_scale=config.mel_scale,
    )  # fmt: skip

    def features(waveform: Tensor) -> Tensor:
        log_mel: Tensor = spectrogram(waveform).clamp(min=config.log_floor).log()
        if config.normalization == "none":
            return log_mel
        variance, mean = torch.var_mean(log_mel, dim=(1, 2), keepdim=True, correction=0)
        return (log_mel - mean) / (variance + 1e-6).sqrt()

    return features


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize("normalization", ["none", "utterance"])
def test_front_end(benchmark: Any, normalization: Any, batch: int, threads: int) -> None:
    torch.set_num_threads(threads)
    config = MelConfig(sample_rate=RATE, normalization=normalization)
    ours, theirs = MelFrontend(config), torchaudio_features(config)
    waveform = 0.1 * torch.randn(batch, RATE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(benchmark(ours, waveform), theirs(waveform), rtol=0, atol=1e-4)
        benchmark.extra_info["torchaudio_ms"] = 1e3 * seconds(lambda: theirs(waveform))


@pytest.mark.parametrize(
    "what", ["mix_at_snr g712", "mix_at_snr mirs", "active_speech_level", "rms_level_db", "g712", "mirs"]
)
def test_mixing(benchmark: Any, what: str) -> None:
    """A second of speech and a minute of noise; ``mix_at_snr`` may take 2 ms."""
    generator = np.random.default_rng(0)
    syllables = np.repeat(generator.choice([0.001, 0.05, 0.2], size=7), 1200)[:RATE]
    speech = (syllables * generator.standard_normal(RATE)).astype(np.float32)
    noise = (0.1 * generator.standard_normal(60 * RATE)).astype(np.float32)
    if what.startswith("mix_at_snr"):
        channel: Any = what.split()[1]
        benchmark(mix_at_snr, speech, noise, 10.0, sample_rate=RATE, generator=generator, channel=channel)
    elif what == "rms_level_db":
        benchmark(rms_level_db, speech)
    else:
        benchmark({"active_speech_level": active_speech_level, "g712": g712, "mirs": mirs}[what], speech, RATE)
