"""The int8 file: what is quantised and what is not, its size, and how near its answers stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.calibration import calibration_clips, check_clips
from aurora_resnet.export.packing import drop_zero_points, shorten_names
from aurora_resnet.export.parity import ACCURACY_LOSS, Parity
from aurora_resnet.export.quantization import quantize_graph
from aurora_resnet.runtime.errors import ConfigError, ExportError

RUNTIME_FILE = Path(__file__).resolve().parents[2] / "runtime" / "src" / "aurora_resnet_runtime" / "compact.onnx"


def test_the_int8_file_is_small_and_keeps_its_words(int8_file: tuple[Path, Parity]) -> None:
    path, parity = int8_file
    assert path.stat().st_size <= 500_000
    assert parity.clips > 300
    assert parity.accuracy_loss <= ACCURACY_LOSS
    assert 1e-4 < parity.largest_difference < 0.2  # it is quantised, but not broken


def test_weights_are_int8_in_seven_bits_and_the_front_end_is_float(int8_file: tuple[Path, Parity]) -> None:
    graph = onnx.load(int8_file[0])
    onnx.checker.check_model(graph, full_check=True)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    int8 = [value for value in constants.values() if value.dtype == np.int8]
    assert sum(value.size for value in int8) > 460_000
    assert all(np.abs(value.astype(int)).max() <= 64 for value in int8)
    operations = [node.op_type for node in graph.graph.node]
    first = operations.index("QuantizeLinear")
    front = operations[operations.index("Pad") : first]
    assert {"Conv", "MatMul", "Log", "InstanceNormalization"} <= set(front)
    assert not {"DequantizeLinear", "QuantizeLinear"} & set(front)
    assert {"Conv", "Gemm"} <= set(operations[first:])


def test_the_runtimes_model_is_this_export(int8_file: tuple[Path, Parity], compact: Checkpoint) -> None:
    fresh, kept = onnx.load(int8_file[0]), onnx.load(RUNTIME_FILE)
    metadata, kept_metadata = ({entry.key: entry.value for entry in graph.metadata_props} for graph in (fresh, kept))
    assert metadata == kept_metadata
    clips, _ = check_clips(compact.model.config)
    answers = [
        onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["logits"], {"waveform": clips})[0]
        for path in (int8_file[0], RUNTIME_FILE)
    ]
    assert np.abs(answers[0] - answers[1]).max() < 0.5


def test_clips_to_calibrate_and_to_check_with_share_nothing(compact: Checkpoint) -> None:
    config = compact.model.config
    used = {clip.tobytes() for clip in calibration_clips(config)}
    check, labels = check_clips(config)
    assert check.shape == (352, 8000)
    assert labels.shape == (352,)
    assert not used & {clip.tobytes() for clip in check}
    assert not np.array_equal(check[:176], check[176:])  # the latter in noise


def test_own_recordings_are_taken_from_the_training_part(compact: Checkpoint, tmp_path: Path) -> None:
    config = compact.model.config
    standard = calibration_clips(config)
    test_voices = {clip.tobytes() for clip in check_clips(config)[0]}
    own = calibration_clips(config, ["samples:"])[len(standard) :]
    assert 100 < len(own) <= 200
    assert not test_voices & {clip.tobytes() for clip in own}
    tests_only = tmp_path / "tests.csv"
    read_samples().filter(split="test").to_csv(tests_only)
    with pytest.raises(ConfigError, match="'train' only"):
        calibration_clips(config, [f"manifest:{tests_only}"])


def test_a_graph_without_anything_to_quantise_is_refused(compact: Checkpoint) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("waveform", "logits")]
    weight = numpy_helper.from_array(np.array([1], np.float32), "classifier.weight")
    node = helper.make_node("Div", ["waveform", "classifier.weight"], ["logits"], name="div")
    graph = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], [weight]))
    with pytest.raises(ExportError, match="no convolution"):
        quantize_graph(graph, calibration_clips(compact.model.config)[:2])


def test_packing_changes_names_and_zero_points_but_no_result() -> None:
    values = np.array([[-3, 5], [7, 1]], np.int8)
    constants = [
        numpy_helper.from_array(values, "long.weight"),
        numpy_helper.from_array(np.array([0.5, 0.25], np.float32), "long.scale"),
        numpy_helper.from_array(np.array([0, 0], np.int8), "long.zero_point"),
        numpy_helper.from_array(np.array([0, 2], np.int8), "long.other_zero_point"),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["long.weight", "long.scale", zero], [out], name=out, axis=0)
        for zero, out in (("long.zero_point", "plain"), ("long.other_zero_point", "shifted"))
    ]
    nodes.append(helper.make_node("Add", ["plain", "shifted"], ["both"], name="sum"))
    nodes.append(helper.make_node("MatMul", ["x", "both"], ["y"], name="product"))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 2]) for name in "xy"]
    graph = helper.make_model(
        helper.make_graph(nodes, "g", ends[:1], ends[1:], constants), opset_imports=[helper.make_opsetid("", 18)]
    )
    graph.ir_version = 8

    def result() -> npt.NDArray[np.float32]:
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        output: npt.NDArray[np.float32] = session.run(None, {"x": np.eye(2, dtype=np.float32)})[0]
        return output

    before = result()
    drop_zero_points(graph)
    shorten_names(graph)
    assert np.array_equal(result(), before)
    assert [len(node.input) for node in graph.graph.node] == [2, 3, 2, 2]
    assert len(graph.graph.initializer) == 3
    assert max(len(name) for node in graph.graph.node for name in (*node.input, *node.output)) == 1
    assert (graph.graph.input[0].name, graph.graph.output[0].name) == ("x", "y")
