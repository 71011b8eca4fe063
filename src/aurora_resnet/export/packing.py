"""A quantised graph without what only takes room: zero points of zero, and long names of what is inside.

Together they are a twentieth of ``compact``'s file.
"""

from __future__ import annotations

import string
from itertools import count, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx import ModelProto


def drop_zero_points(graph: ModelProto) -> None:
    """Leave out what ``DequantizeLinear`` takes for granted: a zero point of 0 of constants in int8 and int32.

    Args:
        graph: is changed.
    """
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in graph.graph.initializer}
    for node in graph.graph.node:
        if node.op_type != "DequantizeLinear" or len(node.input) < 3 or node.input[0] not in constants:
            continue
        if not numpy_helper.to_array(constants[node.input[2]]).any():
            del node.input[2]
    used = {name for node in graph.graph.node for name in node.input}
    kept = [tensor for name, tensor in constants.items() if name in used]
    del graph.graph.initializer[:]
    graph.graph.initializer.extend(kept)


def shorten_names(graph: ModelProto) -> None:
    """Rename everything but inputs and outputs of the graph to ``a``, ``b`` ...; nodes lose their names.

    Args:
        graph: is changed; without sub-graphs.
    """
    outside = {value.name for value in (*graph.graph.input, *graph.graph.output)}
    fresh = (name for name in _short_names() if name not in outside)
    names = {name: name for name in outside | {""}}  # an empty name is an optional input that is not there
    for tensor in graph.graph.initializer:
        tensor.name = names.setdefault(tensor.name, next(fresh))
    for node in graph.graph.node:
        node.name = ""
        for ends in (node.input, node.output):
            ends[:] = [names[name] if name in names else names.setdefault(name, next(fresh)) for name in ends]


def _short_names() -> Iterator[str]:
    for length in count(1):
        yield from ("".join(letters) for letters in product(string.ascii_letters, repeat=length))
