"""What a model's name means, where the runtime is installed alone; ``tests/cli`` has all names with all commands."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from aurora_resnet.runtime import model_reference
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError, ModelError
from aurora_resnet.runtime.model_reference import SHIPPED, Kind, resolve
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the whole package."""
    monkeypatch.setattr(model_reference, "ADDED", {})
    monkeypatch.setattr(model_reference, "FOLDERS", {"onnx": model_reference.FOLDERS["onnx"]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    shutil.copy(resolve("compact").path, tmp_path / "mine" / "model.onnx")
    digest = hashlib.sha256((tmp_path / "mine" / "model.onnx").read_bytes()).hexdigest()
    files = {"model.onnx": digest.upper(), "model.safetensors": "0" * 64}
    (tmp_path / "mine" / "config.json").write_text(json.dumps({"library_name": "aurora-resnet", "files": files}))
    return tmp_path / "mine"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_name_is_a_file_of_its_kind(name: str) -> None:
    found = resolve(name)
    file = f"{name}.json" if name == "accurate" else f"{name}.onnx"
    assert (found.name, found.path.name, found.format, found.kind) == (name, file, "onnx", SHIPPED[name][0])
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert resolve(found, sha256=found.sha256.upper()) == found
    assert resolve(found.path) != found  # another name
    with pytest.raises(ModelError, match=r"is not the file that you asked for states \(SHA-256"):
        resolve(name, sha256="0" * 64)
    kinds: tuple[Kind, ...] = ("words", "strings")
    for other in set(kinds) - set(SHIPPED[name]) if name != "accurate" else ():
        with pytest.raises(ModelError, match=r"is a model of .*, not of .*; give one of"):
            resolve(name, kind=other)


def test_the_strings_of_accurate_are_those_of_the_encoder() -> None:
    assert resolve("accurate", kind="strings").path == resolve("speech_encoder").path


@pytest.mark.usefixtures("alone")
def test_a_folder_needs_nothing_else(folder: Path) -> None:
    assert resolve(folder).path == folder / "model.onnx"
    assert Recognizer.from_pretrained(folder).vocabulary == Recognizer.from_pretrained("compact").vocabulary
    assert load_model(str(folder)).path == folder / "model.onnx"
    with pytest.raises(ModelError, match="is a model of single words, not of strings; give one of strings"):
        StringRecognizer.from_pretrained(folder)
    (folder / "model.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"is not the file that config\.json states .* fetch it again"):
        resolve(folder)


@pytest.mark.usefixtures("alone")
def test_what_only_the_whole_package_can_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.safetensors").touch()
    for name, device in (("a.safetensors", "cpu"), ("compact", "cuda"), ("ann/words", "cpu")):
        with pytest.raises(MissingDependencyError, match="needs the whole package: pip install aurora-resnet"):
            Recognizer.from_pretrained(name, device=device)
    with pytest.raises(MissingDependencyError, match="'ann/words' is no file or folder here; as a name on the hub"):
        StringRecognizer.from_pretrained("ann/words")
    with pytest.raises(ModelError, match=r"is a checkpoint, not an exported model; .*aurora-resnet export"):
        load_model("a.safetensors")
    with pytest.raises(ConfigError, match="a model is given by its name or path, got None"):
        resolve(None)  # type: ignore[arg-type]
