"""Large constants of the front end are stored as the formulas that give them.

The kernels of the Fourier transform take 206 kB, the mel filters 33 kB, beside 0.47 MB of a whole ``compact`` in int8.
A few small operations on constants take 5 kB, give the same numbers to the bit, and are computed once, when
onnxruntime loads the file and folds constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aurora_resnet.export.frontend import FilterEdges, FourierTable
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.runtime.errors import ExportError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

KERNELS = "frontend.kernels"
FILTERS = "frontend.filters"


class _Formula:
    """Nodes and their constants, each under a name of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: Any) -> str:
        key = f"{self.name}.constant.{name}"
        self.constants[key] = np.asarray(value)
        return key

    def apply(self, operation: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        from onnx import helper

        output = name or f"{self.name}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [output], name=output, **attributes))
        return output


def store_formulas(graph: ModelProto, config: MelConfig) -> None:
    """Put formulas in place of the front end's large constants.

    Args:
        graph: is changed; opset 18 or above.
        config: of the front end that it contains.

    Raises:
        ExportError: if the graph does not hold these constants.
    """
    from onnx import numpy_helper

    kept = {tensor.name: tensor for tensor in graph.graph.initializer}
    nodes = []
    for name, formula in ((KERNELS, _kernels(config)), (FILTERS, _filters(config))):
        if name not in kept:
            raise ExportError(f"the exporter renamed the front end's constants: expected {name} among {sorted(kept)}")
        del kept[name]
        kept |= {key: numpy_helper.from_array(value, key) for key, value in formula.constants.items()}
        nodes += formula.nodes
    nodes += graph.graph.node
    del graph.graph.initializer[:], graph.graph.node[:]
    graph.graph.initializer.extend(kept.values())
    graph.graph.node.extend(nodes)


def _kernels(config: MelConfig) -> _Formula:
    """Return ``FourierTable.kernels`` in ONNX."""
    table, formula = FourierTable.of(config), _Formula(KERNELS)
    n, zero, one = (formula.constant(str(value), value) for value in (len(table.cosines), 0, 1))
    first, end = (formula.constant(str(value), value) for value in (table.first, table.first + len(table.window)))
    bins = formula.apply("Range", zero, formula.constant("n_bins", len(table.cosines) // 2 + 1), one)
    axis = formula.constant("axis", [1])
    bins = formula.apply("Unsqueeze", bins, axis)  # [n_bins, 1]
    turns = formula.apply("Mul", bins, formula.apply("Range", first, end, one))
    turns = formula.apply("Mod", turns, n)
    parts = [
        formula.apply("Gather", formula.constant(name, values), turns)
        for name, values in (("cosines", table.cosines), ("sines", table.sines))
    ]
    kernels = formula.apply("Concat", *parts, axis=0)
    kernels = formula.apply("Mul", kernels, formula.constant("window", table.window))
    formula.apply("Unsqueeze", kernels, axis, name=KERNELS)
    return formula


def _filters(config: MelConfig) -> _Formula:
    """Return ``FilterEdges.filters`` in ONNX."""
    edges, formula = FilterEdges.of(config), _Formula(FILTERS)
    bins = formula.constant("bins", edges.bins)
    sides = [
        formula.apply("Sub", bins, formula.constant("left", edges.left)),
        formula.apply("Sub", formula.constant("right", edges.right), bins),
    ]
    slopes = [formula.constant("rise", edges.rise), formula.constant("fall", edges.fall)]
    rising, falling = (formula.apply("Div", side, slope) for side, slope in zip(sides, slopes, strict=True))
    formula.apply("Max", formula.apply("Min", rising, falling), formula.constant("zero", np.float32(0)), name=FILTERS)
    return formula
