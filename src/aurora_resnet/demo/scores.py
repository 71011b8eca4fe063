"""How a recogniser does on the sounds of the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aurora_resnet.demo.sounds import SAMPLE_RATE, DemoSounds, Sound
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import (
    Score,
    accuracy_interval,
    confusion_matrix,
    expected_calibration_error,
    scores_by,
)
from aurora_resnet.recognition.recognizer import DigitRecognizer, Recognition
from aurora_resnet.runtime.errors import ConfigError

BATCH = 64


@dataclass(frozen=True)
class Acceptance:
    """How many sounds of one kind were accepted as a digit.

    >>> Acceptance("noise", digit=False, clips=20, accepted=1).rejected
    19
    """

    what: str
    digit: bool
    clips: int
    accepted: int

    @property
    def rejected(self) -> int:
        """Number of sounds that were rejected."""
        return self.clips - self.accepted


@dataclass(frozen=True)
class ModelScores:
    """What one recogniser made of the sounds.

    Attributes:
        name: how tables call the model.
        rejects: whether the model has a threshold; without one it accepts all but silence.
        conditions: one report for clean speech, then one for each SNR.
        overall: all digits of all conditions together.
        by_noise: counts by noise, over all SNRs.
        acceptance: what was accepted, digits by condition and what is none by kind.
        answers: the recogniser's answer to every sound, by condition and kind.
    """

    name: str
    rejects: bool
    conditions: tuple[ConditionReport, ...]
    overall: ConditionReport
    by_noise: Mapping[str, Score]
    acceptance: tuple[Acceptance, ...]
    answers: Mapping[str, tuple[Recognition, ...]] = field(repr=False)

    @property
    def noisy_mean(self) -> float:
        """Mean accuracy over the SNRs, clean speech left out; 0 to 1."""
        return float(np.mean([report.accuracy for report in self.conditions[1:]]))


def score_recognizer(
    name: str,
    recognizer: DigitRecognizer,
    sounds: DemoSounds,
    on_batch: Callable[[int], object] | None = None,
) -> ModelScores:
    """Let a recogniser answer all sounds and count.

    Args:
        name: how tables call the model.
        recognizer: the recogniser.
        sounds: from ``demo_sounds``.
        on_batch: called with the number of sounds after each batch, for progress.

    Raises:
        ConfigError: if the model does not know all words of the sounds.
    """
    words = recognizer.model.config.words
    foreign = sorted({sound.word for group in sounds.digits.values() for sound in group} - set(words))
    if foreign:
        raise ConfigError(f"model '{name}' does not know the words {', '.join(foreign)}; it knows {', '.join(words)}")
    answers = {
        kind: recognize_sounds(recognizer, group, on_batch)
        for kind, group in {**sounds.digits, **sounds.others}.items()
    }
    spoken = [sound for group in sounds.digits.values() for sound in group]
    heard = [answer for condition in sounds.digits for answer in answers[condition]]
    correct = np.array([sound.word == answer.word for sound, answer in zip(spoken, heard, strict=True)])
    noisy = np.array([bool(sound.noise) for sound in spoken])
    return ModelScores(
        name=name,
        rejects=recognizer.calibration.threshold is not None,
        conditions=tuple(_report(kind, group, answers[kind], words) for kind, group in sounds.digits.items()),
        overall=_report(f"{name}, all conditions", spoken, heard, words),
        by_noise=scores_by(correct[noisy], [sound.noise for sound in spoken if sound.noise]),
        acceptance=tuple(
            Acceptance(kind, kind in sounds.digits, len(given), sum(answer.accepted for answer in given))
            for kind, given in answers.items()
        ),
        answers=answers,
    )


def recognize_sounds(
    recognizer: DigitRecognizer, sounds: Sequence[Sound], on_batch: Callable[[int], object] | None = None
) -> tuple[Recognition, ...]:
    """Return the answers to sounds, in batches."""
    answers: list[Recognition] = []
    for start in range(0, len(sounds), BATCH):
        batch = sounds[start : start + BATCH]
        answers += recognizer.recognize_batch([sound.waveform for sound in batch], SAMPLE_RATE)
        if on_batch is not None:
            on_batch(len(batch))
    return tuple(answers)


def _report(
    name: str, sounds: Sequence[Sound], answers: Sequence[Recognition], words: tuple[str, ...]
) -> ConditionReport:
    labels = np.array([words.index(sound.word) for sound in sounds])
    predicted = np.array([words.index(answer.word) for answer in answers])
    correct = labels == predicted
    speakers = [sound.speaker for sound in sounds]
    return ConditionReport(
        name=name,
        words=words,
        confusion=tuple(map(tuple, confusion_matrix(labels, predicted, len(words)).tolist())),
        interval=accuracy_interval(correct, speakers),
        calibration_error=expected_calibration_error(np.array([answer.confidence for answer in answers]), correct),
        per_speaker=scores_by(correct, speakers),
    )
