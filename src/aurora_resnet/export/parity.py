"""Whether an exported graph answers as the network does; asked before a file is written.

In float32 the probabilities may differ by 1e-4 at most, on audio and batch sizes that the exporter never saw. In int8
they cannot be that near; there the words count, on voices that the quantisation never heard, clean and in noise: their
accuracy may fall by half a point, and where the network is sure no more than one word in two hundred may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from aurora_resnet.export.calibration import Clips, check_clips
from aurora_resnet.export.onnx_graph import INPUT, OUTPUTS, require_export
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.rejection import Calibration, digit_evidence
from aurora_resnet.runtime.errors import ExportError

if TYPE_CHECKING:
    from onnx import ModelProto

LARGEST_DIFFERENCE = 1e-4
"""Of probabilities in float32."""
ACCURACY_LOSS = 0.005
CHANGED_WORDS = 0.005
SURE = 0.9
"""Probability from which the network is sure of a word."""

_BATCHES = (1, 2, 5, 32)
_WITHOUT_SPEECH = 8

Outputs = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
"""Logits ``[n, K]``, probabilities ``[n, K]``, evidence ``[n]``."""


@dataclass(frozen=True)
class Parity:
    """How far the answers of a graph are from those of its network.

    Attributes:
        clips: compared.
        largest_difference: of a probability.
        changed: share of the clips whose word is another one, among those of which the network is sure.
        accuracy: of the network on the labelled clips, 0 to 1.
        graph_accuracy: of the graph on them.
    """

    clips: int
    largest_difference: float
    changed: float
    accuracy: float
    graph_accuracy: float

    @property
    def accuracy_loss(self) -> float:
        """Share of the labelled clips that the graph loses, below 0 where it gains."""
        return self.accuracy - self.graph_accuracy

    def __str__(self) -> str:
        return (
            f"{self.clips} clips: largest difference of a probability {self.largest_difference:.1e}, words changed "
            f"{self.changed:.2%} where sure, accuracy {self.accuracy:.2%}, exported {self.graph_accuracy:.2%}"
        )


def check_parity(graph: ModelProto, model: RecognizerModel, calibration: Calibration, *, int8: bool) -> Parity:
    """Compare a graph with its network on the sample words' test voices, on noise and on silence.

    Args:
        graph: as it is to be written.
        model: the network.
        calibration: its temperature.
        int8: whether the graph is quantised, hence which rule holds.

    Raises:
        ExportError: if they are too far apart.
        MissingDependencyError: if onnxruntime is not installed.
    """
    words, labels = check_clips(model.config)
    generator = np.random.default_rng(0)
    noise = 0.1 * generator.standard_normal((_WITHOUT_SPEECH, words.shape[1])).astype(np.float32)
    noise[0] = 0
    clips = np.concatenate([words, noise])
    parity = compare(model_outputs(model, calibration, clips), graph_outputs(graph, clips), labels)
    if int8 and (parity.accuracy_loss > ACCURACY_LOSS or parity.changed > CHANGED_WORDS):
        raise ExportError(
            f"in int8 the model answers too differently ({parity}); calibrate with more recordings (--calibration), "
            "or export it without --int8"
        )
    if not int8 and not parity.largest_difference <= LARGEST_DIFFERENCE:
        raise ExportError(
            f"the exported graph answers too differently ({parity}; allowed is {LARGEST_DIFFERENCE:g}); nothing was "
            "written. Its front end or network has a part that the export does not know"
        )
    return parity


def compare(expected: Outputs, found: Outputs, labels: npt.NDArray[np.int64]) -> Parity:
    """Count the differences of two sets of answers; the first clips have labels.

    >>> sure = np.array([[0.95, 0.05], [0.02, 0.98]])
    >>> swapped = np.array([[0.96, 0.04], [0.51, 0.49]])
    >>> parity = compare((sure, sure, sure[:, 0]), (swapped, swapped, swapped[:, 0]), np.array([0, 1]))
    >>> parity.changed, parity.accuracy_loss, round(parity.largest_difference, 2)
    (0.5, 0.5, 0.49)
    """
    words, found_words = expected[1].argmax(axis=1), found[1].argmax(axis=1)
    sure = expected[1].max(axis=1) >= SURE
    n = len(labels)
    return Parity(
        clips=len(words),
        largest_difference=float(np.abs(expected[1] - found[1]).max()),
        changed=float((words != found_words)[sure].mean()) if sure.any() else 0.0,
        accuracy=float((words[:n] == labels).mean()),
        graph_accuracy=float((found_words[:n] == labels).mean()),
    )


def model_outputs(model: RecognizerModel, calibration: Calibration, clips: Clips) -> Outputs:
    """Return what the network itself gives, as ``DigitRecognizer`` reckons with it."""
    model.eval()
    with torch.inference_mode():
        logits = torch.cat([model(part) for part in torch.split(torch.from_numpy(clips), max(_BATCHES))])
        probabilities = (logits.double() / calibration.temperature).softmax(1)
        return logits.numpy(), probabilities.numpy(), digit_evidence(logits).numpy()


def graph_outputs(graph: ModelProto, clips: Clips) -> Outputs:
    """Return what onnxruntime makes of a graph, in batches of several sizes in turn.

    Raises:
        MissingDependencyError: if onnxruntime is not installed.
    """
    require_export("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    parts: list[list[npt.NDArray[Any]]] = []
    start = 0
    while start < len(clips):
        size = _BATCHES[len(parts) % len(_BATCHES)]
        parts.append(session.run(list(OUTPUTS), {INPUT: clips[start : start + size]}))
        start += size
    logits, probabilities, evidence = (np.concatenate(part) for part in zip(*parts, strict=True))
    return logits, probabilities, evidence
