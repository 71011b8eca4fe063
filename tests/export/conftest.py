"""Exports that several tests look at: one in float32 and one in int8."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.parity import Parity
from aurora_resnet.export.recordings import ExportRecordings, read_export_recordings
from tests.made_once import made_once

pytest.importorskip("onnx")

Exported = tuple[Path, Parity]


@pytest.fixture(scope="session")
def compact() -> Checkpoint:
    return load_checkpoint("compact")


@pytest.fixture(scope="session")
def audio(compact: Checkpoint) -> ExportRecordings:
    """What exports of the shipped models are quantised and checked with."""
    return read_export_recordings(compact.model.config)


def exported(compact: Checkpoint, factory: pytest.TempPathFactory, *, int8: bool) -> Exported:
    def export(folder: Path) -> Exported:
        return folder / "compact.onnx", export_onnx(compact, folder / "compact.onnx", int8=int8)

    return made_once(factory, f"compact_{int8}", export)


@pytest.fixture(scope="session")
def float_file(compact: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return exported(compact, tmp_path_factory, int8=False)


@pytest.fixture(scope="session")
def int8_file(compact: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return exported(compact, tmp_path_factory, int8=True)
