"""Front end, mixing and networks: how their time compares with torchaudio's, with audio, with a large matrix product.

pytest benchmarks/test_arithmetic.py -k front_end --benchmark-json docs/records/benchmarks/frontend.json
pytest benchmarks/test_arithmetic.py -k network --benchmark-json docs/records/arithmetic.json  # up to an hour

A network's arithmetic is twice its multiply-accumulates a clip, in training three times that (forward, and two products
backward). Its share is the arithmetic a second over that of a product of square matrices of the same type and threads.
``AURORA_DEVICE=cuda`` measures the networks on a GPU.
"""

from __future__ import annotations

import os
import statistics
import timeit
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from aurora_resnet.audio.channels import g712, mirs
from aurora_resnet.audio.levels import active_speech_level, rms_level_db
from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.models.zoo import create_model, model_cost

RATE = 8000
DEVICE = os.environ.get("AURORA_DEVICE", "cpu")
MATRIX = 2048 if DEVICE == "cpu" else 8192
FRAMES = 101
OPTIONS: dict[str, dict[str, Any]] = {"compact": {}, "resnet50": {"stages": 3}}
KINDS = {
    "convolution, backward": ("convolution_backward",),
    "convolution, forward": ("convolution",),
    "BatchNorm": ("batch_norm",),
    "activation": ("threshold", "relu", "clamp"),
    "sum of shortcut": ("aten::add",),
    "optimiser": ("Optimizer", "_foreach", "_fused"),
    "copies and types": ("copy", "_to_copy", "contiguous", "empty", "zero", "fill"),
}


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


def step(network: Any, kind: torch.dtype, *, train: bool, batch: int) -> Callable[[], None]:
    """Return one pass of a batch, with the optimiser's step in training."""
    features = torch.randn(batch, 64, FRAMES, device=DEVICE)
    labels = torch.randint(0, 11, (batch,), device=DEVICE)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-4)
    network.train(train)

    def once() -> None:
        with torch.set_grad_enabled(train), torch.autocast(DEVICE, dtype=kind, enabled=kind != torch.float32):
            logits: Tensor = network(features)
        if train:
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(F.cross_entropy(logits.float(), labels))
            optimizer.step()
        if DEVICE == "cuda":
            torch.cuda.synchronize()

    return once


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("type", ["float32", "bfloat16"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("model", ["compact", "resnet50"])
def test_network(benchmark: Any, model: str, threads: int, type: str, train: bool, compiled: bool) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    kind, batch = getattr(torch, type), 64
    classifier = create_model(model, **OPTIONS[model])
    work = 2 * model_cost(classifier, FRAMES).macs * batch * (3 if train else 1)
    network: nn.Module = classifier.to(DEVICE)
    once = step(torch.compile(network) if compiled else network, kind, train=train, batch=batch)
    benchmark.pedantic(once, rounds=7, iterations=3, warmup_rounds=1)
    if benchmark.stats is None:  # --benchmark-disable
        return
    matrix = torch.randn(MATRIX, MATRIX, dtype=kind, device=DEVICE)
    reached = 2 * MATRIX**3 / seconds(lambda: (matrix @ matrix).sum().item(), 5)
    spent = benchmark.stats.stats.median
    benchmark.extra_info.update(share=work / spent / reached, clips_per_second=batch / spent)
    if train and not compiled and DEVICE == "cpu":
        benchmark.extra_info["profile"] = profiled(once)


def profiled(once: Callable[[], None]) -> dict[str, float]:
    """Return for each kind of work its share of the time of a training step."""
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        for _ in range(3):
            once()
    spent: Counter[str] = Counter()
    for event in recorded.key_averages():
        group = next((kind for kind, parts in KINDS.items() if any(part in event.key for part in parts)), "all else")
        spent[group] += event.self_cpu_time_total
    return {group: share / spent.total() for group, share in spent.most_common()}
