"""What the export has to know of models of single words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.export.onnx_graph import build_graph
from aurora_resnet.export.parity import Outputs, in_turn
from aurora_resnet.export.recordings import Clips
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.models import ExportedModel, ScoringModel

if TYPE_CHECKING:
    from onnx import ModelProto

#: Sizes of the batches that a file gets in turn.
_BATCHES = (1, 2, 5, 32)


class WordExport:
    """A model of single words on its way into a file.

    Args:
        model: a checkpoint or a network.
        name: of the exported model; the checkpoint's if empty.
    """

    state_size = 0

    def __init__(self, model: Checkpoint | RecognizerModel, name: str = "") -> None:
        self.network = model.model if isinstance(model, Checkpoint) else model
        self.scoring = TorchModel(model, name=name)
        self.facts = self.scoring.facts

    def graph(self) -> ModelProto:
        """Return the network as a graph."""
        return build_graph(self.network)

    def whole(self, clips: Clips) -> Clips:
        """Return clips as the graph takes them."""
        return clips

    def answers(self, clips: Clips) -> Outputs:
        """Return what the network makes of clips."""
        return self._outputs(self.scoring, clips, (max(_BATCHES),))

    def file_answers(self, path: Path, clips: Clips) -> Outputs:
        """Return what an exported file makes of them, in batches of several sizes."""
        return self._outputs(ExportedModel(path, threads=torch.get_num_threads()), clips, _BATCHES)

    def _outputs(self, model: ScoringModel, clips: Clips, batches: tuple[int, ...]) -> Outputs:
        logits = [model.logits(clips[part]) for part in in_turn(len(clips), batches)]
        probabilities = self.facts.calibration.probabilities(np.concatenate(logits))
        words = [(self.facts.vocabulary.words[best],) for best in probabilities.argmax(axis=1)]
        return Outputs(probabilities, words, probabilities.max(axis=1))
