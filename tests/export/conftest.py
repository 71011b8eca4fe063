"""Exports that several tests look at, and the path of the runtime, which is a distribution of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.parity import Parity
from aurora_resnet.pretrained.shipped import pretrained_path
from aurora_resnet.recognition.rejection import Calibration

pytest.importorskip("onnx")
sys.path.append(str(Path(__file__).resolve().parents[2] / "runtime" / "src"))

Exported = tuple[Path, Parity]


@pytest.fixture(scope="session")
def compact() -> Checkpoint:
    return load_checkpoint(pretrained_path("compact"))


@pytest.fixture(scope="session")
def calibration(compact: Checkpoint) -> Calibration:
    return Calibration.from_info(compact.info, "compact")


@pytest.fixture(scope="session")
def float_file(compact: Checkpoint, calibration: Calibration, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("export") / "compact.onnx"
    return path, export_onnx(compact.model, path, calibration=calibration, card="# compact")


@pytest.fixture(scope="session")
def int8_file(compact: Checkpoint, calibration: Calibration, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("export") / "compact_int8.onnx"
    card = pretrained_path("compact").with_suffix(".md").read_text(encoding="utf-8")
    return path, export_onnx(compact.model, path, calibration=calibration, card=card, int8=True)
