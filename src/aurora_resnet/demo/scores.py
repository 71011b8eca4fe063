"""How a recogniser does on the sounds of the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.demo.sounds import SAMPLE_RATE, DemoSounds, Sound
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import Score, scores_by
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.recognizer import Recognition, Recognizer, recognition
from aurora_resnet.runtime.vocabulary import Vocabulary

BATCH = 64


@dataclass(frozen=True)
class Acceptance:
    """How many sounds of one kind were accepted.

    Attributes:
        what: the kind.
        is_word: whether a word is spoken, so that it should be accepted.
        clips: number of sounds.
        accepted: how many were accepted as one of the words.

    >>> Acceptance("noise", is_word=False, clips=20, accepted=1).rejected
    19
    """

    what: str
    is_word: bool
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
        rejects: whether the model has a threshold; without one it refuses nothing but silence.
        conditions: one report for clean speech, then one for each SNR.
        overall: the words of all conditions together.
        by_noise: counts by noise, over all SNRs.
        acceptance: what was accepted, words by condition and negatives by kind.
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
    recognizer: Recognizer, sounds: DemoSounds, on_batch: Callable[[int], object] | None = None
) -> ModelScores:
    """Let a recogniser answer all sounds and count.

    Args:
        recognizer: the recogniser.
        sounds: from ``demo_sounds``.
        on_batch: called with the number of sounds after each batch, for progress.

    Raises:
        ConfigError: if the model does not know all words of the sounds.
    """
    facts, words = recognizer.model.facts, recognizer.vocabulary.words
    spoken = [sound for group in sounds.words.values() for sound in group]
    if unknown := recognizer.vocabulary.unknown([sound.word for sound in spoken]):
        raise ConfigError(
            f"model '{facts.name}' does not know the words {', '.join(unknown)}; it knows {', '.join(words)}"
        )
    answers = {
        kind: answer_sounds(recognizer, group, on_batch) for kind, group in {**sounds.words, **sounds.negatives}.items()
    }
    heard = Answers.pool([answers[condition] for condition in sounds.words])
    correct = heard.predicted == heard.labels
    noisy = np.array([bool(sound.noise) for sound in spoken])
    return ModelScores(
        name=facts.name,
        rejects=facts.calibration.rejects,
        conditions=tuple(answers[condition].report(condition, words, {}) for condition in sounds.words),
        overall=heard.report(f"{facts.name}, all conditions", words, {}),
        by_noise=scores_by(correct[noisy], [sound.noise for sound in spoken if sound.noise]),
        acceptance=tuple(
            Acceptance(kind, kind in sounds.words, len(given), int(given.accepted.sum()))
            for kind, given in answers.items()
        ),
        answers={kind: recognitions(given, facts.vocabulary) for kind, given in answers.items()},
    )


def answer_sounds(
    recognizer: Recognizer, sounds: Sequence[Sound], on_batch: Callable[[int], object] | None = None
) -> Answers:
    """Return what a recogniser's model says about sounds, cut as the recogniser cuts recordings."""
    facts, vocabulary = recognizer.model.facts, recognizer.vocabulary
    cut = [recognizer.clip(sound.waveform, SAMPLE_RATE) for sound in sounds]
    named = [Utterance(Path(sound.title), (sound.word,) * bool(sound.word), sound.speaker) for sound in sounds]
    clips = ClipSet(
        utterances=tuple(
            each.marked_clipped() if clip.clipped else each for each, clip in zip(named, cut, strict=True)
        ),
        labels=torch.tensor([vocabulary.index(sound.word) if sound.word else len(vocabulary) for sound in sounds]),
        sample_rate=facts.sample_rate,
        clip_samples=facts.clip_samples,
        waveforms=tuple(torch.from_numpy(clip.samples) for clip in cut),
        vocabulary=vocabulary,
    )
    return Answers.of(recognizer.model, clips, batch_size=BATCH, on_batch=on_batch)


def recognitions(answers: Answers, vocabulary: Vocabulary) -> tuple[Recognition, ...]:
    """Return what a recogniser would have said."""
    probabilities = answers.calibration.probabilities(answers.logits).tolist()
    return tuple(
        recognition(vocabulary, row, accepted) for row, accepted in zip(probabilities, answers.decisions, strict=True)
    )
