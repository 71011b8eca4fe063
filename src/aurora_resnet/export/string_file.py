"""A trained model of strings becomes one ONNX file, if it hears what the model hears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.evaluation.strings import WordCounts, score_strings
from aurora_resnet.export.onnx_graph import describe
from aurora_resnet.export.parity import LARGEST_DIFFERENCE, SURE, too_different
from aurora_resnet.export.quantization import quantize_graph
from aurora_resnet.export.recordings import Clips
from aurora_resnet.export.string_graph import build_string_graph
from aurora_resnet.export.string_recordings import Said, read_string_recordings
from aurora_resnet.files import atomic_path
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.string_model import sequence_model
from aurora_resnet.runtime.errors import ConfigError, ExportError
from aurora_resnet.runtime.model_reference import SUFFIXES
from aurora_resnet.runtime.strings.model import Probabilities, SequenceModel, weighted
from aurora_resnet.runtime.strings.search import Hypothesis, PrefixSearch

_PIECES = (1, 3, 8, 25)  # steps that a stream gets at once, in turn
_BATCH = 16


@dataclass(frozen=True)
class StringParity:
    """How far what a file hears is from what its network hears.

    Attributes:
        clips: compared.
        largest_difference: of a probability in a frame.
        changed: strings that are others, among those of which the network is sure.
        sure: how many these are.
        errors: of the network, on strings whose words are known.
        file_errors: of the file.
    """

    clips: int
    largest_difference: float
    changed: int
    sure: int
    errors: WordCounts
    file_errors: WordCounts

    def __str__(self) -> str:
        rates = f"{self.errors.error_rate:.2%}, exported {self.file_errors.error_rate:.2%}"
        known = f"word errors on {self.errors.said} known words {rates}" if self.errors.said else "no known words"
        return (
            f"{self.clips} clips: largest difference of a probability {self.largest_difference:.1e}, {self.changed} of "
            f"{self.sure} strings changed where sure, {known}"
        )

    def check(self, *, int8: bool) -> None:
        """Raise ``ExportError`` if they are too far apart; the rules are those of ``parity``."""
        lost = self.file_errors.errors - self.errors.errors
        if int8 and too_different(lost, self.errors.said, self.changed, self.sure):
            raise ExportError(
                f"in int8 the model hears too differently ({self}); quantise with more recordings (--recordings), or "
                "export it without --int8"
            )
        if not int8 and not self.largest_difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"the exported graph answers too differently ({self}; allowed is {LARGEST_DIFFERENCE:g}); nothing was "
                "written"
            )


@float32_on_cpu()
def export_strings(
    model: Checkpoint | RecognizerModel,
    path: str | Path,
    *,
    int8: bool = False,
    recordings: Sequence[str] = (),
    name: str = "",
) -> StringParity:
    """Write a model of strings as one ONNX file; ``runtime.strings.model`` says what is in it.

    Args:
        model: a checkpoint, whose operating point and card go with it, or a network without either. It stays as it is.
        path: the file, ending in ``.onnx``; written whole, or not at all.
        int8: quantise it: a quarter of the size.
        recordings: corpora of words or strings (``KIND:PATH``) to quantise and check with, beside strings of the sample
            words.
        name: what people shall call it; the checkpoint's if not given.

    Returns:
        How near what the file hears is to what the model hears, stream by stream.

    Raises:
        ConfigError: for a path that does not end in ``.onnx``, a model that is none of strings; or with ``int8``, if no
            recording has words of the model alone.
        CorpusError: if a corpus cannot be read.
        ExportError: if the exported graph does not answer as the model does.
        MissingDependencyError: without the packages of the extra ``export``.
    """
    path = Path(path)
    if path.suffix != SUFFIXES["onnx"]:
        raise ConfigError(f"{path}: the exported file's name must end in {SUFFIXES['onnx']}")
    torch_model = sequence_model(model)
    network = model.model if isinstance(model, Checkpoint) else model
    audio = read_string_recordings(network.config, tuple(recordings))
    if int8 and not any(audio.said):
        raise ConfigError(
            "no recording has words of the model alone, by which the quantised graph is checked; give some "
            "(--recordings KIND:PATH), or export it without int8"
        )
    graph = build_string_graph(torch_model.network)
    if int8:
        graph = quantize_graph(
            graph, _whole_steps(audio.quantise, torch_model), state_size=torch_model.facts.state_size
        )
    facts = torch_model.facts if not name else replace(torch_model.facts, name=name)
    describe(graph, facts, torch_model.card)
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())
        parity = compare_strings(torch_model, SequenceModel(temporary), audio.check, audio.said)
        parity.check(int8=int8)
    return parity


def compare_strings(model: SequenceModel, exported: SequenceModel, clips: Clips, said: Sequence[Said]) -> StringParity:
    """Compare what two models hear, the second one piece by piece.

    Args:
        model: the one to be exported.
        exported: what became of it.
        clips: audio ``[n, N]``.
        said: the words of each clip, where they are known.
    """
    words = model.facts.vocabulary.words
    largest, changed, sure = 0.0, 0, 0
    pairs: list[tuple[tuple[str, ...], list[str], list[str]]] = []
    for start in range(0, len(clips), _BATCH):
        batch = _whole_steps(clips[start : start + _BATCH], model)
        expected = model.step(batch, model.begin(len(batch)))[0]
        found = _piece_by_piece(exported, batch)
        largest = max(largest, float(np.abs(expected - found).max()))
        for row, known in enumerate(said[start : start + _BATCH]):
            before, after = (_best(shares[row], model) for shares in (expected, found))
            certain = before.probability >= SURE
            sure, changed = sure + certain, changed + (certain and before.words != after.words)
            if known is not None:
                pairs.append((known, [words[i] for i in before.words], [words[i] for i in after.words]))
    return StringParity(
        clips=len(clips),
        largest_difference=largest,
        changed=changed,
        sure=sure,
        errors=score_strings((known, before) for known, before, _ in pairs),
        file_errors=score_strings((known, after) for known, _, after in pairs),
    )


def _whole_steps(clips: Clips, model: SequenceModel) -> Clips:
    return np.pad(clips, ((0, 0), (0, -clips.shape[1] % model.facts.step_samples)))


def _piece_by_piece(model: SequenceModel, batch: Clips) -> Probabilities:
    state, start = model.begin(len(batch)), 0
    parts: list[Probabilities] = []
    while start < batch.shape[1]:
        end = start + _PIECES[len(parts) % len(_PIECES)] * model.facts.step_samples
        shares, state = model.step(batch[:, start:end], state)
        parts.append(shares)
        start = end
    return np.concatenate(parts, axis=1)


def _best(shares: Probabilities, model: SequenceModel) -> Hypothesis:
    search = PrefixSearch(len(model.facts.vocabulary))
    search.push(weighted(shares, model.facts))
    return search.best(most=1)[0]
