"""A trained network as an ONNX graph; ``runtime.models`` and ``runtime.strings.model`` say what is in it."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from aurora_resnet.export.frontend import ConvolutionalFrontend
from aurora_resnet.models.folding import fold_batch_norms
from aurora_resnet.models.load_report import misfits
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.streaming import StreamingNetwork, WholeNetwork, unit_probabilities
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from aurora_resnet.runtime.models import CARD, FEATURES, INPUT, LOGITS, METADATA, ModelFacts
from aurora_resnet.runtime.models.strings import PROBABILITIES, STATE, STATE_AFTER, WAVEFORM, SequenceFacts
from aurora_resnet.runtime.onnx_file import ALONE, STRINGS
from aurora_resnet.runtime.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

#: Of ONNX 1.13: onnxruntime reads it from 1.14 (2023) on.
OPSET = 18

_IR_VERSION = 8  # the file format of the same ONNX
_EXAMPLE_BATCH, _EXAMPLE_STEPS, _EXAMPLE_WINDOW = 3, 5, 30  # not 1, which the exporter may take for a constant
_MOST = 4096  # streams and steps of a call


class ExportedNetwork(nn.Module):
    """What the graph computes, as a network.

    Args:
        model: a trained network; it stays as it is and where it is.

    Shape: ``[B, N] -> [B, K], [B, M, T]``.
    """

    def __init__(self, model: RecognizerModel) -> None:
        super().__init__()
        noise = torch.randn(1, model.config.clip_samples, generator=torch.Generator().manual_seed(0))
        folded = fold_batch_norms(copy.deepcopy(model).cpu(), noise)
        own = model.config.frontend is not None  # the exporter has to know its operations
        self.frontend = folded.frontend if own else ConvolutionalFrontend(folded.frontend)
        self.classifier = folded.classifier

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and features."""
        features = self.frontend(waveform)
        logits: Tensor = self.classifier(features)
        return logits, features


def build_graph(model: RecognizerModel) -> ModelProto:
    """Return a network of words as a graph, batch normalisation folded into the convolutions.

    Args:
        model: a trained network; it stays as it is.

    Raises:
        MissingDependencyError: if onnx or onnxscript is not installed.
    """
    example = 0.1 * torch.randn(_EXAMPLE_BATCH, model.config.clip_samples, generator=torch.Generator().manual_seed(1))
    network = ExportedNetwork(model).eval()
    return export_graph(network, (example,), inputs=(INPUT,), outputs=(LOGITS, FEATURES), shapes=({0: "batch"},))


def build_string_graph(network: StreamingNetwork) -> ModelProto:
    """Return a network of strings as a graph that goes on from where it was.

    Args:
        network: in evaluation mode; it stays as it is.

    Raises:
        MissingDependencyError: if onnx or onnxscript is not installed.
    """
    generator = torch.Generator().manual_seed(1)
    waveform = 0.1 * torch.randn(_EXAMPLE_BATCH, _EXAMPLE_STEPS * network.step_samples, generator=generator)
    batch, steps = (torch.export.Dim(name, min=1, max=_MOST) for name in ("batch", "steps"))
    return export_graph(
        network,
        (waveform, torch.zeros(_EXAMPLE_BATCH, network.state_size)),
        inputs=(WAVEFORM, STATE),
        outputs=(PROBABILITIES, STATE_AFTER),
        shapes=({0: batch, 1: network.step_samples * steps}, {0: batch}),
    )


