"""Exports that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.parity import Parity

pytest.importorskip("onnx")

Exported = tuple[Path, Parity]


@pytest.fixture(scope="session")
def compact() -> Checkpoint:
    return load_checkpoint("compact")


@pytest.fixture(scope="session")
def float_file(compact: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("export") / "compact.onnx"
    return path, export_onnx(compact, path)


@pytest.fixture(scope="session")
def int8_file(compact: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("export") / "compact_int8.onnx"
    return path, export_onnx(compact, path, int8=True)
