"""What the export has to know of models of single words and of strings, which go on with streams or look ahead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.export.onnx_graph import build_graph, build_string_graph, build_window_graph
from aurora_resnet.export.parity import Outputs, in_turn
from aurora_resnet.export.recordings import Clips
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.string_model import TorchWindowModel, sequence_model
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.runtime.models import ExportedModel, ScoringModel
from aurora_resnet.runtime.models.strings import SequenceModel, StringModel, load_string_model
from aurora_resnet.runtime.strings.search import PrefixSearch

if TYPE_CHECKING:
    from onnx import ModelProto

#: Sizes of the batches of clips that a file of words gets in turn.
_BATCHES = (1, 2, 5, 32)
#: Steps that the streams of a file of strings get at once, in turn, and how many streams.
_PIECES, _STREAMS = (1, 3, 8, 25), 16


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


class StringExport:
    """A model of strings on its way into a file.

    Args:
        model: a checkpoint or a network.
        name: of the exported model; the checkpoint's if empty.
    """

    def __init__(self, model: Checkpoint | RecognizerModel, name: str = "") -> None:
        self.sequence = sequence_model(model, name=name)
        self.facts = self.sequence.facts
        self.state_size = self.facts.state_size

    def graph(self) -> ModelProto:
        """Return the network as a graph."""
        if isinstance(self.sequence, TorchWindowModel):
            return build_window_graph(self.sequence.network)
        return build_string_graph(self.sequence.network)

    def with_words(self, words: RecognizerModel) -> ModelProto:
        """Return the graph that tells the single words of another model too.

        Raises:
            ConfigError: if the two have not one encoder.
        """
        if not isinstance(self.sequence, TorchWindowModel):
            raise ConfigError(
                f"{self.facts.name} goes on with streams; one file for words and strings needs an encoder"
            )
        return build_window_graph(self.sequence.network, words)

    def whole(self, clips: Clips) -> Clips:
        """Return clips as the graph takes them: whole steps."""
        return np.pad(clips, ((0, 0), (0, -clips.shape[1] % self.facts.step_samples)))

    def answers(self, clips: Clips) -> Outputs:
        """Return what the network makes of clips."""
        return self._outputs(self.sequence, clips, (clips.shape[1],))  # all at once

    def file_answers(self, path: Path, clips: Clips) -> Outputs:
        """Return what an exported file makes of them, piece by piece."""
        return self._outputs(load_string_model(path), clips, _PIECES)

    def _outputs(self, model: StringModel, clips: Clips, pieces: tuple[int, ...]) -> Outputs:
        whole = self.whole(clips)
        if isinstance(model, SequenceModel):
            parts = [_piece_by_piece(model, whole[part], pieces) for part in in_turn(len(clips), (_STREAMS,))]
            shares = np.concatenate(parts)
        else:
            shares = np.stack([model.whole(clip) for clip in whole])
        words, confidence = [], []
        for row in shares:
            search = PrefixSearch(len(self.facts.vocabulary))
            search.push(self.facts.weighted(row[:, : len(self.facts.vocabulary) + 2]))
            best = search.best(most=1)[0]
            words.append(tuple(self.facts.vocabulary.words[word] for word in best.words))
            confidence.append(best.probability)
        return Outputs(shares, words, np.array(confidence))


def _piece_by_piece(model: SequenceModel, batch: Clips, pieces: tuple[int, ...]) -> Clips:
    state, step, parts = model.begin(len(batch)), model.facts.step_samples, []
    for piece in in_turn(batch.shape[1] // step, pieces):
        shares, state = model.step(batch[:, piece.start * step : piece.stop * step], state)
        parts.append(shares)
    return np.concatenate(parts, axis=1)


#: By kind.
EXPORTS: Mapping[Kind, type[WordExport] | type[StringExport]] = {"words": WordExport, "strings": StringExport}
