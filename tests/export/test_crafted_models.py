"""Graphs that are no exported model, with metadata that says they are: always ``ModelError``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ModelError
from aurora_resnet.runtime.models import METADATA, ExportedModel, ModelFacts
from aurora_resnet.runtime.vocabulary import Vocabulary

FACTS = ModelFacts("crafted", Vocabulary(("one", "two")), Calibration(), 8000, 800, (0.0, 4000.0))
FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
CLIPS = np.full((3, 800), 0.1, np.float32)


def crafted(weight: float = 1.0, kind: int = FLOAT) -> onnx.ModelProto:
    """Return a graph of the right inputs and outputs: logits are sums, features the clip as one band of ten frames."""
    numbers = np.full((800, 2), weight, np.float64 if kind == DOUBLE else np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["waveform", "weights"], ["logits"]),
            helper.make_node("Reshape", ["waveform", "shape"], ["features"]),
        ],
        "crafted",
        [helper.make_tensor_value_info("waveform", kind, ["B", 800])],
        [
            helper.make_tensor_value_info("logits", kind, ["B", 2]),
            helper.make_tensor_value_info("features", kind, ["B", 1, 800]),
        ],
        [numpy_helper.from_array(numbers, "weights"), numpy_helper.from_array(np.array([-1, 1, 800]), "shape")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {METADATA: json.dumps(FACTS.to_dict())})
    return model


def more_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", FLOAT, [1]))


def other_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].name = "sound"
    for node in model.graph.node:
        node.input[0] = "sound"


def other_output(model: onnx.ModelProto) -> None:
    model.graph.node[1].output[0] = model.graph.output[1].name = "pictures"


def flat_features(model: onnx.ModelProto) -> None:
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.array([-1, 800]), "shape"))
    model.graph.output[1].CopyFrom(helper.make_tensor_value_info("features", FLOAT, ["B", 800]))


def any_length(model: onnx.ModelProto) -> None:
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("waveform", FLOAT, ["B", "N"]))


def elsewhere(model: onnx.ModelProto) -> None:
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../../../../etc/hostname"), ("offset", "0"), ("length", "6400")):
        weights.external_data.add(key=key, value=value)


def own_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "mine"


def write(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "crafted.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_the_graph_as_it_is_answers(tmp_path: Path) -> None:
    model = ExportedModel(write(crafted(), tmp_path))
    np.testing.assert_allclose(model.logits(CLIPS), np.full((3, 2), 80.0), rtol=1e-5)
    assert model.features(CLIPS).shape == (3, 1, 800)


@pytest.mark.parametrize(
    "change", [more_inputs, other_input, other_output, flat_features, any_length, elsewhere, own_operator]
)
def test_a_graph_of_another_kind_is_refused(change: Callable[[onnx.ModelProto], None], tmp_path: Path) -> None:
    model = crafted()
    change(model)
    with pytest.raises(ModelError, match=r"crafted\.onnx'.*export the model again"):
        ExportedModel(write(model, tmp_path))


def test_a_graph_of_another_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"double.*are others than the metadata says"):
        ExportedModel(write(crafted(kind=DOUBLE), tmp_path))


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    data = write(crafted(), tmp_path).read_bytes().replace(b'"crafted"', b'"craft\xff\xfe"')
    (tmp_path / "crafted.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=r"crafted\.onnx'"):
        ExportedModel(tmp_path / "crafted.onnx")


@pytest.mark.parametrize("weight", [np.nan, np.inf, 1e38])
def test_logits_that_are_no_numbers_are_no_answer(weight: float, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="model crafted gives logits that are not finite"):
        ExportedModel(write(crafted(weight), tmp_path)).logits(CLIPS)


def test_what_breaks_while_it_is_computed_is_named(tmp_path: Path) -> None:
    model = crafted()
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.array([7, 1, 800]), "shape"))  # for seven clips only
    with pytest.raises(ModelError, match=r"crafted\.onnx' cannot be computed"):
        ExportedModel(write(model, tmp_path)).features(CLIPS)


def test_a_name_that_no_file_can_have_is_a_missing_model() -> None:
    for name in ("a" * 5000 + ".onnx", "a\0b.onnx", "caf\udce9.onnx"):
        with pytest.raises(ModelError, match="there is no model file"):
            ExportedModel(name)
