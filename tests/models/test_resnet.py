"""``ResidualSpeechNet`` against torchvision's ResNet-50 layer by layer, and its freeze plans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision.models import resnet50

from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.runtime.errors import CheckpointError, ConfigError

KERAS = Path(__file__).parents[2] / "../shared/weights/resnet50_imagenet_stages123.safetensors"
STAGES = ("layer1", "layer2", "layer3", "layer4")
PARTS = ("conv1", "bn1", "relu", "maxpool", *STAGES)


def random_resnet50() -> nn.Module:
    """Return torchvision's network, every weight and every running statistic drawn."""
    generator = torch.Generator().manual_seed(0)
    net: nn.Module = resnet50()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value, low, high in (
                (module.weight, 0.3, 0.9),
                (module.bias, -0.3, 0.3),
                (module.running_mean, -0.3, 0.3),
                (module.running_var, 0.5, 1.5),
            ):
                assert value is not None
                nn.init.uniform_(value, low, high, generator=generator)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, generator=generator)
    # Stem kernels of few binary digits, so that their sum over RGB is exact and float64 may be compared closely.
    stem = net.get_parameter("conv1.weight")
    nn.init.uniform_(stem, -200, 200, generator=generator)
    with torch.no_grad():
        stem.round_().div_(1024)
    return net.eval()


@pytest.fixture(scope="module")
def image_net() -> nn.Module:
    return random_resnet50()


@pytest.fixture(scope="module")
def weight_files(image_net: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    folder = tmp_path_factory.mktemp("weights")
    files = {"pth": folder / "resnet50.pth", "safetensors": folder / "resnet50.safetensors"}
    torch.save(image_net.state_dict(), files["pth"])
    save_file(image_net.state_dict(), files["safetensors"])
    yield files
    for file in files.values():
        file.unlink()  # 100 MB each


def picture() -> Tensor:
    return torch.randn(2, 64, 45, generator=torch.Generator().manual_seed(1))


def outputs_of(net: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """Return what leaves the stem's layers and the stages, caught by hooks."""
    seen: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        seen[name] = output.detach().clone()  # the ReLU that follows works in place

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: keep(name, output))
        for name, module in net.named_children()
        if name in PARTS
    ]
    with torch.inference_mode():
        net(inputs)
    for hook in hooks:
        hook.remove()
    return seen


def check_layer_by_layer(ours: ResidualSpeechNet, reference: nn.Module, dtype: torch.dtype) -> None:
    grey = picture().to(dtype)
    got = outputs_of(ours.to(dtype).eval(), grey)
    expected = outputs_of(reference.to(dtype).eval(), grey.unsqueeze(1).expand(-1, 3, -1, -1))
    assert tuple(got) == PARTS[: 4 + ours.stages]
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    for name, value in got.items():
        scale = float(expected[name].abs().max())
        difference = float((value - expected[name]).abs().max())
        torch.testing.assert_close(
            value,
            expected[name],
            rtol=10 * tolerance,
            atol=tolerance * max(scale, 1.0),
            msg=f"{name}: the largest difference is {difference:g} beside values up to {scale:g}",
        )
    last = expected[STAGES[ours.stages - 1]]
    torch.testing.assert_close(ours.embed(grey), last.mean(dim=(2, 3)), rtol=1e-4, atol=1e-5 * float(last.abs().max()))


