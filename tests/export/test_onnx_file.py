"""Writing the file: only if it answers as the model does, whole or not at all; every network of the zoo."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.evaluation.strings import WordCounts
from aurora_resnet.export import kinds
from aurora_resnet.export.kinds import WordExport
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.parity import LARGEST_DIFFERENCE, Outputs, Parity
from aurora_resnet.export.recordings import ExportRecordings
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import list_models
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
    float_file: tuple[Path, Parity], compact: Checkpoint, audio: ExportRecordings, tmp_path: Path, int8: bool
) -> None:
    graph, exporting = onnx.load(float_file[0]), WordExport(compact)
    expected = exporting.answers(audio.check)
    head = next(tensor for tensor in graph.graph.initializer if tensor.name == "classifier.head.1.weight")
    wrong = numpy_helper.to_array(head).copy()
    wrong[[1, 4]] = wrong[[4, 1]] if int8 else wrong[[1, 4]] * 1.01
    head.CopyFrom(numpy_helper.from_array(wrong, head.name))
    onnx.save(graph, tmp_path / "wrong.onnx")
    Parity.of(expected, exporting.file_answers(float_file[0], audio.check), audio.said).check(int8=int8)
    with pytest.raises(ExportError, match="too differently"):
        Parity.of(expected, exporting.file_answers(tmp_path / "wrong.onnx", audio.check), audio.said).check(int8=int8)


def test_a_file_that_answers_otherwise_is_refused() -> None:
    known = WordCounts(said=200, deleted=10)
    parity = Parity(126, 0.2, 0, 40, known, known)
    parity.check(int8=True)
    replace(parity, largest_difference=1e-5).check(int8=False)
    replace(parity, file_errors=WordCounts(said=200, deleted=13)).check(int8=True)  # three of 200 may be chance
    for worse, int8 in (
        (replace(parity, largest_difference=2e-4), False),
        (replace(parity, largest_difference=float("nan")), False),
        (replace(parity, changed_words=2), True),
        (replace(parity, file_errors=WordCounts(said=200, deleted=14)), True),
    ):
        with pytest.raises(ExportError, match="too differently"):
            worse.check(int8=int8)


def test_nothing_is_written_if_the_check_fails(
    compact: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Outputs:
        raise ExportError("too differently")

    monkeypatch.setattr(kinds, "build_graph", lambda _: onnx.ModelProto())  # takes seconds, and is not asked here
    monkeypatch.setattr(WordExport, "file_answers", refuse)
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
    def outputs(shares: list[float], words: str) -> Outputs:
        first = np.array(shares)
        return Outputs(np.stack([first, 1 - first], axis=1), [(word,) for word in words], np.maximum(first, 1 - first))

    before = outputs([0.99, 0.6, 0.05, 0.95], "aaba")
    after = outputs([0.99, 0.4, 0.05, 0.2], "abbb")  # the second changed where the network was not sure; the last
    parity = Parity.of(before, after, [("a",), ("a",), ("b",), None])
    assert parity.changed == pytest.approx(1 / 3)
    assert (parity.clips, parity.labelled, parity.accuracy) == (4, 3, 1.0)
    assert parity.accuracy_loss == pytest.approx(1 / 3)
    assert parity.largest_difference == pytest.approx(0.75)
    assert "no word among them that the model knows" in str(Parity.of(before, after, [None] * 4))


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
@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("name", list_models())
def test_every_network_of_the_zoo_can_be_exported(name: str, tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        # Short clips: the layers over time are traced frame by frame.
        model = RecognizerModel(RecognizerConfig(name, MelConfig(sample_rate=8000), clip_seconds=0.4))
    parity = export_onnx(model, tmp_path / f"{name}.onnx")
    assert parity.largest_difference <= LARGEST_DIFFERENCE


@pytest.mark.slow
@pytest.mark.usefixtures("few_samples")
def test_resnet50_in_int8_is_at_most_ten_megabytes(tmp_path: Path) -> None:
    export_onnx(load_checkpoint("resnet50"), tmp_path / "resnet50.onnx", int8=True)
    assert (tmp_path / "resnet50.onnx").stat().st_size <= 10_000_000
