"""A graph's convolutions and matrix products in int8, the front end in float32.

Static quantisation (Jacob et al., *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference*, 2018): weights as int8, one scale for each filter; activations as uint8, whose ranges are the smallest and
largest values on calibration audio. Weights take 7 of their 8 bits: processors without VNNI add pairs of products in 16
bits, which then cannot overflow, so every processor computes the same.

A transformer's activations have single values far beyond all others, which no range suits: of such a network the matrix
products alone are in int8, and the ranges of what they multiply are those of each call (dynamic quantisation).

From the waveform to the normalised features everything stays in float32: a power spectrum spans what eight bits cannot.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aurora_resnet.export.onnx_graph import quiet, require_export
from aurora_resnet.export.recordings import Clips
from aurora_resnet.runtime.errors import ExportError
from aurora_resnet.runtime.models import INPUT
from aurora_resnet.runtime.models.strings import STATE

if TYPE_CHECKING:
    from onnx import ModelProto

#: What is quantised behind the front end.
OPERATIONS = ("Conv", "Gemm", "MatMul", "Add", "Relu", "MaxPool")

_CLASSIFIER = "classifier."
_BATCH = 16


def quantize_graph(graph: ModelProto, clips: Clips, *, state_size: int = 0, dynamic: bool = False) -> ModelProto:
    """Return a graph in int8 that computes almost the same.

    Args:
        graph: from ``build_graph`` or ``build_string_graph``; it stays as it is.
        clips: audio that shows which values the activations take, ``[n, N]``.
        state_size: of a graph that goes on with streams; each clip begins one.
        dynamic: quantise matrix products alone, with the ranges of each call instead of those of the clips.

    Raises:
        ExportError: if there is no convolution or matrix product to quantise.
        MissingDependencyError: if onnx or onnxruntime is not installed.
    """
    require_export("onnx", "onnxruntime.quantization")
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    nodes = _classifier_nodes(graph)
    if not nodes:
        raise ExportError("there is no convolution or matrix product to quantise; export it without --int8")
    options: dict[str, Any] = {"nodes_to_quantize": nodes, "per_channel": True, "reduce_range": True}
    options["weight_type"] = quantization.QuantType.QInt8
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    add_pre_process_metadata(copy)  # BatchNorms are folded already; without it a remark is logged
    with quiet(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quantized.onnx"
        if dynamic:
            quantization.quantize_dynamic(copy, path, op_types_to_quantize=["MatMul", "Gemm"], **options)
        else:
            quantization.quantize_static(
                copy,
                path,
                _Batches(clips, state_size),
                activation_type=quantization.QuantType.QUInt8,
                op_types_to_quantize=list(OPERATIONS),
                **options,
            )
        return _short_names(onnx.load(str(path)))


def _short_names(graph: ModelProto) -> ModelProto:
    """Return the graph with values called t0, t1 ...: the names that the exporter gives take 14 kB of `string_net`."""
    kept = {value.name for value in (*graph.graph.input, *graph.graph.output)}
    made = [name for node in graph.graph.node for name in node.output if name and name not in kept]
    short = {name: f"t{number}" for number, name in enumerate(made)}
    for node in graph.graph.node:
        for names in (node.input, node.output):
            names[:] = [short.get(name, name) for name in names]
    return graph


def _classifier_nodes(graph: ModelProto) -> list[str]:
    """Return the names of what can be quantised; nodes are in order, and the front end comes first."""
    nodes = list(graph.graph.node)
    first = next(i for i, node in enumerate(nodes) if any(name.startswith(_CLASSIFIER) for name in node.input))
    return [node.name for node in nodes[first:] if node.op_type in OPERATIONS]


class _Batches:
    """Clips as onnxruntime's calibration asks for them."""

    def __init__(self, clips: Clips, state_size: int) -> None:
        batches = [clips[start : start + _BATCH] for start in range(0, len(clips), _BATCH)]
        state = {STATE: np.zeros((_BATCH, state_size), np.float32)} if state_size else {}
        self.left = iter([{INPUT: batch, **{n: s[: len(batch)] for n, s in state.items()}} for batch in batches])

    def get_next(self) -> dict[str, Clips] | None:
        """Return the next batch, ``None`` after the last."""
        return next(self.left, None)
