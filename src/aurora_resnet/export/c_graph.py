"""An int8 ONNX graph as a list of calls of the C kernels.

A quantised operation is emitted where its ``QuantizeLinear`` tells the range of its output. What a stream remembers
before a convolution over time, ``Concat(state, new)``, becomes a buffer that stays, into which new frames are computed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, helper, numpy_helper

from aurora_resnet.export.c_calls import Array, Buffer, Calls, History, Place, Value
from aurora_resnet.runtime.errors import ExportError
from aurora_resnet.runtime.models.strings import STATE

_TYPES = {"weights": "int8_t", "bias": "int32_t", "scale": "float"}


@dataclass(frozen=True)
class Pending:
    """An operation whose output will be quantised: ``emit`` gets the range and returns the value."""

    emit: Callable[[np.float32, int], Value]


class Graph:
    """Walks from an output of a graph to the features.

    Args:
        graph: of an exported int8 model.
        features: the front end's output, and its name in the graph.
        calls: to which is added.

    Raises:
        ExportError: for anything but what the shipped models are made of.
    """

    def __init__(self, graph: GraphProto, name: str, features: Value, calls: Calls) -> None:
        self.calls = calls
        self.constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self.makers = {output: node for node in graph.node for output in node.output}
        self.known: dict[str, Value | Pending] = {name: features}
        self.operations: dict[str, Callable[[NodeProto], Value | Pending]] = {
            "DequantizeLinear": lambda node: self.value(node.input[0]), "QuantizeLinear": self._quantize,
            "Unsqueeze": lambda node: self.value(node.input[0]), "Reshape": self._reshape, "Conv": self._convolve,
            "Gemm": self._convolve, "Add": self._add, "ReduceMean": self._mean, "Concat": self._concat,
            "Slice": self._slice, "Transpose": self._transpose, "Softmax": self._activate, "Sigmoid": self._activate,
        }  # fmt: skip

    def find(self, name: str) -> Value | Pending:
        """Return what a tensor of the graph became."""
        if name not in self.known:
            node = self.makers.get(name)
            if node is None or node.op_type not in self.operations:
                raise _unknown(node.op_type if node else name)
            self.known[name] = self.operations[node.op_type](node)
        return self.known[name]

    def value(self, name: str) -> Value:
        """Return a tensor that is computed already."""
        found = self.find(name)
        if isinstance(found, Pending):
            raise _unknown(f"{name} without quantisation")
        return found

    def floats(self, name: str) -> Value:
        """Return a tensor as floats."""
        value = self.value(name)
        if value.scale is None:
            return value
        plain = _made(value, scale=None)
        self.calls.call("aurora_dequantize", value, value.range, plain, value.count)
        return plain

    def _quantized(self, name: str, scale: np.float32, zero: int) -> Value:
        value = self.value(name)
        if value.scale is not None and np.isclose(value.scale, scale) and value.zero == zero:
            return value
        made = _made(value, scale=scale, zero=zero)
        self.calls.call("aurora_quantize", self.floats(name), made, made.range, value.count)
        return made

    def _quantize(self, node: NodeProto) -> Value:
        scale, zero = np.float32(self.constants[node.input[1]].item()), int(self.constants[node.input[2]].item())
        found = self.find(node.input[0])
        return found.emit(scale, zero) if isinstance(found, Pending) else self._quantized(node.input[0], scale, zero)

    def _reshape(self, node: NodeProto) -> Value:
        value = self.value(node.input[0])  # channels and bands become one axis; the convolution behind takes both
        if value.axes != "BCHT":
            raise _unknown("such Reshape")
        return replace(value, axes="BCT")

    def _convolve(self, node: NodeProto) -> Pending:
        x, (packed, *biased) = self.value(node.input[0]), (self.makers.get(name) for name in node.input[1:])
        if x.scale is None or packed is None or None in biased:
            raise _unknown(f"{node.op_type} of floats")
        weights, scales, offsets = (self.constants[name] for name in packed.input)
        bias = self.constants[biased[0].input[0]] if biased and biased[0] else np.zeros(len(weights), np.int32)
        steps, gaps = (_attribute(node, name, (1,)) for name in ("strides", "dilations"))
        pads, outputs, flat = _attribute(node, "pads", (0, 0)), len(bias), x.axes != "BCHT"
        if flat:  # over time alone
            steps, gaps, pads = (1, *steps), (1, *gaps), (0, pads[0], 0, pads[1])
        shaped = weights.reshape(outputs, x.channels, x.height if flat else weights.shape[2], -1)
        taps = shaped.shape[2:]
        height, time = (
            (size + pads[i] + pads[i + 2] - gaps[i] * (taps[i] - 1) - 1) // steps[i] + 1
            for i, size in enumerate((x.height, x.time))
        )
        if gaps[0] != 1 or offsets.any() or _attribute(node, "group", 1) != 1 or not _attribute(node, "transB", 1):
            raise _unknown(f"such {node.op_type}")

        def emit(scale: np.float32, zero: int) -> Value:
            number = sum(name == "aurora_convolve" for name, _ in self.calls.calls)
            y = _made(x, scale=scale, zero=zero, time=time, height=height, channels=outputs)
            tables = {"weights": shaped.transpose(0, 3, 2, 1), "bias": bias}
            tables["scale"] = np.broadcast_to(x.scale * scales / scale, outputs)
            named = {n: self.calls.table(_TYPES[n], f"{n}{number}", _filled(table)) for n, table in tables.items()}
            layer = named | {
                "inputs": x.channels, "outputs": outputs, "height": x.height, "height_out": height,
                "height_taps": taps[0], "height_stride": steps[0], "height_pad": pads[0], "time": x.time,
                "time_out": time, "time_taps": taps[1], "time_stride": steps[1], "time_pad": pads[1],
                "dilation": gaps[1], "zero": x.zero, "zero_out": zero,
            }  # fmt: skip
            values = ", ".join(f".{name} = {value}" for name, value in layer.items())
            self.calls.tables.append(f"static const aurora_convolution layer{number} = {{{values}}};\n")
            self.calls.call("aurora_convolve", f"&layer{number}", x, y)
            self.calls.macs += height * time * shaped.size
            return y

        return Pending(emit)

    def _add(self, node: NodeProto) -> Pending:
        a, b = (self.value(name) for name in node.input)
        if a.scale is None or b.scale is None or a.count != b.count:
            raise _unknown("such Add")

        def emit(scale: np.float32, zero: int) -> Value:
            y = _made(a, scale=scale, zero=zero)
            self.calls.call("aurora_add", a, a.range, b, b.range, y, y.range, a.count)
            return y

        return Pending(emit)

    def _mean(self, node: NodeProto) -> Pending:
        x = self.value(node.input[0])
        if sorted(int(axis) for axis in self.constants[node.input[1]]) != [2, 3] or x.scale is None:
            raise _unknown("such ReduceMean")

        def emit(scale: np.float32, zero: int) -> Value:
            y = _made(x, scale=scale, zero=zero, axes="BC", time=1, height=1)
            self.calls.call("aurora_mean", x, x.range, x.time * x.height, x.channels, y, y.range)
            return y

        return Pending(emit)

    def _concat(self, node: NodeProto) -> Value | Pending:
        keep = self._kept(node.input[0])
        if keep is None:  # answers of a step, one behind the other
            parts = [self.floats(name) for name in node.input]
            if any(part.time * part.height != 1 for part in parts):
                raise _unknown("such Concat")
            whole, behind = _made(parts[0], channels=sum(part.channels for part in parts)), 0
            for part in parts:
                self.calls.call("memcpy", replace(whole, at=4 * behind), part, 4 * part.count)
                behind += part.count
            return whole

        def emit(scale: np.float32, zero: int) -> Value:
            new = self._quantized(node.input[1], scale, zero)
            row = new.height * new.channels
            kept = Buffer((keep + new.time) * row, kept=f"history{len(self.calls.histories)}")
            if new.place.buffer.kept or new.at:
                raise _unknown("value that two histories keep")
            new.place.buffer, new.place.at = kept, keep * row  # it is computed into its place
            self.calls.histories.append(History(kept, keep, new.time, row, zero))
            return replace(new, place=Place(kept), time=keep + new.time)

        return Pending(emit)

    def _kept(self, name: str) -> int | None:
        """Return how many frames a part of the state has, ``None`` for anything else."""
        node = self.makers.get(name)
        above = name if node is None or node.op_type != "Reshape" else str(node.input[0])
        while above in self.makers and self.makers[above].op_type == "Slice":
            above = self.makers[above].input[0]
        return int(self.constants[node.input[1]][-1]) if node is not None and above == STATE else None

    def _slice(self, node: NodeProto) -> Value:
        x = self.value(node.input[0])
        start, stop, axis, step = (int(self.constants[name][0]) for name in node.input[1:5])
        along = x.axes[axis]
        stop = min(stop, {"C": x.channels, "T": x.time}.get(along, 0))
        if step != 1 or not 0 <= start < stop or (along == "C" and x.time * x.height != 1):
            raise _unknown("such Slice")
        at = x.at + start * (1 if along == "C" else x.height * x.channels) * (1 if x.scale is not None else 4)
        return replace(x, at=at, channels=stop - start) if along == "C" else replace(x, at=at, time=stop - start)

    def _transpose(self, node: NodeProto) -> Value:
        x = self.value(node.input[0])
        if x.time * x.height != 1:
            raise _unknown("such Transpose")
        return replace(x, axes="".join(x.axes[axis] for axis in _attribute(node, "perm", ())))

    def _activate(self, node: NodeProto) -> Value:
        x = self.floats(node.input[0])
        y = _made(x)
        self.calls.call(f"aurora_{node.op_type.lower()}", x, y, x.count)
        return y


def _unknown(what: str) -> ExportError:
    return ExportError(f"the C export has no {what}; it takes models like compact and string_net, exported with --int8")


def _made(like: Value, **changes: Any) -> Value:
    """Return a value like another one, with changes, in memory of its own."""
    made = replace(like, at=0, **changes)
    return replace(made, place=Place(Buffer(made.count * (4 if made.scale is None else 1))))


def _filled(values: Array) -> Array:
    """Return tables of outputs with zeros behind them, to a multiple of four outputs."""
    return np.concatenate((values, np.zeros((-len(values) % 4, *values.shape[1:]), values.dtype)))


def _attribute(node: NodeProto, name: str, otherwise: Any) -> Any:
    found = next((helper.get_attribute_value(each) for each in node.attribute if each.name == name), otherwise)
    return tuple(found) if isinstance(found, Sequence) else found
