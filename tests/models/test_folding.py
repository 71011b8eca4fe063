"""Folded networks against the networks that they were made from, and against the formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.folding import fold_batch_norms
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import list_models
from aurora_resnet.runtime.errors import ConfigError

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def disturbed(module: nn.Module) -> nn.Module:
    """Give every batch normalisation statistics and weights as a training leaves them, far from 0 and 1."""
    generator = torch.Generator().manual_seed(3)
    for layer in module.modules():
        if isinstance(layer, NORMS):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_(0, 0.3, generator=generator)
            layer.running_var.uniform_(0.3, 2.0, generator=generator)
            nn.init.uniform_(layer.weight, -0.5, 1.5, generator=generator)
            nn.init.normal_(layer.bias, 0, 0.3, generator=generator)
    return module.eval()


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_folded_layer_is_the_formula() -> None:
    net = nn.Sequential(nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5, eps=0.01))
    disturbed(net)
    convolution, norm = net
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert convolution.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + 0.01)
    weight = convolution.weight * scale[:, None, None, None]
    bias = (convolution.bias - norm.running_mean) * scale + norm.bias
    x = noise(2, 2, 6, 7)
    torch.testing.assert_close(fold_batch_norms(net, x)(x), F.conv2d(x, weight, bias), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", list_models())
def test_every_model_of_the_zoo_gives_the_same_without_batch_normalisation(name: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = RecognizerModel(RecognizerConfig(name, MelConfig(8000), clip_seconds=0.5))
    disturbed(model)
    model.train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    folded = fold_batch_norms(model, noise(1, 4000))
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    model.eval()
    with torch.inference_mode():
        for clips in (noise(1, 4000, seed=5), noise(3, 4000, seed=6), noise(2, 6000, seed=7)):
            expected = model(clips)
            scale = float(expected.abs().max().clamp(min=1.0))
            assert not any(isinstance(layer, NORMS) for layer in folded.modules())
            torch.testing.assert_close(folded(clips), expected, rtol=0, atol=1e-4 * scale)
    assert not any(layer.training for layer in folded.modules())


class Shared(nn.Module):
    """Uses the convolution's output beside the normalised one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        z: Tensor = self.norm(y) + y
        return z


class Twice(nn.Module):
    """One convolution, two normalisations: neither can be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.first, self.second = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.first(self.conv(x)) * self.second(self.conv(2 * x))
        return y


class Apart(nn.Module):
    """Neighbours by registration, with a ReLU between them: no pair."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x).relu())
        return y


def test_what_cannot_be_folded_is_left_or_refolded() -> None:
    x = noise(2, 1, 8, 8)
    with pytest.raises(ConfigError, match="changes what Shared gives"):
        fold_batch_norms(disturbed(Shared()), x)
    for net in (Twice(), Apart()):
        disturbed(net)
        folded = fold_batch_norms(net, x)
        assert any(isinstance(layer, NORMS) for layer in folded.modules())
        torch.testing.assert_close(folded(x), net(x))
