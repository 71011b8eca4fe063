"""What only the study builds: depth, skip connections, channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch

from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.resnet import ResidualSpeechNet
from study.contrastive_trainer import save_backbone
from study.networks import ChannelFrontend, FourStages, StringResNet, WithoutSkips


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of three stages."""
    path = tmp_path_factory.mktemp("weights") / "three.safetensors"
    save_backbone(ResidualSpeechNet(3), path)
    return path


def test_four_stages_begin_with_the_three_of_the_file(weights: Path) -> None:
    three, four = ResidualSpeechNet(3, weights=weights).eval(), FourStages(weights=weights).eval()
    assert four.channels == 2048
    seen: dict[str, torch.Tensor] = {}
    cast(torch.nn.Module, four.layer4).register_forward_pre_hook(lambda _, inputs: seen.update(x=inputs[0]))
    features = torch.randn(2, 64, 101)
    four.feature_map(features)
    torch.testing.assert_close(seen["x"], three.feature_map(features))


def test_without_skips_a_block_passes_only_what_it_computes(weights: Path) -> None:
    """A block whose last normalisation gives 0 gives 0; with the skip connection it gives its input."""
    x = torch.rand(1, 256, 8, 8)
    for network, expected in ((WithoutSkips(weights=weights), torch.zeros_like(x)), (ResidualSpeechNet(3), x)):
        block: Any = cast(Any, network.eval().layer1)[1]
        torch.nn.init.zeros_(block.bn3.weight)
        torch.nn.init.zeros_(block.bn3.bias)
        torch.testing.assert_close(block(x), expected)


def test_a_filter_leaves_features_without_band_means_as_they_were() -> None:
    speech = torch.randn(1, 8000, generator=torch.Generator().manual_seed(1))
    filtered = speech - 0.7 * speech.roll(1)  # by 15 dB from low to high, as set C's
    mel = MelConfig(sample_rate=8000)
    plain, free = (ChannelFrontend(mel, band_means=means).eval() for means in (False, True))
    changes = [(f(filtered) - f(speech)).square().mean().sqrt().item() for f in (plain, free)]
    assert changes[1] < 0.2 < 0.5 < changes[0]


def test_tilts_are_lines_over_the_bands_in_training_alone() -> None:
    frontend = ChannelFrontend(MelConfig(sample_rate=8000), tilt_db=6.0)
    speech = torch.randn(1, 8000, generator=torch.Generator().manual_seed(2))
    plain = frontend.eval()(speech)
    torch.testing.assert_close(plain, ChannelFrontend(MelConfig(sample_rate=8000)).eval()(speech))
    torch.manual_seed(0)
    tilted = frontend.train()(speech)
    scale = (tilted[0, 0] - tilted[0, 0].mean()).std() / (plain[0, 0] - plain[0, 0].mean()).std()
    bands = (tilted / scale - plain).mean(dim=2)[0]
    steps = bands.diff()
    assert steps.abs().mean() > 0.005
    torch.testing.assert_close(steps, steps.mean().expand_as(steps), atol=1e-4, rtol=1e-3)


def test_strings_are_answered_every_40_ms_and_by_the_weights_of_the_file(weights: Path) -> None:
    three, strings = ResidualSpeechNet(3, weights=weights), StringResNet(weights=weights).eval()
    assert strings(torch.randn(2, 64, 402)).shape == (2, 100, 39)
    state = strings.backbone.state_dict()
    assert all(torch.equal(state[n], x) for n, x in three.state_dict().items() if not n.startswith("head."))
