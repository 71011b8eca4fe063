"""Exports that several tests look at: one in float32 and one in int8, of a graph that is traced once."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.export import word_export
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.onnx_graph import build_graph
from aurora_resnet.export.parity import Parity

onnx = pytest.importorskip("onnx")

Exported = tuple[Path, Parity]


@pytest.fixture(scope="session")
def compact() -> Checkpoint:
    return load_checkpoint("compact")


@pytest.fixture(scope="session")
def exports(compact: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Exported]:
    """The files of ``compact``, by whether they are in int8."""
    traced, folder = build_graph(compact.model), tmp_path_factory.mktemp("export")

    def copied(_: object) -> object:
        same = onnx.ModelProto()
        same.CopyFrom(traced)
        return same

    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_export, "build_graph", copied)
        for int8 in (False, True):
            path = folder / f"compact_{int8}.onnx"
            found[int8] = path, export_onnx(compact, path, int8=int8)
    return found


@pytest.fixture(scope="session")
def float_file(exports: dict[bool, Exported]) -> Exported:
    return exports[False]


@pytest.fixture(scope="session")
def int8_file(exports: dict[bool, Exported]) -> Exported:
    return exports[True]
