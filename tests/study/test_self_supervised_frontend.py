"""Self-supervised encoders, with a tiny one of random weights."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import nn

from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from study.self_supervised_frontend import SelfSupervisedFrontend


def test_the_pooled_features_are_mean_and_deviation_of_the_layer(tiny_encoder: nn.Module) -> None:
    frontend = SelfSupervisedFrontend(tiny_encoder, layer=2)
    waveforms = torch.randn(3, 16_000, generator=torch.Generator().manual_seed(1)) * 0.1
    encoder: Any = frontend.encoder
    layers, _ = encoder.extract_features(waveforms)
    expected = torch.cat([layers[1].mean(1), layers[1].var(1, unbiased=False).sqrt()], dim=1)
    torch.testing.assert_close(frontend(waveforms), expected)
    assert expected.shape == (3, 48)


def test_it_is_frozen_and_sees_each_clip_by_itself(tiny_encoder: nn.Module) -> None:
    frontend = SelfSupervisedFrontend(tiny_encoder, layer=3).train()
    assert not any(parameter.requires_grad for parameter in frontend.parameters())
    assert not any(module.training for module in frontend.modules())
    waveforms = torch.randn(3, 16_000, generator=torch.Generator().manual_seed(1)) * 0.1
    torch.testing.assert_close(frontend(waveforms[:1])[0], frontend(waveforms)[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(frontend(waveforms), frontend(waveforms))  # no dropout


def test_layers_and_bundles_that_are_not_there_are_refused(tiny_encoder: nn.Module) -> None:
    with pytest.raises(ConfigError, match="counted from 1"):
        SelfSupervisedFrontend(tiny_encoder, layer=0)
    with pytest.raises(ConfigError, match="no layer 4"):
        SelfSupervisedFrontend(tiny_encoder, layer=4)(torch.zeros(1, 16_000))
    with pytest.raises(ConfigError, match="did you mean 'HUBERT_BASE'"):
        SelfSupervisedFrontend.from_bundle("HUBERT_BAS", layer=1)


def test_without_torchaudio_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    with pytest.raises(MissingDependencyError, match="pip install torchaudio"):
        SelfSupervisedFrontend.from_bundle("HUBERT_BASE", layer=9)
