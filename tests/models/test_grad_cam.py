"""Grad-CAM against class activation maps computed by hand, and against differences instead of gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.compact import CompactResNet
from aurora_resnet.models.grad_cam import grad_cam, layer_outputs
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import ConfigError

SMALL = {"widths": (4, 6, 8, 10), "blocks": (1, 1, 1)}


def build(model: str, **options: object) -> RecognizerModel:
    torch.manual_seed(3)
    config = RecognizerConfig(model=model, mel=MelConfig(sample_rate=8000), options=options)
    return RecognizerModel(config).double().eval()


@pytest.fixture(scope="module")
def clips() -> Tensor:
    return torch.randn(2, 8000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def spread(heat: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a map ``[B, H, W]`` at the size of the spectrogram, 0 to 1."""
    large = F.interpolate(heat[:, None].clamp(min=0), size=size, mode="bilinear", align_corners=False)[:, 0]
    return large / large.amax(dim=(1, 2), keepdim=True)


def test_before_a_mean_and_a_dense_layer_it_is_the_class_activation_map(clips: Tensor) -> None:
    model = build("compact", **SMALL)
    network = model.classifier
    assert isinstance(network, CompactResNet)
    with torch.no_grad():
        features = model.frontend(clips)
        maps = network.stages(network.stem(features[:, None]))
        weights = network.head[1].weight[7]  # type: ignore[index]  # Zhou et al.: the class weights of the channels
        expected = spread(torch.einsum("c,bchw->bhw", weights, maps), (64, features.shape[2]))
    heat = grad_cam(model, clips, word="seven")
    assert heat.shape == features.shape
    torch.testing.assert_close(heat, expected, rtol=1e-9, atol=1e-9)
    assert heat.min() >= 0
    assert heat.amax(dim=(1, 2)).tolist() == [1, 1]


@pytest.mark.parametrize("layer", ["blocks.1", "blocks.0.1"])  # the second is followed by a ReLU
def test_channel_weights_are_what_moving_a_channel_does_to_the_score(clips: Tensor, layer: str) -> None:
    model, clip, step, word = build("cnn", hidden=16), clips[:1, :2000], 1e-8, 3  # no ReLU turns within the step
    target = model.classifier.get_submodule(layer)
    seen: list[Tensor] = []
    handle = target.register_forward_hook(lambda _m, _i, output: seen.append(output))
    with torch.no_grad():
        features = model.frontend(clip)
        model.classifier(features)
        handle.remove()
        maps, slopes = seen[0], []
        for channel in range(maps.shape[1]):
            scores = []
            for sign in (1, -1):
                moved = maps.clone()
                moved[:, channel] += sign * step
                handle = target.register_forward_hook(lambda _m, _i, _o, moved=moved: moved)
                scores.append(model.classifier(features)[0, word])
                handle.remove()
            slopes.append((scores[0] - scores[1]) / (2 * step))  # the sum of the derivatives over the cells
        weights = torch.stack(slopes) / maps[0, 0].numel()
        expected = spread(torch.einsum("c,bchw->bhw", weights, maps), (64, features.shape[2]))
    heat = grad_cam(model, clip, word=model.config.words[word], layer=layer)
    torch.testing.assert_close(heat, expected, rtol=1e-4, atol=1e-5)


def test_without_a_word_it_explains_the_most_probable_one_and_clips_do_not_mix(clips: Tensor) -> None:
    model = build("compact", **SMALL)
    with torch.no_grad():
        words = [model.config.words[int(best)] for best in model(clips).argmax(dim=1)]
    both = grad_cam(model, clips)
    for clip, word, heat in zip(clips, words, both, strict=True):
        torch.testing.assert_close(grad_cam(model, clip, word=word), heat, rtol=1e-9, atol=1e-9)


def test_the_model_stays_as_it_is(clips: Tensor) -> None:
    model = build("resnet50")
    model.classifier.freeze("stage1")
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.inference_mode():  # as in a recogniser's loop
        heat = grad_cam(model, clips[0])
    assert heat.shape == (64, 101)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training
    assert not model.classifier.get_submodule("layer1").training
    assert not any(module._forward_hooks for module in model.modules())


def test_nothing_that_speaks_for_the_word_is_a_map_of_zeros(clips: Tensor) -> None:
    model = build("compact", **SMALL)
    head = model.classifier.head[1]  # type: ignore[index]
    assert isinstance(head, nn.Linear)
    nn.init.constant_(head.weight, -1.0)  # maps after a ReLU are 0 or more
    assert grad_cam(model, clips).abs().max() == 0


def test_layers_are_what_they_compute(clips: Tensor) -> None:
    model = build("compact", **SMALL)
    seen = layer_outputs(model, clips, ["stem", "stages.0", "stages"])
    with torch.no_grad():
        stem = model.classifier.get_submodule("stem")(model.frontend(clips)[:, None])
        stage = model.classifier.get_submodule("stages.0")(stem.clone())
    torch.testing.assert_close(seen["stem"], stem)
    torch.testing.assert_close(seen["stages.0"], stage)
    torch.testing.assert_close(layer_outputs(model, clips[0], ["stages"])["stages"], seen["stages"][0])


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("lstm", {}, "needs convolutions"),
        ("cnn", {"layer": "block"}, "no layer 'block' .did you mean 'blocks'"),
        ("cnn", {"layer": "head"}, "gives .1, 11.; Grad-CAM needs a map"),
        ("cnn", {"word": "eleven"}, "does not know the word 'eleven'"),
    ],
)
def test_what_has_no_map_is_said(clips: Tensor, model: str, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        grad_cam(build(model), clips[0], **arguments)


def test_a_recording_is_no_batch_of_batches() -> None:
    with pytest.raises(ConfigError, match=r"expected a clip \[N\] or a batch"):
        grad_cam(build("cnn"), torch.zeros(1, 1, 8000))
