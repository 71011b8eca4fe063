"""Reading and fitting weight files: what passes, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import ResNet50_Weights

from aurora_resnet.models.imagenet import load_backbone, read_image_weights
from aurora_resnet.models.load_report import LoadReport
from aurora_resnet.runtime.errors import CheckpointError

pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol")

CACHED_NAME = ResNet50_Weights.IMAGENET1K_V1.url.rsplit("/", 1)[1]


class TinyNet(nn.Module):
    """The names that the loader knows, on a few numbers."""

    def __init__(self, four_stages: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4))
        if four_stages:
            self.layer4 = nn.Sequential(nn.Conv2d(4, 8, 1, bias=False))
        self.head = nn.Sequential(nn.Linear(4, 2))


def image_state() -> dict[str, Tensor]:
    """Return a state dict as torchvision would have it: RGB stem, all stages, classifier."""
    generator = torch.Generator().manual_seed(0)
    net = TinyNet(four_stages=True)
    state = {
        key: torch.randn(value.shape, generator=generator) if value.is_floating_point() else torch.tensor(7)
        for key, value in net.state_dict().items()
        if not key.startswith("head.")
    }
    state["conv1.weight"] = torch.randn(4, 3, 3, 3, generator=generator)
    state["fc.weight"], state["fc.bias"] = torch.zeros(10, 8), torch.zeros(10)
    return state


def saved(state: Any, path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_every_tensor_is_accounted_for(name: str, tmp_path: Path) -> None:
    state = image_state()
    net = TinyNet()
    head = [p.clone() for p in net.head.parameters()]
    report = load_backbone(net, saved(state, tmp_path / name))
    assert report == LoadReport(
        source=str(tmp_path / name),
        matched=tuple(key for key in net.state_dict() if key.startswith(("bn1.", "layer1."))),
        adapted=("conv1.weight",),
        new=("head.0.weight", "head.0.bias"),
        dropped=report.dropped,
    )
    assert sorted(report.dropped) == ["fc.bias", "fc.weight", "layer4.0.weight"]
    for key in report.matched:
        assert torch.equal(net.state_dict()[key], state[key])
    assert all(torch.equal(a, b) for a, b in zip(net.head.parameters(), head, strict=True))
    assert str(report).endswith("11 tensors matched, 1 adapted, 2 new, 3 dropped")


def test_the_stem_answers_grey_as_rgb_does(tmp_path: Path) -> None:
    state = image_state()
    net = TinyNet()
    load_backbone(net, saved(state, tmp_path / "w.pth"))
    grey = torch.randn(2, 1, 9, 9, generator=torch.Generator().manual_seed(1))
    expected = nn.functional.conv2d(grey.expand(-1, 3, -1, -1), state["conv1.weight"])
    torch.testing.assert_close(net.conv1(grey), expected, rtol=1e-5, atol=1e-5)


def test_a_one_channel_stem_is_taken_as_it_is(tmp_path: Path) -> None:
    state = image_state()
    state["conv1.weight"] = state["conv1.weight"][:, :1].clone()
    net = TinyNet()
    report = load_backbone(net, saved(state, tmp_path / "w.pth"))
    assert report.adapted == ()
    assert torch.equal(net.conv1.weight, state["conv1.weight"])


def test_counters_may_be_absent(tmp_path: Path) -> None:
    state = {key: value for key, value in image_state().items() if not key.endswith("num_batches_tracked")}
    report = load_backbone(TinyNet(), saved(state, tmp_path / "w.pth"))
    assert not any(key.endswith("num_batches_tracked") for key in report.matched)


def changed(**changes: Tensor | None) -> dict[str, Tensor]:
    state: dict[str, Tensor | None] = {**image_state(), **{key.replace("__", "."): v for key, v in changes.items()}}
    return {key: value for key, value in state.items() if value is not None}


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize(
    ("state", "four_stages", "message"),
    [
        (changed(layer1__0__weight=None), False, r"layer1\.0\.weight is missing"),
        (changed(layer4__0__weight=None), True, r"layer4\.0\.weight is missing"),
        (changed(bn1__bias=torch.zeros(5)), False, r"bn1\.bias has shape \[5\], expected \[4\]"),
        (changed(conv1__weight=torch.zeros(4, 2, 3, 3)), False, r"conv1\.weight has shape \[4, 2, 3, 3\], expected"),
        (changed(conv1__weight=torch.zeros(9, 3, 3, 3)), False, r"conv1\.weight has shape \[9, 1, 3, 3\], expected"),
        (changed(layer9__weight=torch.zeros(1)), False, r"layer9\.weight is unexpected"),
        (changed(layer4__1__weight=torch.zeros(1)), True, r"layer4\.1\.weight is unexpected"),
        (changed(head__0__bias=torch.zeros(2)), False, r"head\.0\.bias is unexpected"),
        ({}, False, r"conv1\.weight is missing; bn1\.weight is missing; .*running_mean is missing; .* and 5 more$"),
    ],
)
def test_anything_else_is_an_error_and_changes_nothing(
    name: str, state: dict[str, Tensor], four_stages: bool, message: str, tmp_path: Path
) -> None:
    net = TinyNet(four_stages)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(CheckpointError, match=rf"{name} does not fit this network: .*{message}"):
        load_backbone(net, saved(state, tmp_path / name))
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_all_problems_stand_in_one_message(tmp_path: Path) -> None:
    state = changed(bn1__bias=None, bn1__weight=torch.zeros(3), extra=torch.zeros(1))
    with pytest.raises(CheckpointError) as caught:
        load_backbone(TinyNet(), saved(state, tmp_path / "w.pth"))
    assert all(part in str(caught.value) for part in ("bn1.bias is missing", "bn1.weight has shape [3]", "extra is"))


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"must be 'imagenet' or an existing file, got '.*nowhere.pth'"):
        read_image_weights(tmp_path / "nowhere.pth")
    with pytest.raises(CheckpointError, match="or an existing file"):
        read_image_weights(tmp_path)
    for suffix in (".pth", ".safetensors"):
        for content in (b"", b"not a weight file", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"PK\x03\x04"):
            path = tmp_path / f"bad{suffix}"
            path.write_bytes(content)
            with pytest.raises(CheckpointError, match=r"bad\.\w+ is not a readable .* weight file"):
                read_image_weights(path)
    others: list[object] = [[1, 2], {"state_dict": {}}, {"a": 1}, {1: torch.zeros(1)}, torch.zeros(3)]
    for other in others:
        with pytest.raises(CheckpointError, match="does not hold a state dict"):
            read_image_weights(saved(other, tmp_path / "other.pth"))


@given(data=st.data(), legacy=st.booleans())
def test_a_damaged_file_is_our_error_or_still_a_state_dict(
    data: st.DataObject, legacy: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "w.pth"
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=not legacy)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    refusal = ""
    state: Mapping[str, Tensor] = {}
    try:
        _, state = read_image_weights(path)
    except CheckpointError as error:
        refusal = str(error)
    assert len(refusal.splitlines()) <= 1
    assert all(isinstance(value, Tensor) for value in state.values())


class Bomb:
    """Unpickling it makes a file: what a malicious checkpoint would do, without the malice."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("plain", [True, False])
