"""One suite over every model that ``list_models()`` names: registering a model is having it tested."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet50

from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.models.zoo import ZOO, create_model, list_models, model_cost, model_options
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.testing.model_contract import MODEL_CHECKS

#: Large networks of like parts: one of them is quick enough for every run.
LARGE = ("resnet_attention", "resnet_transformer")
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in list_models()]
ALL = pytest.mark.parametrize("name", NAMES)


def features(batch: int = 3, n_mels: int = 64, frames: int = 40, seed: int = 0) -> Tensor:
    return torch.randn(batch, n_mels, frames, generator=torch.Generator().manual_seed(seed))


def seeded_model(name: str, seed: int = 1, **options: Any) -> SpeechClassifier:
    torch.manual_seed(seed)
    return create_model(name, **options)


@cache
def _first(name: str) -> SpeechClassifier:
    return seeded_model(name)


def some_model(name: str) -> SpeechClassifier:
    """Return a model of its own with the options that are the default; a ResNet takes a second to build."""
    return copy.deepcopy(_first(name))


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
@ALL
def test_every_model_keeps_what_all_models_promise(name: str, check: Callable[..., None]) -> None:
    check(name)


@ALL
def test_bfloat16_gives_nearly_the_same(name: str) -> None:
    net = some_model(name).eval()
    with torch.inference_mode():
        exact = net(features(n_mels=net.n_mels))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = net(features(n_mels=net.n_mels)).float()
    torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05)


@ALL
def test_wrong_inputs_and_options(name: str) -> None:
    net = some_model(name)
    cls = type(net).__name__
    with pytest.raises(ConfigError, match=rf"{cls} takes features \[B, {net.n_mels}, T\], got \[2, 63, 40\]"):
        net(features(2, 63))
    with pytest.raises(ConfigError, match=rf"got \[{net.n_mels}, 40\]"):
        net(features(1, net.n_mels)[0])
    with pytest.raises(ConfigError, match=rf"at least {net.minimum_frames} frames, got {net.minimum_frames - 1}"):
        net(features(n_mels=net.n_mels, frames=net.minimum_frames - 1))
    with pytest.raises(ConfigError, match=r"unknown freeze plan 'all_but_heads' \(did you mean 'all_but_head'\?\)"):
        net.freeze("all_but_heads")
    for option, value in (("num_classes", 1), ("n_mels", 0), ("hidden", 0), ("dropout", 1.0), ("dropout", -0.1)):
        with pytest.raises(ConfigError, match=option):
            create_model(name, **{option: value})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cnn", {"n_mels": 7}, "n_mels must lie from 8 to 1000, got 7"),
        ("cnn_lstm", {"n_mels": 3}, "n_mels must lie from 4 to 1000, got 3"),
        ("cnn_lstm", {"cells": 0}, "cells must lie from 1 to 8192, got 0"),
        (
            "lstm",
            {"cells": 0, "layers": 65},
            "cells must lie from 1 to 8192, got 0; layers must lie from 1 to 64, got 65",
        ),
        ("bilstm", {"layers": 0}, "layers must lie from 1 to 64, got 0"),
        ("cnn", {"hidden": 10**30}, "hidden must lie from 1 to 65536, got 1000000"),
        ("compact", {"widths": (8, 8, 0, 8)}, r"widths\[2\] must lie from 1 to 4096, got 0"),
        ("compact", {"blocks": (1, 1)}, "three numbers of blocks are needed"),
        ("resnet50", {"stages": 5}, "stages must be 3 .* or 4 .*, got 5"),
        ("resnet_transformer", {"width": 30}, "heads divide is needed, got width 30 and 4 heads"),
    ],
)
def test_sizes_that_a_model_cannot_have(name: str, options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_model(name, **options)


def test_the_smallest_numbers_of_bands_work() -> None:
    for name, n_mels in (("cnn", 8), ("cnn_lstm", 4), ("lstm", 1), ("resnet50", 1)):
        assert create_model(name, n_mels=n_mels).eval()(features(1, n_mels)).shape == (1, 11)


def test_unknown_names_and_options_are_named_with_a_hint() -> None:
    resnets = ("resnet50", "resnet_attention", "resnet_transformer")
    assert list_models() == (*resnets, "compact", "speech_encoder", "cnn", "lstm", "bilstm", "cnn_lstm")
    assert tuple(ZOO) == (*list_models(), "string_net", "string_encoder")
    with pytest.raises(ConfigError, match=r"unknown model 'resnet5' \(did you mean 'resnet50'\?\), known: resnet50"):
        create_model("resnet5")
    with pytest.raises(ConfigError, match=r"'hiden' \(did you mean 'hidden'\?\), 'zzz'; options: dropout"):
        create_model("cnn", hiden=3, zzz=1)
    with pytest.raises(ConfigError, match=r"no option 'bidirectional'"):  # the name fixes it
        create_model("lstm", bidirectional=True)
    assert "bidirectional" not in model_options("bilstm")
    with pytest.raises(ConfigError, match="unknown model 'vgg'"):
        model_options("vgg")


# Sizes, counted by hand. T frames, 64 bands, 11 classes, 128 hidden units.
T = 101
HEAD = 128 * 11


def dense(inputs: int) -> int:
    return inputs * 128 + 128 + HEAD + 11


def lstm_parameters(inputs: int, cells: int = 128) -> int:
    return 4 * cells * (inputs + cells + 2)  # four gates; torch keeps two biases


def lstm_macs(inputs: int, steps: int, cells: int = 128) -> int:
    return 4 * cells * (inputs + cells) * steps


CONV_1, CONV_2, CONV_3 = 9 * 32, 9 * 32 * 64, 9 * 64 * 128
CONV_MACS = CONV_1 * 64 * T + CONV_2 * 32 * (T // 2)


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        (
            "cnn",
            CONV_1 + 2 * 32 + CONV_2 + 2 * 64 + CONV_3 + 2 * 128 + dense(1024),
            CONV_MACS + CONV_3 * 16 * (T // 4) + 1024 * 128 + HEAD,
        ),
        (
            "lstm",
            lstm_parameters(64) + lstm_parameters(128) + dense(128),
            lstm_macs(64, T) + lstm_macs(128, T) + 128 * 128 + HEAD,
        ),
        (
            "bilstm",
            2 * lstm_parameters(64) + 2 * lstm_parameters(256) + dense(256),
            2 * lstm_macs(64, T) + 2 * lstm_macs(256, T) + 256 * 128 + HEAD,
        ),
        (
            "cnn_lstm",
            CONV_1 + 2 * 32 + CONV_2 + 2 * 64 + lstm_parameters(1024) + dense(128),
            CONV_MACS + lstm_macs(1024, T // 4) + 128 * 128 + HEAD,
        ),
    ],
)
def test_cost_of_the_baselines(name: str, parameters: int, macs: int) -> None:
    cost = model_cost(create_model(name), frames=T)
    assert (cost.parameters, cost.macs) == (parameters, macs)


def test_cost_of_the_compact_network() -> None:
    # inputs, outputs and cells of the map that a block gives: 16 x 26, 8 x 13, then 4 x 7 twice
    blocks = [(24, 40, 16 * 26), (40, 72, 8 * 13), (72, 104, 4 * 7), (104, 104, 4 * 7)]
    parameters, macs = 25 * 24 + 2 * 24 + 104 * 11 + 11, 25 * 24 * 32 * 51 + 104 * 11
    for inputs, outputs, cells in blocks:
        shortcut = inputs * outputs if inputs != outputs else 0
        convolutions = 9 * inputs * outputs + 9 * outputs * outputs + shortcut
        parameters += convolutions + 2 * outputs * (3 if shortcut else 2)
        macs += convolutions * cells
    cost = model_cost(create_model("compact"), frames=T)
    assert (cost.parameters, cost.macs) == (parameters, macs)


@pytest.mark.parametrize("stages", [3, 4])
def test_cost_of_the_resnet_is_torchvisions_but_for_stem_and_head(stages: int) -> None:
    reference = resnet50().to("meta")
    with FlopCounterMode(display=False) as counter:
        reference.eval()(torch.zeros(1, 3, 224, 224, device="meta"))
    macs = counter.get_total_flops() // 2
    parameters = sum(p.numel() for p in reference.parameters())
    assert (parameters, round(macs / 1e9, 2)) == (25_557_032, 4.09)  # as published
    parameters -= 2 * 49 * 64 + 2048 * 1000 + 1000
    macs -= 2 * 49 * 64 * 112 * 112 + 2048 * 1000
    width = 2048
    if stages == 3:
        width = 1024
        convolutions = [1024 * 512, 9 * 512 * 512, 512 * 2048, 1024 * 2048] + 2 * [
            2048 * 512,
            9 * 512 * 512,
            512 * 2048,
        ]
        norms = [512, 512, 2048, 2048] + 2 * [512, 512, 2048]
        parameters -= sum(convolutions) + 2 * sum(norms)
        macs -= sum(convolutions) * 49 + 1024 * 512 * (14 * 14 - 49)  # the stride comes after the first of them
    parameters += dense(width)
    macs += width * 128 + HEAD
    net = create_model("resnet50", stages=stages, n_mels=224)
    cost = model_cost(net.to("meta"), frames=224)
    assert (cost.parameters, cost.macs) == (parameters, macs)


def test_counting_leaves_the_model_as_it_was() -> None:
    net = create_model("cnn").freeze("all_but_head").train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    model_cost(net)
    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
