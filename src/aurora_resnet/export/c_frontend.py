"""The front end of an exported graph as constants of the C front end: window, mel filters, compression."""

from dataclasses import replace

import numpy as np
from onnx import GraphProto, helper, numpy_helper

from aurora_resnet.export.c_calls import Array, Buffer, Calls, Place, Value, c_float
from aurora_resnet.features.pcen import ALPHA, DELTA, EPSILON, FULL_SCALE, ROOT, SMOOTHING
from aurora_resnet.runtime.errors import ExportError
from aurora_resnet.runtime.models.strings import STATE

POWERS_OF_PCEN = 3


def read_frontend(graph: GraphProto, calls: Calls, samples: int) -> tuple[str, Value]:
    """Add the front end's tables and its call, and return the name of its output in the graph and what that became.

    Args:
        graph: of an exported int8 model.
        calls: to which is added.
        samples: of a clip, or of a stream's step.

    Raises:
        ExportError: for any other front end than the log-mel one normalised by clip, and PCEN on streams.
    """
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    operations = {node.op_type: node for node in graph.node[::-1]}  # the first of each kind
    found = next((n for n in graph.node if n.op_type == "Conv" and n.input[1] in constants), None)
    product = operations.get("MatMul")
    if found is None or product is None or product.input[0] not in constants:
        raise _unknown()
    kernels, filters = constants[found.input[1]], constants[product.input[0]]
    window, size = kernels.shape[-1], kernels.shape[0] - 2
    hop = next(int(helper.get_attribute_value(a)[0]) for a in found.attribute if a.name == "strides")
    if size & (size - 1) or window > size:
        raise ExportError(f"the C export needs a Fourier transform of a power of 2, got {size} samples")
    mel = _tables(calls, kernels[0, 0], filters, size, hop)
    scratch = _floats(1, 2 * size + window)
    powers = sum(node.op_type == "Pow" for node in graph.node)  # one more, and the spectrum is not that of the power
    if {"Log", "InstanceNormalization", "Pad"} <= operations.keys() and powers == 0:
        _, pad, _, behind = map(int, constants[operations["Pad"].input[1]])
        if pad != behind:
            raise _unknown()
        frames = (samples + 2 * pad - window) // hop + 1
        features = _floats(frames, len(filters))
        floor = float(constants[operations["Clip"].input[1]])
        cuts = [n for n in graph.node if n.op_type == "Sub" and n.input[1] in constants]
        nepers = c_float(constants[cuts[0].input[1]]) if cuts else "INFINITY"  # dynamic_range_db
        limits = (c_float(floor), nepers, c_float(operations["InstanceNormalization"].attribute[0].f))
        calls.call("aurora_log_mel", mel, "samples", str(samples), str(pad), *limits, scratch, features, str(frames))
    elif (
        _is_pcen(constants)
        and powers == POWERS_OF_PCEN
        and samples % hop == 0
        and STATE in {i.name for i in graph.input}
    ):
        frames = samples // hop
        features = _floats(frames, len(filters))
        values = (FULL_SCALE, SMOOTHING, EPSILON, ALPHA, DELTA, ROOT)
        calls.tables.append(f"static const aurora_gain gain = {{{', '.join(map(c_float, values))}}};\n")
        calls.kept = {"before": window - hop, "mean": len(filters)}
        kept = (f"stream->{name}" for name in calls.kept)
        calls.call("aurora_pcen", mel, "&gain", "samples", str(frames), *kept, scratch, features)
    else:
        raise _unknown()
    calls.macs += frames * (size // 2 * (size.bit_length() - 1) * 4 + int(np.count_nonzero(filters)))
    return _output(graph), replace(features, axes="BCHT")


def _tables(calls: Calls, shape: Array, filters: Array, size: int, hop: int) -> str:
    bands = [np.flatnonzero(row) for row in filters]
    first = [int(row[0]) if len(row) else 0 for row in bands]
    count = [int(row[-1]) - at + 1 if len(row) else 0 for row, at in zip(bands, first, strict=True)]
    weights = [row[at : at + n] for row, at, n in zip(filters, first, count, strict=True)]
    turns = np.exp(2j * np.pi * np.arange(size // 2) / size)
    values = {
        "shape": calls.table("float", "shape", shape.astype(np.float32)),
        "turns": calls.table("float", "turns", np.stack((turns.real, turns.imag), axis=1).astype(np.float32)),
        "first": calls.table("uint16_t", "first", np.array(first, np.uint16)),
        "count": calls.table("uint16_t", "count", np.array(count, np.uint16)),
        "weights": calls.table("float", "filters", np.concatenate(weights).astype(np.float32)),
    }
    fields = {"size": size, "window": len(shape), "hop": hop, "bands": len(filters), **values}
    written = ", ".join(f".{name} = {value}" for name, value in fields.items())
    calls.tables.append(f"static const aurora_mel mel = {{{written}}};\n")
    return "&mel"


def _floats(time: int, height: int) -> Value:
    return Value(Place(Buffer(4 * time * height)), "BHT", time, height, 1)


def _is_pcen(constants: dict[str, Array]) -> bool:
    """Tell whether the graph has the constants of PCEN; another front end does not have all of them."""
    scalars = np.array([value.item() for value in constants.values() if value.dtype == np.float32 and value.size == 1])
    wanted = (FULL_SCALE, SMOOTHING, EPSILON, -ALPHA, DELTA, ROOT)
    return all(np.isclose(scalars, value, rtol=1e-5, atol=0).any() for value in wanted)


def _output(graph: GraphProto) -> str:
    """Return the name of the features: what is quantised first, without state and channels."""
    makers = {output: node for node in graph.node for output in node.output}
    quantized = next((n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] in makers), None)
    if quantized is None:
        raise ExportError("it is not quantised; export it with --int8")
    above = makers[quantized.input[0]]
    if above.op_type == "Concat" and above.input[1] in makers:
        above = makers[above.input[1]]
    if above.op_type != "Unsqueeze":
        raise _unknown()
    return str(above.input[0])


def _unknown() -> ExportError:
    return ExportError(
        "the C export has the front ends of compact and string_net alone (log-mel of a clip, PCEN of a stream)"
    )