def build_window_graph(network: WholeNetwork, words: RecognizerModel | None = None) -> ModelProto:
    """Return a network of strings that looks ahead as a graph, for recordings of any length up to a window.

    Args:
        network: in evaluation mode; it stays as it is.
        words: a model of single words with the same front end and encoder; the graph tells them too then.

    Raises:
        ConfigError: if their encoders differ.
        MissingDependencyError: if onnx or onnxscript is not installed.
    """
    whole: nn.Module = network if words is None else TwoHeads(words, network).eval()
    fewest = -(-network.classifier.minimum_frames // network.classifier.frames_per_answer)
    batch, steps = (torch.export.Dim(name, min=low, max=_MOST) for name, low in (("batch", 1), ("steps", fewest)))
    generator = torch.Generator().manual_seed(1)
    waveform = 0.1 * torch.randn(_EXAMPLE_BATCH, _EXAMPLE_WINDOW * network.step_samples, generator=generator)
    outputs = (PROBABILITIES,) if words is None else (PROBABILITIES, LOGITS, FEATURES)
    shapes = ({0: batch, 1: network.step_samples * steps},)
    return export_graph(whole, (waveform,), inputs=(WAVEFORM,), outputs=outputs, shapes=shapes)


class TwoHeads(nn.Module):
    """Strings and single words by one encoder.

    Shape: ``[B, N] -> [B, N // step, K + 2], [B, K], [B, M, T]``: probabilities, logits, features.

    Raises:
        ConfigError: if the encoders differ.
    """

    def __init__(self, words: RecognizerModel, strings: WholeNetwork) -> None:
        super().__init__()
        self.frontend, self.classifier = strings.frontend, strings.classifier
        self.word_head = copy.deepcopy(words.classifier.head).cpu().eval()
        of_words, of_strings = (
            {name: value for name, value in each.state_dict().items() if not name.startswith("head.")}
            for each in (words.classifier, strings.classifier)
        )
        if misfits(of_words, of_strings) or not all(torch.equal(of_words[n], of_strings[n]) for n in of_words):
            raise ConfigError(
                "one file for words and strings needs one encoder, and theirs differ; train the head of one of them on "
                "the encoder of the other: weights = CHECKPOINT and training.freeze = 'all_but_head'"
            )

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return probabilities of words over time, logits of single words, and features."""
        features = self.frontend(waveform)
        classifier: Any = self.classifier
        outputs = classifier.encoder(features)
        shares = unit_probabilities(classifier.head(outputs), classifier.num_classes, classifier.blank)
        logits: Tensor = self.word_head(outputs)
        return shares, logits, features


def export_graph(
    network: nn.Module,
    example: tuple[Tensor, ...],
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    shapes: tuple[Mapping[int, Any], ...],
) -> ModelProto:
    """Return what a network computes as a graph.

    Args:
        network: in evaluation mode.
        example: arguments.
        inputs: their names.
        outputs: names of the results.
        shapes: of each argument the dimensions that may have other sizes, as ``torch.onnx.export`` takes them.

    Raises:
        MissingDependencyError: if onnx or onnxscript is not installed.
    """
    require_export("onnx", "onnxscript")
    with quiet():
        program = torch.onnx.export(
            network,
            example,
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None  # since no file is given
    graph = program.model_proto
    graph.ir_version = _IR_VERSION
    return graph


def describe(
    graph: ModelProto,
    facts: ModelFacts | SequenceFacts,
    card: str,
    *,
    strings: SequenceFacts | None = None,
    alone: bool = False,
) -> None:
    """Write the metadata into a graph, and drop what the exporter noted about its own work.

    Args:
        graph: is changed.
        facts: what recognition has to know of the model.
        card: what the model was trained on and what it can do, in Markdown.
        strings: what there is to know of the strings that a model of words reads too.
        alone: whether each clip has to be computed alone, because what it gets in a batch depends on the others.
    """
    both = ({} if strings is None else {STRINGS: strings.to_dict()}) | ({ALONE: True} if alone else {})
    graph.producer_name, graph.producer_version = "aurora-resnet", __version__
    del graph.metadata_props[:]
    graph.metadata_props.add(key=METADATA, value=json.dumps(facts.to_dict() | both | {"version": __version__}))
    graph.metadata_props.add(key=CARD, value=card)
    del graph.graph.value_info[:], graph.graph.metadata_props[:], graph.functions[:]
    for part in (*graph.graph.node, *graph.graph.initializer, *graph.graph.input, *graph.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for node in graph.graph.node:
        node.name = ""


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
