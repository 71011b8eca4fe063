"""What a model of single words answers to recordings, from which every report on it is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import CLIPPED, Utterance
from aurora_resnet.evaluation.bootstrap import BoolArray, FloatArray, IntArray
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import accuracy_interval, expected_calibration_error, scores_by
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.recognition.word_model import clip_scores
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError
from aurora_resnet.runtime.models import ScoringModel


@dataclass(frozen=True)
class Answers:
    """Logits of recordings and what a calibration makes of them, in the order of the recordings.

    Attributes:
        utterances: the recordings.
        labels: their true classes ``[n]``; the number of words for negatives.
        logits: ``[n, K]``.
        peaks: largest sample of each clip ``[n, 1]``, for the decision that silence is no word.
        calibration: from logits to a decision.
        problems: recordings that could not be read.
        seconds: that the model took.
    """

    utterances: tuple[Utterance, ...]
    labels: IntArray
    logits: npt.NDArray[np.float32]
    peaks: Samples
    calibration: Calibration
    problems: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @classmethod
    def of(
        cls,
        model: ScoringModel,
        clips: ClipSet,
        *,
        batch_size: int = 64,
        on_batch: Callable[[int], object] | None = None,
    ) -> Answers:
        """Let a model answer clips.

        Raises:
            ConfigError: if the clips have another rate or length than the model's.
            CheckpointError: if it answers with numbers that are not finite.
        """
        facts = model.facts
        if (clips.sample_rate, clips.clip_samples) != (facts.sample_rate, facts.clip_samples):
            raise ConfigError(
                f"model {facts.name} takes clips of {facts.clip_samples} samples at {facts.sample_rate} Hz, got "
                f"{clips.clip_samples} at {clips.sample_rate} Hz; read them with load_clips"
            )
        begin = time.perf_counter()
        logits, peaks = clip_scores(model, clips, batch_size=batch_size, on_batch=on_batch)
        seconds = time.perf_counter() - begin
        finite = np.isfinite(logits).all(axis=1)
        if not finite.all():
            bad = clips.utterances[int(np.flatnonzero(~finite)[0])]
            raise CheckpointError(
                f"the model's answer to {bad.path} is not finite; its weights are damaged or diverged"
            )
        labels = clips.labels.numpy()
        return cls(clips.utterances, labels, logits, peaks, facts.calibration, clips.problems, seconds)

    @classmethod
    def pool(cls, parts: Sequence[Answers]) -> Answers:
        """Put the answers of one model together, with their problems."""
        utterances = tuple(utterance for part in parts for utterance in part.utterances)
        labels, logits, peaks = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "logits", "peaks")
        )
        problems = tuple(problem for part in parts for problem in part.problems)
        return cls(utterances, labels, logits, peaks, parts[0].calibration, problems, sum(p.seconds for p in parts))

    def __len__(self) -> int:
        return len(self.utterances)

    @cached_property
    def _decided(self) -> tuple[FloatArray, list[bool | None]]:
        clipped = [CLIPPED in utterance.attributes for utterance in self.utterances]
        return self.calibration.decide(self.logits, self.peaks, clipped=clipped)

    @property
    def decisions(self) -> list[bool | None]:
        """Whether each recording is accepted as one of the words, as ``Recognition.accepted``."""
        return self._decided[1]

    @property
    def accepted(self) -> BoolArray:
        """Which recordings are not refused, ``[n]``; a model that is not calibrated refuses silence alone."""
        return np.array([accepted is not False for accepted in self.decisions], dtype=np.bool_)

    @property
    def predicted(self) -> IntArray:
        """The most probable class of each recording, ``[n]``."""
        predicted: IntArray = self._decided[0].argmax(axis=1)
        return predicted

    @property
    def confidence(self) -> FloatArray:
        """The calibrated probability of that class, ``[n]``."""
        confidence: FloatArray = self._decided[0].max(axis=1)
        return confidence

    @property
    def speakers(self) -> list[str]:
        """Who speaks; empty if unknown."""
        return [utterance.speaker for utterance in self.utterances]

    def report(self, name: str, words: tuple[str, ...], attributes: Mapping[str, str]) -> ConditionReport:
        """Count the words that were recognised, for recordings of words of the vocabulary."""
        correct: BoolArray = self.labels == self.predicted
        confusion = np.zeros((len(words), len(words)), dtype=np.int64)
        np.add.at(confusion, (self.labels, self.predicted), 1)
        return ConditionReport(
            name=name,
            words=words,
            confusion=tuple(map(tuple, confusion.tolist())),
            interval=accuracy_interval(correct, self.speakers),
            calibration_error=expected_calibration_error(self.confidence, correct),
            per_speaker=scores_by(correct, self.speakers),
            attributes=attributes,
            problems=self.problems,
            refused=int((~self.accepted).sum()) if self.calibration.rejects else None,
        )

    def predictions(self, condition: str, words: tuple[str, ...]) -> list[Prediction]:
        """Return one line a recording."""
        answered = zip(self.utterances, self.predicted, self.confidence, self.decisions, strict=True)
        return [
            Prediction(str(u.path), condition, u.word, words[predicted], float(sure), accepted, u.speaker)
            for u, predicted, sure, accepted in answered
        ]
