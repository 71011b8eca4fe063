"""A sequence model as an ONNX graph that goes on from where it was; ``runtime.models.strings`` says what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from aurora_resnet.export.onnx_graph import export_graph
from aurora_resnet.models.streaming import StreamingNetwork
from aurora_resnet.runtime.models.strings import PROBABILITIES, STATE, STATE_AFTER, WAVEFORM

if TYPE_CHECKING:
    from onnx import ModelProto

_EXAMPLE = 3, 5  # streams and steps; not 1, which the exporter may take for a constant
_MOST = 4096


def build_string_graph(network: StreamingNetwork) -> ModelProto:
    """Return a sequence model as a graph, batch normalisation folded into the convolutions.

    Args:
        network: in evaluation mode; it stays as it is.

    Raises:
        MissingDependencyError: if onnx or onnxscript is not installed.
    """
    streams, count = _EXAMPLE
    generator = torch.Generator().manual_seed(1)
    waveform = 0.1 * torch.randn(streams, count * network.step_samples, generator=generator)
    batch, steps = (torch.export.Dim(name, min=1, max=_MOST) for name in ("batch", "steps"))
    return export_graph(
        network,
        (waveform, torch.zeros(streams, network.state_size)),
        inputs=(WAVEFORM, STATE),
        outputs=(PROBABILITIES, STATE_AFTER),
        shapes=({0: batch, 1: network.step_samples * steps}, {0: batch}),
    )
