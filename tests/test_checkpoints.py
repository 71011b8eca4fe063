import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from aurora_resnet.checkpoint_file import FORMAT
from aurora_resnet.checkpoints import (
    PRETRAINED,
    load_checkpoint,
    save_calibrated,
    save_checkpoint,
)
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import list_models
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ModelError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.vocabulary import Vocabulary

OPTIONS: dict[str, dict[str, object]] = {
    "resnet50": {"hidden": 16},
    "resnet_attention": {"hidden": 16},
    "resnet_transformer": {"width": 32, "layers": 1},
    "cnn": {"hidden": 16, "dropout": 0.1},
    "lstm": {"cells": 8, "layers": 1},
    "bilstm": {"cells": 8},
    "cnn_lstm": {},
    "compact": {},
    "speech_encoder": {"width": 32, "blocks": 1, "heads": 2, "hidden": 32, "channels": 16},
}


def build(name: str = "cnn", **mel: Any) -> RecognizerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        config = MelConfig(**{"sample_rate": 8000, "n_mels": 32, "f_min": 123.456789, **mel})
        vocabulary = Vocabulary(("one", "two", "oh"))
        model = RecognizerModel(
            RecognizerConfig(name, config, options=OPTIONS[name], clip_seconds=0.3, vocabulary=vocabulary)
        )
        model(torch.randn(4, 2400))  # BatchNorm's statistics leave their start
        return model.eval()


def waveforms() -> torch.Tensor:
    return torch.rand(3, 2400, generator=torch.Generator().manual_seed(2)) - 0.5


@pytest.mark.parametrize("name", list_models())
def test_every_model_of_the_zoo_comes_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    model = build(name)
    model.train()
    save_checkpoint(model, tmp_path / "a.safetensors")
    assert model.training
    loaded = load_checkpoint(tmp_path / "a.safetensors").model
    assert not loaded.training
    assert loaded.config == model.config
    with torch.inference_mode():
        assert torch.equal(loaded(waveforms()), model.eval()(waveforms()))
    assert list(loaded.state_dict()) == list(model.state_dict())


@pytest.mark.parametrize("half", [False, True])
def test_corpus_statistics_come_along_and_stay_exact(tmp_path: Path, half: bool) -> None:
    with torch.random.fork_rng(devices=[]):
        model = RecognizerModel(
            RecognizerConfig("cnn", MelConfig(8000, normalization="corpus"), clip_seconds=0.3)
        ).eval()
    assert model.frontend.normalization is not None
    model.frontend.normalization.fit([model.frontend.log_mel(waveforms())])
    save_checkpoint(model, tmp_path / "a.safetensors", half=half)
    loaded = load_checkpoint(tmp_path / "a.safetensors").model
    with torch.inference_mode():
        assert torch.equal(loaded.frontend(waveforms()), model.frontend(waveforms()))
        assert half or torch.equal(loaded(waveforms()), model(waveforms()))


