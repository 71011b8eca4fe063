"""Writing the file: only if it answers as the model does, whole or not at all; every network of the zoo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from aurora_resnet.checkpoints import Checkpoint, save_checkpoint
from aurora_resnet.export import onnx_file
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.parity import LARGEST_DIFFERENCE, Parity, check_parity, compare
from aurora_resnet.export.recordings import UNKNOWN, read_export_recordings
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import list_models
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError, CorpusError, ExportError
from aurora_resnet.runtime.models import ExportedModel


def test_the_float_file_answers_as_the_model(float_file: tuple[Path, Parity]) -> None:
    parity = float_file[1]
    assert parity.clips > 350
    assert parity.largest_difference <= LARGEST_DIFFERENCE
    assert parity.accuracy_loss == 0
    assert parity.accuracy > 0.98


@pytest.mark.parametrize("int8", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_graph_with_a_wrong_weight_is_refused(
    float_file: tuple[Path, Parity], compact: Checkpoint, int8: bool
) -> None:
    graph, scoring = onnx.load(float_file[0]), TorchModel(compact.model, calibration=compact.calibration)
    audio = read_export_recordings(compact.model.config)
    check_parity(graph, scoring, audio.check, audio.labels, int8=int8)
    head = next(tensor for tensor in graph.graph.initializer if tensor.name == "classifier.head.1.weight")
    wrong = numpy_helper.to_array(head).copy()
    wrong[[1, 4]] = wrong[[4, 1]] if int8 else wrong[[1, 4]] * 1.01
    head.CopyFrom(numpy_helper.from_array(wrong, head.name))
    with pytest.raises(ExportError, match="too differently"):
        check_parity(graph, scoring, audio.check, audio.labels, int8=int8)


def test_nothing_is_written_if_the_check_fails(
    compact: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Parity:
        raise ExportError("too differently")

    monkeypatch.setattr(onnx_file, "build_graph", lambda _: onnx.ModelProto())  # takes seconds, and is not asked here
    monkeypatch.setattr(onnx_file, "check_parity", refuse)
    path = tmp_path / "model.onnx"
    path.write_text("former")
    with pytest.raises(ExportError):
        export_onnx(compact, path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert path.read_text() == "former"


def test_wrong_arguments_are_refused_before_any_work(compact: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must end in \.onnx"):
        export_onnx(compact, tmp_path / "model.pt")
    with pytest.raises(CorpusError, match="nowhere"):
        export_onnx(compact, tmp_path / "model.onnx", recordings=[f"fsdd:{tmp_path / 'nowhere'}"])
    assert list(tmp_path.iterdir()) == []


def test_differences_are_counted_against_hand_made_answers() -> None:
    expected, found = np.full((4, 2), 0.5), np.full((4, 2), 0.5)
    expected[:, 0], expected[:, 1] = (0.99, 0.6, 0.05, 0.95), (0.01, 0.4, 0.95, 0.05)
    found[:] = expected
    found[1] = 0.4, 0.6  # changed, but the network was not sure
    found[3] = 0.2, 0.8  # changed where it was
    parity = compare(np.log(expected), np.log(found), np.array([0, 0, 1, UNKNOWN]), Calibration())
    assert parity.changed == pytest.approx(1 / 3)
    assert (parity.clips, parity.labelled, parity.accuracy) == (4, 3, 1.0)
    assert parity.graph_accuracy == pytest.approx(2 / 3)
    assert parity.largest_difference == pytest.approx(0.75)
    colder = compare(np.log(expected), np.log(found), np.array([0, 0, 1, UNKNOWN]), Calibration(1000.0))
    assert colder.largest_difference < 0.01  # of the probabilities that the model's calibration gives
    nothing_known = compare(np.log(expected), np.log(found), np.full(4, UNKNOWN), Calibration())
    assert "no word among them that the model knows" in str(nothing_known)


@pytest.mark.slow
def test_the_command_writes_a_file_and_its_size(compact: Checkpoint, tmp_path: Path) -> None:
    """A checkpoint without calibration or card, in its own process: nothing but the result and the check is printed."""
    path, out = tmp_path / "own.safetensors", tmp_path / "new" / "own.onnx"
    save_checkpoint(compact.model, path, calibration=Calibration())
    command = [sys.executable, "-c", "from aurora_resnet.cli import main; main()", "export", "--model", str(path)]
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    result = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{out}\t{out.stat().st_size / 1e6:.2f} MB\n"
    assert len(result.stderr.splitlines()) == 1
    exported = ExportedModel(out)
    assert (exported.facts.name, exported.facts.calibration) == (f"{tmp_path.name}/own", Calibration())
    assert exported.card == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", list_models())
def test_every_network_of_the_zoo_can_be_exported(name: str, tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = RecognizerModel(RecognizerConfig(name, MelConfig(sample_rate=8000)))
    parity = export_onnx(model, tmp_path / f"{name}.onnx")
    assert parity.largest_difference <= LARGEST_DIFFERENCE


@pytest.mark.slow
def test_resnet50_in_int8_is_at_most_ten_megabytes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from aurora_resnet.cli import main; main()", "export", "--int8"]
    out = tmp_path / "resnet50.onnx"
    subprocess.run([*command, "--model", "resnet50", "--out", str(out)], capture_output=True, check=True)
    assert out.stat().st_size <= 10_000_000
