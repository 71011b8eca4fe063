"""A trained network as an ONNX graph, from waveforms to logits, probabilities and the evidence for a digit.

The graph has one input and three outputs, of any number of clips at once:

- ``waveform`` ``[batch, N]`` float32 in [-1, 1], ``N`` the model's clip length;
- ``logits`` ``[batch, K]``, ``probabilities`` ``[batch, K]`` (softmax of the logits over the temperature), ``evidence``
  ``[batch]`` (log-sum-exp of the logits, compared with the threshold); see ``aurora_resnet.recognition.rejection``.

Metadata, all strings: ``labels`` (JSON, in the order of the columns), ``sample_rate`` (Hz), ``clip_samples``,
``temperature``, ``threshold`` (empty for none), ``card`` (Markdown), ``aurora_resnet`` (version).
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from aurora_resnet.export.frontend import ConvolutionalFrontend
from aurora_resnet.models.folding import fold_batch_norms
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.rejection import Calibration
from aurora_resnet.runtime.errors import MissingDependencyError

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT = "waveform"
OUTPUTS = ("logits", "probabilities", "evidence")
OPSET = 18
"""Of ONNX 1.13: onnxruntime reads it from 1.14 (2023) on."""

_IR_VERSION = 8  # the file format of the same ONNX
_EXAMPLE_BATCH = 3  # not 1, which the exporter may take for a constant


class ExportedNetwork(nn.Module):
    """What the graph computes, as a network.

    Args:
        model: a trained network; it stays as it is.
        calibration: its temperature.

    Shape: ``[B, N] -> [B, K], [B, K], [B]``.
    """

    def __init__(self, model: RecognizerModel, calibration: Calibration) -> None:
        super().__init__()
        noise = torch.randn(1, model.config.clip_samples, generator=torch.Generator().manual_seed(0))
        fused = fold_batch_norms(model.cpu(), noise)
        self.frontend = ConvolutionalFrontend(fused.frontend)
        self.classifier = fused.classifier
        self.temperature = calibration.temperature

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits, probabilities and evidence."""
        logits: Tensor = self.classifier(self.frontend(waveform))
        return logits, (logits / self.temperature).softmax(dim=1), logits.logsumexp(dim=1)


def build_graph(model: RecognizerModel, calibration: Calibration) -> ModelProto:
    """Return a network as a graph, batch normalisation folded into the convolutions.

    Args:
        model: a trained network; it stays as it is.
        calibration: its temperature and threshold.

    Raises:
        MissingDependencyError: if onnx or onnxscript is not installed.
    """
    require_export("onnx", "onnxscript")
    network = ExportedNetwork(model, calibration).eval()
    example = 0.1 * torch.randn(_EXAMPLE_BATCH, model.config.clip_samples, generator=torch.Generator().manual_seed(1))
    with quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            dynamic_shapes=({0: "batch"},),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise AssertionError("torch.onnx.export(dynamo=True) without a file returns a program")
    graph = program.model_proto
    graph.ir_version = _IR_VERSION
    return graph


def describe(graph: ModelProto, model: RecognizerModel, calibration: Calibration, card: str) -> None:
    """Write the metadata into a graph, and drop what the exporter noted about its own work.

    Args:
        graph: is changed.
        model: the network that it computes.
        calibration: its temperature and threshold.
        card: what the model learnt from and what it can do, in Markdown.
    """
    config, threshold = model.config, calibration.threshold
    graph.producer_name, graph.producer_version = "aurora-resnet", version("aurora-resnet")
    metadata = {
        "labels": json.dumps(list(config.words)),
        "sample_rate": str(config.mel.sample_rate),
        "clip_samples": str(config.clip_samples),
        "temperature": repr(calibration.temperature),
        "threshold": "" if threshold is None else repr(threshold),
        "card": card,
        "aurora_resnet": version("aurora-resnet"),
    }
    del graph.metadata_props[:]
    for key, value in metadata.items():
        graph.metadata_props.add(key=key, value=value)
    del graph.graph.value_info[:], graph.graph.metadata_props[:], graph.functions[:]
    for part in (*graph.graph.node, *graph.graph.initializer, *graph.graph.input, *graph.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


def require_export(*modules: str) -> None:
    """Import the modules of the extra ``export``.

    Raises:
        MissingDependencyError: if one is not installed.

    >>> require_export("onyx")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.MissingDependencyError: exporting needs onyx (...); install it with: ...
    """
    for module in modules:
        try:
            __import__(module)
        except ImportError as error:
            raise MissingDependencyError(
                f"exporting needs {module} ({error}); install it with: pip install 'aurora-resnet[export]'"
            ) from None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what exporter and quantiser print, log and warn from the terminal; what they raise comes through."""
    before = logging.root.manager.disable
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
