"""The exported graph: inputs, outputs, metadata, formulas in place of constants, and a silent exporter."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.export.formulas import FILTERS, KERNELS, store_formulas
from aurora_resnet.export.frontend import FilterEdges, FourierTable
from aurora_resnet.export.onnx_graph import build_graph, quiet, require_export
from aurora_resnet.export.parity import Parity
from aurora_resnet.recognition.rejection import Calibration
from aurora_resnet.runtime.errors import ExportError, MissingDependencyError
from aurora_resnet.runtime.vocabulary import WORDS


def test_the_file_is_valid_and_describes_itself(float_file: tuple[Path, Parity], calibration: Calibration) -> None:
    graph = onnx.load(float_file[0])
    onnx.checker.check_model(graph, full_check=True)
    assert [(o.domain, o.version) for o in graph.opset_import] == [("", 18)]
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    assert json.loads(metadata["labels"]) == list(WORDS)
    assert (metadata["sample_rate"], metadata["clip_samples"]) == ("8000", "8000")
    assert float(metadata["temperature"]) == calibration.temperature
    assert float(metadata["threshold"]) == calibration.threshold
    assert metadata["card"] == "# compact"
    assert metadata["aurora_resnet"]
    assert str(Path(__file__).resolve().parents[2]).encode() not in graph.SerializeToString()


def test_any_number_of_clips_gives_what_the_network_gives(
    float_file: tuple[Path, Parity], compact: Checkpoint, calibration: Calibration
) -> None:
    session = onnxruntime.InferenceSession(float_file[0], providers=["CPUExecutionProvider"])
    assert [(end.name, end.shape) for end in session.get_outputs()] == [
        ("logits", ["batch", 11]),
        ("probabilities", ["batch", 11]),
        ("evidence", ["batch"]),
    ]
    generator = torch.Generator().manual_seed(4)
    for batch in (1, 4, 17):
        waveform = 0.2 * torch.randn(batch, 8000, generator=generator)
        logits, probabilities, evidence = session.run(None, {"waveform": waveform.numpy()})
        with torch.inference_mode():
            expected = compact.model(waveform).double()
        assert np.abs(logits - expected.numpy()).max() < 1e-4
        assert np.abs(probabilities - (expected / calibration.temperature).softmax(1).numpy()).max() < 1e-5
        assert np.abs(evidence - expected.exp().sum(1).log().numpy()).max() < 1e-4


def test_exporting_prints_and_logs_nothing_and_leaves_the_model_alone(
    compact: Checkpoint, calibration: Calibration, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {name: tensor.clone() for name, tensor in compact.model.state_dict().items()}
    build_graph(compact.model, calibration)
    assert capfd.readouterr() == ("", "")
    assert all(torch.equal(before[name], tensor) for name, tensor in compact.model.state_dict().items())


def test_quiet_keeps_back_what_is_printed_but_not_errors(capfd: pytest.CaptureFixture[str]) -> None:
    def noisy() -> None:
        with quiet():
            print("kept back")  # noqa: T201
            logging.getLogger("anything").warning("kept back")
            raise ValueError("comes through")

    with pytest.raises(ValueError, match="comes through"):
        noisy()
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == 0


def test_formulas_give_the_constants_to_the_bit(compact: Checkpoint, calibration: Calibration) -> None:
    graph = build_graph(compact.model, calibration)
    mel = compact.model.config.mel
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    assert np.array_equal(constants[KERNELS], FourierTable.of(mel).kernels())
    assert np.array_equal(constants[FILTERS], FilterEdges.of(mel).filters())
    size = graph.ByteSize()
    store_formulas(graph, mel)
    assert size - graph.ByteSize() > 0.95 * (constants[KERNELS].nbytes + constants[FILTERS].nbytes) - 5000
    first = next(i for i, node in enumerate(graph.graph.node) if node.op_type == "Pad")
    formulas = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.graph.node[:first],
            "formulas",
            [],
            [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in (KERNELS, FILTERS)],
            [tensor for tensor in graph.graph.initializer if tensor.name.startswith((KERNELS, FILTERS))],
        ),
        opset_imports=graph.opset_import,
    )
    for name, value in zip((KERNELS, FILTERS), ReferenceEvaluator(formulas).run(None, {}), strict=True):
        assert np.array_equal(value, constants[name])
    with pytest.raises(ExportError, match="renamed"):
        store_formulas(graph, mel)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingDependencyError, match=r"onnxscript .*pip install 'aurora-resnet\[export\]'"):
        require_export("onnx", "onnxscript")