@pytest.mark.slow
def test_the_file_alone_is_enough_in_a_fresh_process(tmp_path: Path) -> None:
    model = build()
    save_checkpoint(model, tmp_path / "a.safetensors")
    torch.save(waveforms(), tmp_path / "in.pt")
    code = (
        "import torch; from aurora_resnet.checkpoints import load_checkpoint; "
        "torch.set_num_threads(1); model = load_checkpoint('a.safetensors').model; "
        "torch.save((model.config.words, model(torch.load('in.pt')).detach()), 'out.pt')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    words, logits = torch.load(tmp_path / "out.pt")
    assert words == ("one", "two", "oh")
    torch.testing.assert_close(logits, model(waveforms()).detach())


def test_channels_last_weights_keep_values_and_layout(tmp_path: Path) -> None:
    model = build("resnet50")
    name = "classifier.layer1.0.conv2.weight"
    weight = model.state_dict()[name]
    assert not weight.is_contiguous()
    assert weight.is_contiguous(memory_format=torch.channels_last)
    save_checkpoint(model, tmp_path / "a.safetensors")
    stored = load_file(tmp_path / "a.safetensors")["model." + name]
    loaded = load_checkpoint(tmp_path / "a.safetensors").model.state_dict()[name]
    assert stored.is_contiguous()
    assert loaded.is_contiguous(memory_format=torch.channels_last)
    for other in (stored, loaded):
        assert torch.equal(other, weight)


def test_information_and_further_tensors_come_back(tmp_path: Path) -> None:
    info = {"epoch": 3, "words": ["zwölf"], "nested": {"share": 0.1, "none": None}}
    state = {
        "optimizer.0.momentum_buffer": torch.randn(3, 4, 5, 6).to(memory_format=torch.channels_last),
        "optimizer.0.step": torch.tensor(7.0),
        "flags": torch.tensor([True, False]),
        "model.trap": torch.arange(3),
    }
    save_checkpoint(build(), tmp_path / "a.safetensors", info=info, state=state)
    checkpoint = load_checkpoint(tmp_path / "a.safetensors")
    assert checkpoint.info == info
    assert checkpoint.state.keys() == state.keys()
    for name, tensor in state.items():
        assert torch.equal(checkpoint.state[name], tensor)
        assert checkpoint.state[name].dtype == tensor.dtype


def test_loading_leaves_the_callers_random_numbers_alone(tmp_path: Path) -> None:
    save_checkpoint(build(), tmp_path / "a.safetensors")
    before = torch.random.get_rng_state()
    load_checkpoint(tmp_path / "a.safetensors")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_writer_that_breaks_off_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(build(), path, info={"epoch": 1})
    before = path.read_bytes()

    def half(temporary: Path, data: bytes) -> int:
        with temporary.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(build(), path, info={"epoch": 2})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert load_checkpoint(path).info == {"epoch": 1}


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no checkpoint '.*none.safetensors'; shipped: resnet50"):
        load_checkpoint(tmp_path / "none.safetensors")
    (tmp_path / "best.safetensors").touch()
    with pytest.raises(CheckpointError, match=rf"is a folder without .*; give the file in it: {tmp_path}/best.safete"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_cut_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(build(), path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"a\.safetensors is no readable safetensors file"):
        load_checkpoint(path)


def test_what_is_no_checkpoint_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"PK\x03\x04" + bytes(1000))
    with pytest.raises(CheckpointError, match="is no readable safetensors file"):
        load_checkpoint(path)
    for metadata in (None, {"format": "pt"}):
        save_file({"conv1.weight": torch.zeros(3)}, path, metadata)
        with pytest.raises(CheckpointError, match="no aurora_resnet header, so it is no checkpoint of this library"):
            load_checkpoint(path)


def test_half_precision_halves_the_file_and_keeps_each_weight_to_its_eleventh_bit(tmp_path: Path) -> None:
    model = build("resnet50")
    save_checkpoint(model, tmp_path / "whole.safetensors")
    save_checkpoint(model, tmp_path / "half.safetensors", half=True, info={"epoch": 3}, state={"x": torch.rand(3)})
    sizes = {name: (tmp_path / f"{name}.safetensors").stat().st_size for name in ("whole", "half")}
    assert sizes["half"] < 0.52 * sizes["whole"]
    checkpoint = load_checkpoint(tmp_path / "half.safetensors")
    assert checkpoint.info == {"epoch": 3}
    assert checkpoint.state["x"].dtype == torch.float32
    loaded, original = checkpoint.model.state_dict(), model.state_dict()
    assert loaded.keys() == original.keys()
    weights = {name for name, _ in model.named_parameters()}
    for name, value in original.items():
        assert loaded[name].dtype == value.dtype
        if name in weights:
            bound = torch.maximum(value.abs() * 2**-11, torch.tensor(2**-25))
            assert bool(((loaded[name] - value).abs() <= bound).all()), name
        else:  # BatchNorm's statistics and counters
            assert torch.equal(loaded[name], value)
    assert any(not torch.equal(loaded[name], original[name]) for name in weights)
    save_checkpoint(checkpoint.model, tmp_path / "again.safetensors", half=True)
    again = load_checkpoint(tmp_path / "again.safetensors").model.state_dict()
    assert all(torch.equal(again[name], value) for name, value in loaded.items())


@pytest.mark.parametrize("value", [65520.0, -1e6, float("nan")])
def test_weights_beyond_half_precision_are_refused(tmp_path: Path, value: float) -> None:
    model = build()
    torch.nn.init.constant_(model.get_parameter("classifier.head.3.bias"), 65504.0)
    save_checkpoint(model, tmp_path / "a.safetensors", half=True)
    before = (tmp_path / "a.safetensors").read_bytes()
    torch.nn.init.constant_(model.get_parameter("classifier.head.3.bias"), value)
    with pytest.raises(CheckpointError, match=r"classifier\.head\.3\.bias holds values beyond float16's 65504"):
        save_checkpoint(model, tmp_path / "a.safetensors", half=True)
    assert (tmp_path / "a.safetensors").read_bytes() == before


def rewritten(path: Path, change: dict[str, Any]) -> None:
    """Write the file again with another header."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["aurora_resnet"])
    save_file(load_file(path), path, {"aurora_resnet": json.dumps({**header, **change})})


def test_a_file_of_a_newer_format_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(build(), path)
    for newer in (3, None, "2", 0):
        rewritten(path, {"format": newer})
        with pytest.raises(
            CheckpointError, match=rf"has format {newer!r}, this version reads format 2; install a newer aurora-resnet"
        ):
            load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "resnet51"}, r"unknown model 'resnet51' \(did you mean 'resnet50'\?\)"),
        ({"model": "lstm"}, r"Missing key.*lstm\.weight_ih_l0"),
        ({"options": {"hidden": 17}}, "size mismatch"),
        ({"options": {"hidden": "wide"}}, "does not fit the network that it describes"),
        ({"vocabulary": {"words": ["one", "two"], "digits": [1, 2]}}, "size mismatch"),
        ({"vocabulary": {"words": ["one"], "digits": [1]}}, "a vocabulary needs 2 to 10000 words, got 1"),
        ({"vocabulary": {"words": 3}}, "vocabulary"),
        ({"clip_seconds": -1.0}, "clip_seconds must lie above 0"),
        ({"clip_seconds": 0.01}, "clip_seconds must exceed"),
        ({"clip_seconds": 1e30}, "clip_seconds must lie above 0 and up to 60"),
        ({"options": {"hidden": 10**30}}, "hidden must lie from 1 to 65536"),
        (
            {"clip_seconds": 60.0, "mel": {"sample_rate": 8000, "hop_seconds": 0.000125}},
            "make 480,001 frames: at most 16",
        ),
        (
            {"clip_seconds": 60.0, "mel": {"sample_rate": 768_000, "n_mels": 16}},
            "make 6,001 frames: .* 512 with an FFT of 32768",
        ),
        ({"mel": {"sample_rate": 768_000, "n_fft": 2**20, "n_mels": 1000}}, "make more than 16,777,216 values"),
        ({"mel": {"sample_rate": 8000, "n_mels": 32, "hop_seconds": 0.1}}, "needs at least 8 frames, got 4"),
        ({"mel": {"sample_rate": 10**9}}, "sample_rate must lie from"),
        ({"mel": {"sample_rate": 8000, "hop_seconds": 1e-320}}, "hop_seconds must be at least one sample"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_a_header_that_does_not_fit_the_tensors_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "a.safetensors"
    model = build()
    save_checkpoint(model, path)
    with safe_open(path, framework="pt") as file:
        config = json.loads(file.metadata()["aurora_resnet"])["config"]
    rewritten(path, {"config": {**config, **change}})
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "header",
    [
        "{",
        "[1]",
        "3",
        "[" * 100_000,
        '{"format": 1}',
        '{"format": 2}',
        '{"format": 2, "config": 3}',
    ],
)
def test_a_damaged_header_is_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"model.x": torch.zeros(1)}, path, {"aurora_resnet": header})
    with pytest.raises(CheckpointError, match=r"a\.safetensors"):
        load_checkpoint(path)


def test_missing_and_surplus_tensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(build(), path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    lost = {name: tensor for name, tensor in tensors.items() if not name.endswith("head.0.bias")}
    for changed in (lost, {**tensors, "model.more": torch.zeros(1)}):
        save_file(changed, path, metadata)
        with pytest.raises(CheckpointError, match=r"head\.0\.bias|model\.more|\"more\""):
            load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda weights: weights * math.nan, "values that are not finite"),
        (lambda weights: weights * math.inf, "values that are not finite"),
        (lambda weights: weights.double() + 1e300, "values that are not finite"),
        (lambda weights: weights.to(torch.int64), r"holds torch.int64, expected torch.float32"),
        (lambda weights: weights.to(torch.bool), r"holds torch.bool"),
    ],
)
def test_weights_that_cannot_answer_are_refused(
    tmp_path: Path, change: Callable[[torch.Tensor], torch.Tensor], says: str
) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(build(), path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = {
        name: tensor.clone() for name, tensor in load_file(path).items()
    }  # the file is mapped, and written again
    name = "model.classifier.head.0.weight"
    save_file({**tensors, name: change(tensors[name])}, path, metadata)
    with pytest.raises(CheckpointError, match=rf"a\.safetensors .*head\.0\.weight .*{says}"):
        load_checkpoint(path)
    variance = next(name for name in tensors if name.endswith("running_var"))
    save_file({**tensors, variance: -tensors[variance]}, path, metadata)
    with pytest.raises(CheckpointError, match="variance below zero"):
        load_checkpoint(path)


def test_weights_too_large_to_answer_are_a_model_error(tmp_path: Path) -> None:
    model = build()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1e30)
    save_checkpoint(model, tmp_path / "a.safetensors")
    scoring = TorchModel(load_checkpoint(tmp_path / "a.safetensors").model)
    with pytest.raises(ModelError, match="logits that are not finite"):
        scoring.logits(waveforms().numpy())


def test_a_card_of_any_bytes_is_read(tmp_path: Path) -> None:
    save_checkpoint(build(), tmp_path / "a.safetensors")
    (tmp_path / "a.md").write_bytes(b"# caf\xe9")
    assert load_checkpoint(tmp_path / "a.safetensors").card.startswith("# caf")


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "caf\udce9", "a\nb", "", "/dev/zero"])
def test_a_name_that_no_checkpoint_has_is_missing(name: str) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        load_checkpoint(name)


def test_nothing_but_names_and_plain_values_is_stored(tmp_path: Path) -> None:
    model = build()
    save_checkpoint(model, tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        header = json.loads(file.metadata()["aurora_resnet"])
    assert header.keys() == {"format", "version", "kind", "config", "calibration", "card", "info"}
    assert header["format"] == FORMAT == 2
    assert header["calibration"] == {"temperature": 1.0, "threshold": None}
    assert header["config"]["vocabulary"] == {"words": ["one", "two", "oh"], "digits": [1, 2, 0]}
    assert header["config"]["model"] == "cnn"
    assert header["config"]["mel"]["f_min"] == 123.456789


@pytest.mark.parametrize(
    "change", [{"temperature": 0.0, "threshold": None}, {"temperature": 1.0}, {"threshold": 1}, 3, None]
)
def test_a_damaged_calibration_is_refused(tmp_path: Path, change: object) -> None:
    path = tmp_path / "a.safetensors"
    save_checkpoint(build(), path)
    rewritten(path, {"calibration": change})
    with pytest.raises(CheckpointError, match=r"a\.safetensors does not fit .*(temperature|calibration)"):
        load_checkpoint(path)


def test_calibration_and_card_come_along(tmp_path: Path) -> None:
    save_checkpoint(build(), tmp_path / "a.safetensors", calibration=Calibration(1.25, -3.5), card="# Mine\n\nzwölf")
    checkpoint = load_checkpoint(tmp_path / "a.safetensors")
    assert checkpoint.calibration == Calibration(1.25, -3.5)
    assert checkpoint.card == "# Mine\n\nzwölf"
    assert checkpoint.name == f"{tmp_path.name}/a"
    assert repr(checkpoint).startswith(f"Checkpoint({tmp_path.name}/a: cnn, Vocabulary(3 words: one, two, oh), ")


def stored(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    with safe_open(path, framework="pt") as file:
        return load_file(path), json.loads(file.metadata()["aurora_resnet"])


@pytest.mark.parametrize("half", [False, True])
def test_another_calibration_leaves_every_bit_of_the_tensors(tmp_path: Path, half: bool) -> None:
    model, state = build("compact"), {"optimizer.0.step": torch.tensor(7.0, dtype=torch.float64)}
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    save_checkpoint(model, first, half=half, info={"epoch": 3}, state=state, card="mine")
    save_calibrated(first, Calibration(0.8, 2.5), second, info={"operating_point": {"words_refused": 0.02}})
    (before, old), (after, new) = stored(first), stored(second)
    assert after.keys() == before.keys()
    for name, tensor in before.items():
        assert after[name].dtype == tensor.dtype
        assert torch.equal(after[name], tensor)
    assert any(tensor.dtype == torch.float16 for tensor in after.values()) is half
    assert new["calibration"] == {"temperature": 0.8, "threshold": 2.5}
    assert new["info"] == {"epoch": 3, "operating_point": {"words_refused": 0.02}}
    assert (new["config"], new["card"]) == (old["config"], "mine")
    save_calibrated(second, Calibration(), second)  # onto itself
    assert stored(second)[0].keys() == before.keys()
    assert load_checkpoint(second).calibration == Calibration()


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_shipped_model_is_calibrated_by_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.safetensors"
    save_calibrated(name, Calibration(1.0, 1.0), path)
    before, after = load_file(resolve(name, format="checkpoint").path), load_file(path)
    assert all(torch.equal(after[key], tensor) and after[key].dtype == tensor.dtype for key, tensor in before.items())
    assert load_checkpoint(path).card == load_checkpoint(name).card
    with pytest.raises(CheckpointError, match="did you mean"):
        save_calibrated(f"{name}x", Calibration(), path)
