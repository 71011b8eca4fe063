"""The heads of ``resnet_attention`` and ``resnet_transformer``; the zoo's contract covers the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.models.resnet_attention import (
    AttentionPooling,
    ResNetAttention,
    ResNetTransformer,
    TransformerPooling,
)
from aurora_resnet.models.zoo import create_model, model_cost
from aurora_resnet.runtime.errors import ConfigError


def sequence(seed: int = 0, length: int = 7, channels: int = 8) -> torch.Tensor:
    return torch.randn(3, length, channels, generator=torch.Generator().manual_seed(seed))


def test_attention_without_preference_is_the_mean() -> None:
    pooling = AttentionPooling(channels=8, hidden=4)
    torch.nn.init.zeros_(pooling.score.weight)
    torch.testing.assert_close(pooling(sequence()), sequence().mean(dim=1))


def test_attention_follows_the_score_and_not_the_order() -> None:
    pooling = AttentionPooling(channels=8, hidden=1)
    with torch.no_grad():
        pooling.hidden.weight.copy_(torch.eye(8)[:1])  # the score is the first channel
        pooling.hidden.bias.zero_()
        pooling.score.weight.fill_(1e4)
    x = sequence(1)
    expected = x[torch.arange(3), x[:, :, 0].argmax(dim=1)]
    torch.testing.assert_close(pooling(x), expected)
    torch.testing.assert_close(pooling(x.flip(1)), expected)


def test_the_transformer_hears_the_order() -> None:
    torch.manual_seed(0)
    pooling = TransformerPooling(channels=8, width=16, layers=1, heads=2, dropout=0.0).eval()
    assert not torch.allclose(pooling(sequence()), pooling(sequence().flip(1)), atol=1e-3)


@pytest.mark.parametrize("name", ["resnet_attention", "resnet_transformer"])
def test_the_backbone_is_the_plain_networks(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    plain = ResidualSpeechNet()
    state = {key: value.contiguous() for key, value in plain.state_dict().items() if not key.startswith("head.")}
    save_file(state, tmp_path / "backbone.safetensors")
    network = create_model(name, weights=str(tmp_path / "backbone.safetensors")).eval()
    assert isinstance(network, ResidualSpeechNet)
    features = torch.randn(2, 64, 101)
    torch.testing.assert_close(network.feature_map(features), plain.eval().feature_map(features))
    head = {id(parameter) for parameter in network.parameters_of_head()}
    network.freeze("all_but_head")
    assert {id(parameter) for parameter in network.parameters() if parameter.requires_grad} == head


@pytest.mark.parametrize("network", [ResNetAttention(), ResNetTransformer()])
def test_the_cost_is_about_the_plain_networks(network: SpeechClassifier) -> None:
    assert model_cost(network).macs < 1.05 * model_cost(ResidualSpeechNet()).macs


def test_impossible_encoders_are_refused() -> None:
    for width, heads, layers in ((30, 4, 2), (256, 4, 0), (9, 3, 2)):
        with pytest.raises(ConfigError, match=r"heads|layers"):
            ResNetTransformer(width=width, heads=heads, layers=layers)
