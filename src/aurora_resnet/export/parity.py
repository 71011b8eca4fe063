"""Whether an exported graph answers as the network does; asked before a file is written.

In float32 the probabilities may differ by 1e-4 at most, on audio and batch sizes that the exporter never saw. In int8
they cannot be that near; there the words count, on voices that the quantisation never heard, clean and in noise: the
accuracy on words of the vocabulary may fall by half a point, and where the network is sure no more than one word in two
hundred may change. Of few recordings chance is allowed for, see ``more_than``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.export.onnx_graph import require_export
from aurora_resnet.export.recordings import UNKNOWN, Clips
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ExportError
from aurora_resnet.runtime.models import INPUT, LOGITS

if TYPE_CHECKING:
    from onnx import ModelProto

LARGEST_DIFFERENCE = 1e-4
"""Of probabilities in float32."""
ACCURACY_LOSS = 0.005
CHANGED_WORDS = 0.005
SURE = 0.9
"""Probability from which the network is sure of a word."""
CHANCE = 2.0
"""Standard deviations of a count that chance may add."""

_BATCHES = (1, 2, 5, 32)

Logits = npt.NDArray[Any]


@dataclass(frozen=True)
class Parity:
    """How far the answers of a graph are from those of its network.

    Attributes:
        clips: compared.
        largest_difference: of a probability.
        changed_words: clips whose word is another one, among those of which the network is sure.
        sure: how many these are.
        labelled: clips whose word the model knows.
        accuracy: of the network on them, 0 to 1.
        graph_accuracy: of the graph on them.
    """

    clips: int
    largest_difference: float
    changed_words: int
    sure: int
    labelled: int
    accuracy: float
    graph_accuracy: float

    @property
    def changed(self) -> float:
        """Share of the clips whose word is another one, among those of which the network is sure."""
        return self.changed_words / self.sure if self.sure else 0.0

    @property
    def accuracy_loss(self) -> float:
        """Share of the labelled clips that the graph loses, below 0 where it gains."""
        return self.accuracy - self.graph_accuracy

    def __str__(self) -> str:
        accuracy = (
            f"accuracy on {self.labelled} known words {self.accuracy:.2%}, exported {self.graph_accuracy:.2%}"
            if self.labelled
            else "no word among them that the model knows"
        )
        return (
            f"{self.clips} clips: largest difference of a probability {self.largest_difference:.1e}, words changed "
            f"{self.changed:.2%} where sure, {accuracy}"
        )


def check_parity(
    graph: ModelProto, model: TorchModel, clips: Clips, labels: npt.NDArray[np.int64], *, int8: bool
) -> Parity:
    """Compare a graph with its network.

    Args:
        graph: as it is to be written.
        model: the network.
        clips: audio that the quantisation never heard, ``[n, N]``.
        labels: their classes, ``UNKNOWN`` where there is none.
        int8: whether the graph is quantised, hence which rule holds.

    Raises:
        ExportError: if they are too far apart.
        MissingDependencyError: if onnxruntime is not installed.
    """
    expected = np.concatenate([model.logits(part) for part in np.array_split(clips, -(-len(clips) // max(_BATCHES)))])
    parity = compare(expected, graph_logits(graph, clips), labels, model.facts.calibration)
    lost = round(parity.accuracy_loss * parity.labelled) if parity.labelled else 0
    if int8 and too_different(lost, parity.labelled, parity.changed_words, parity.sure):
        raise ExportError(
            f"in int8 the model answers too differently ({parity}); quantise with more recordings (--recordings), "
            "or export it without --int8"
        )
    if not int8 and not parity.largest_difference <= LARGEST_DIFFERENCE:
        raise ExportError(
            f"the exported graph answers too differently ({parity}; allowed is {LARGEST_DIFFERENCE:g}); nothing was "
            "written. Its front end or network has a part that the export does not know"
        )
    return parity


def too_different(lost: int, known: int, changed: int, sure: int) -> bool:
    """Say whether an int8 file loses too many of the known words, or changes too many of which the network is sure."""
    return more_than(ACCURACY_LOSS, lost, known) or more_than(CHANGED_WORDS, changed, sure)


def more_than(share: float, count: int, of: int) -> bool:
    """Say whether a count shows that more than a share is lost, or may be chance.

    A model that loses the share ``s`` of ``n`` clips loses ``n s`` of them on average, with a standard deviation of
    ``sqrt(n s)`` (Poisson). What lies within two of these above the mean may happen to any such model.

    Args:
        share: allowed, 0 to 1.
        count: clips lost; below 0 if some were won.
        of: so many clips.

    >>> [more_than(0.005, count, 300) for count in (2, 3, 4, 5)], more_than(0.005, 130, 20_000)
    ([False, False, True, True], True)
    """
    return count > max(1.0, of * share + CHANCE * math.sqrt(of * share))


def compare(expected: Logits, found: Logits, labels: npt.NDArray[np.int64], calibration: Calibration) -> Parity:
    """Count the differences of two sets of logits ``[n, K]``.

    >>> sure, swapped = np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([[3.2, 0.0], [0.1, 0.0]])
    >>> parity = compare(sure, swapped, np.array([0, 1]), Calibration())
    >>> parity.changed, parity.accuracy_loss, round(parity.largest_difference, 2)
    (0.5, 0.5, 0.51)
    """
    before, after = calibration.probabilities(expected), calibration.probabilities(found)
    words, found_words = before.argmax(axis=1), after.argmax(axis=1)
    sure, known = before.max(axis=1) >= SURE, labels != UNKNOWN
    return Parity(
        clips=len(words),
        largest_difference=float(np.abs(before - after).max()),
        changed_words=int((words != found_words)[sure].sum()),
        sure=int(sure.sum()),
        labelled=int(known.sum()),
        accuracy=float((words == labels)[known].mean()) if known.any() else float("nan"),
        graph_accuracy=float((found_words == labels)[known].mean()) if known.any() else float("nan"),
    )


def graph_logits(graph: ModelProto, clips: Clips) -> Logits:
    """Return what onnxruntime makes of a graph, in batches of several sizes in turn.

    Raises:
        MissingDependencyError: if onnxruntime is not installed.
    """
    require_export("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    parts: list[Logits] = []
    start = 0
    while start < len(clips):
        size = _BATCHES[len(parts) % len(_BATCHES)]
        parts.append(session.run([LOGITS], {INPUT: clips[start : start + size]})[0])
        start += size
    return np.concatenate(parts)