@pytest.mark.parametrize("stages", [3, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("suffix", "dtype"), [("pth", torch.float32), ("safetensors", torch.float64)])
def test_equal_to_torchvision_layer_by_layer(
    stages: int, suffix: str, dtype: torch.dtype, weight_files: dict[str, Path], image_net: nn.Module
) -> None:
    ours = ResidualSpeechNet(stages=stages, weights=weight_files[suffix])
    try:
        check_layer_by_layer(ours, image_net, dtype)
    finally:
        image_net.float()
    names = list(image_net.state_dict())
    report = ours.load_report
    assert report is not None
    assert report.source == str(weight_files[suffix])
    assert report.adapted == ("conv1.weight",)
    gone = ("fc.",) if stages == 4 else ("fc.", "layer4.")
    assert set(report.dropped) == {name for name in names if name.startswith(gone)}
    assert set(report.matched) == {name for name in names if not name.startswith((*gone, "conv1."))}
    assert report.new == ("head.0.weight", "head.0.bias", "head.3.weight", "head.3.bias")
    counts = len(report.matched) + len(report.adapted) + len(report.dropped)
    assert counts == len(names)
    assert f"{len(report.matched)} tensors matched, 1 adapted, 4 new, {len(report.dropped)} dropped" in str(report)


@pytest.mark.shared
@pytest.mark.skipif(not KERAS.is_file(), reason="needs the ImageNet weights in ../shared/weights")
def test_real_imagenet_weights_layer_by_layer() -> None:
    ours = ResidualSpeechNet(stages=3, weights=KERAS)
    reference = resnet50()
    missing = reference.load_state_dict(load_file(KERAS), strict=False)
    assert missing.unexpected_keys == []
    check_layer_by_layer(ours, reference, torch.float32)
    assert ours.load_report is not None
    assert ours.load_report.dropped == ()
    assert len(ours.load_report.matched) + 1 + 4 == len(ours.state_dict()) - sum(
        key.endswith("num_batches_tracked") and key not in load_file(KERAS) for key in ours.state_dict()
    )


@pytest.mark.shared
@pytest.mark.skipif(not KERAS.is_file(), reason="needs the ImageNet weights in ../shared/weights")
def test_four_stages_refuse_a_file_of_three() -> None:
    with pytest.raises(CheckpointError, match=r"does not fit this network: layer4.0.conv1.weight is missing.*more"):
        ResidualSpeechNet(stages=4, weights=KERAS)


def test_random_weights_have_no_report() -> None:
    assert ResidualSpeechNet().load_report is None


@pytest.mark.parametrize("stages", [0, 2, 5])
def test_other_numbers_of_stages_are_refused(stages: int) -> None:
    with pytest.raises(ConfigError, match=rf"stages must be 3 .* or 4 .*, got {stages}"):
        ResidualSpeechNet(stages=stages)


PLANS = {
    "none": (),
    "stem": ("conv1.", "bn1."),
    "stage1": ("conv1.", "bn1.", "layer1."),
    "stage2": ("conv1.", "bn1.", "layer1.", "layer2."),
    "stage3": ("conv1.", "bn1.", "layer1.", "layer2.", "layer3."),
    "all_but_head": ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4."),
}


@pytest.mark.parametrize("stages", [3, 4])
def test_names_of_the_plans(stages: int) -> None:
    assert list(ResidualSpeechNet(stages=stages).freezable_parts()) == list(PLANS)


def test_plans_freeze_from_below() -> None:
    net = ResidualSpeechNet(stages=4)
    for plan, frozen in PLANS.items():
        net.freeze(plan)
        for name, parameter in net.named_parameters():
            assert parameter.requires_grad != name.startswith(frozen or ("-",)), (plan, name)


@pytest.mark.parametrize("plan", PLANS)
def test_a_step_with_weight_decay_leaves_frozen_parts_alone(plan: str) -> None:
    torch.manual_seed(0)
    net = ResidualSpeechNet(stages=3).freeze(plan).train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.1)
    net(picture()).square().sum().backward()
    optimizer.step()
    # BatchNorm's running statistics and counters are among these.
    changed = {key for key, value in net.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == {key for key in before if not key.startswith(PLANS[plan] or ("-",))}


def test_thawing_step_by_step() -> None:
    net = ResidualSpeechNet(stages=3).freeze("all_but_head").train()
    assert not net.bn1.training
    net.freeze("stage1")
    assert not net.bn1.training
    assert net.layer2.training  # type: ignore[union-attr]
    net.eval().train()
    assert not net.bn1.training
    net.freeze("none")
    assert net.bn1.training
    assert all(p.requires_grad for p in net.parameters())
    with pytest.raises(ConfigError, match=r"'stage_1' \(did you mean 'stage1'\?\) for ResidualSpeechNet; plans: none"):
        net.freeze("stage_1")
    assert all(p.requires_grad for p in net.parameters())