def test_a_pickle_that_runs_code_is_refused(plain: bool, tmp_path: Path) -> None:
    path, target = tmp_path / "bomb.pth", tmp_path / "exploded"
    if plain:
        path.write_bytes(pickle.dumps({"conv1.weight": Bomb(target)}))
    else:
        torch.save({"conv1.weight": Bomb(target)}, path)
    with pytest.raises(CheckpointError, match=r"bomb\.pth is not a readable .* a pickle that holds more than tensors"):
        load_backbone(TinyNet(), path)
    assert not target.exists()


@pytest.fixture
def torch_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the empty folder where torchvision's downloads go."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub._hub_dir", None)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_imagenet_takes_torchvisions_cached_file(torch_cache: Path) -> None:
    state = image_state()
    saved(state, torch_cache / CACHED_NAME)
    net = TinyNet()
    report = load_backbone(net, "imagenet")
    assert report.source == "torchvision ResNet50_Weights.IMAGENET1K_V1"
    torch.testing.assert_close(net.conv1.weight, state["conv1.weight"].sum(dim=1, keepdim=True))


def test_imagenet_without_a_network_says_what_to_do(torch_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object, **_options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.urlopen", unreachable)
    with pytest.raises(CheckpointError, match=r"cannot be downloaded .*no route to host.*; give the path of a local"):
        read_image_weights("imagenet")
    assert list(torch_cache.iterdir()) == []


def test_imagenet_refuses_what_is_no_weight_file_in_the_cache(torch_cache: Path, tmp_path: Path) -> None:
    cached = torch_cache / CACHED_NAME
    cached.write_bytes(b"<html>502 Bad Gateway</html>")
    with pytest.raises(CheckpointError, match=r"or read from torch's cache \(damaged"):
        read_image_weights("imagenet")
    torch.save(Bomb(tmp_path / "exploded"), cached)
    with pytest.raises(CheckpointError, match=r"holds more than tensors"):
        read_image_weights("imagenet")
    assert not (tmp_path / "exploded").exists()
