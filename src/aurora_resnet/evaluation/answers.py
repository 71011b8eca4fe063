"""What a model says about recordings, from which every report is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tqdm.auto import tqdm

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.utterance import CLIPPED
from aurora_resnet.evaluation.condition_report import ConditionReport, Prediction
from aurora_resnet.evaluation.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    accuracy_interval,
    confusion_matrix,
    expected_calibration_error,
    scores_by,
)
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError
from aurora_resnet.runtime.models import ScoringModel
from aurora_resnet.scoring import clip_scores


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
    """

    utterances: tuple[Utterance, ...]
    labels: IntArray
    logits: npt.NDArray[np.float32]
    peaks: Samples
    calibration: Calibration
    problems: tuple[str, ...] = ()

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
        logits, peaks = clip_scores(model, clips, batch_size=batch_size, on_batch=on_batch)
        finite = np.isfinite(logits).all(axis=1)
        if not finite.all():
            bad = clips.utterances[int(np.flatnonzero(~finite)[0])]
            raise CheckpointError(
                f"the model's answer to {bad.path} is not finite; its weights are damaged or diverged"
            )
        return cls(clips.utterances, clips.labels.numpy(), logits, peaks, facts.calibration, clips.problems)

    @classmethod
    def pool(cls, parts: Sequence[Answers]) -> Answers:
        """Put the answers of one model together."""
        return cls(
            tuple(utterance for part in parts for utterance in part.utterances),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.logits for part in parts]),
            np.concatenate([part.peaks for part in parts]),
            parts[0].calibration,
            tuple(problem for part in parts for problem in part.problems),
        )

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
        """Count words that were recognised, for recordings of words of the vocabulary."""
        correct: BoolArray = self.labels == self.predicted
        return ConditionReport(
            name=name,
            words=words,
            confusion=tuple(map(tuple, confusion_matrix(self.labels, self.predicted, len(words)).tolist())),
            interval=accuracy_interval(correct, self.speakers),
            calibration_error=expected_calibration_error(self.confidence, correct),
            per_speaker=scores_by(correct, self.speakers),
            attributes=attributes,
            problems=self.problems,
            refused=int((~self.accepted).sum()) if self.calibration.rejects else None,
        )

    def predictions(self, condition: str, words: tuple[str, ...]) -> list[Prediction]:
        """Return one line a recording."""
        return [
            Prediction(
                str(utterance.path),
                condition,
                utterance.word,
                words[predicted],
                float(sure),
                accepted,
                utterance.speaker,
            )
            for utterance, predicted, sure, accepted in zip(
                self.utterances, self.predicted, self.confidence, self.decisions, strict=True
            )
        ]


class Answered(NamedTuple):
    """Answers by condition, what could not be read of the others, and the seconds that the model took."""

    answers: dict[str, Answers]
    problems: list[str]
    model_seconds: float


def answer_conditions(
    model: ScoringModel,
    conditions: Mapping[str, Corpus | ClipSet],
    read: Callable[[Corpus], ClipSet],
    *,
    batch_size: int,
    bar: tqdm[Any],
) -> Answered:
    """Let a model answer recordings by condition; conditions without a readable recording become problems.

    Args:
        model: what scores the clips.
        conditions: corpora, or clips in memory.
        read: makes clips of a corpus, such as ``load_clips`` for the model.
        batch_size: clips that are computed together.
        bar: is moved by every clip.

    Raises:
        CheckpointError: if the model answers with numbers that are not finite.
    """
    answers: dict[str, Answers] = {}
    problems: list[str] = []
    seconds = 0.0
    for name, recordings in conditions.items():
        bar.set_description(name)
        clips = recordings if isinstance(recordings, ClipSet) else read(recordings)
        bar.update(len(recordings) - len(clips))
        if not len(clips):
            problems += [f"condition '{name}': no readable recording", *clips.problems]
            continue
        begin = time.perf_counter()
        answers[name] = Answers.of(model, clips, batch_size=batch_size, on_batch=bar.update)
        seconds += time.perf_counter() - begin
    return Answered(answers, problems, seconds)
