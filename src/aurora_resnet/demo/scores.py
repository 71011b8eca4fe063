"""How a recogniser does on the sounds of the demonstration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.demo.sounds import CONDITIONS, SAMPLE_RATE, SNRS_DB, Sound
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import Score, scores_by
from aurora_resnet.evaluation.tables import percent
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.recognizer import Recognition, Recognizer, recognition

#: Header and rows.
Table = tuple[list[str], list[list[str]]]


@dataclass(frozen=True)
class ModelScores:
    """What one recogniser made of the sounds.

    Attributes:
        name: how tables call the model.
        rejects: whether the model has a threshold; without one it refuses nothing but silence.
        conditions: one report for clean speech, then one for each SNR.
        overall: the words of all conditions together.
        by_noise: counts by noise, over all SNRs.
        accepted: how many sounds of each condition and kind were accepted.
        answers: the recogniser's answer to every sound, by condition and kind.
    """

    name: str
    rejects: bool
    conditions: tuple[ConditionReport, ...]
    overall: ConditionReport
    by_noise: Mapping[str, Score]
    accepted: Mapping[str, int]
    answers: Mapping[str, tuple[Recognition, ...]] = field(repr=False)

    @property
    def noisy_mean(self) -> float:
        """Mean accuracy over the SNRs, clean speech left out; 0 to 1."""
        return float(np.mean([report.accuracy for report in self.conditions[1:]]))


def score_recognizer(recognizer: Recognizer, sounds: Mapping[str, Sequence[Sound]]) -> ModelScores:
    """Let a recogniser answer all sounds and count.

    Args:
        recognizer: the recogniser.
        sounds: from ``demo_sounds``.

    Raises:
        ConfigError: if the model does not know all words of the sounds.
    """
    facts, words = recognizer.model.facts, recognizer.vocabulary.words
    spoken = [sound for condition in CONDITIONS for sound in sounds[condition]]
    if unknown := recognizer.vocabulary.unknown([sound.word for sound in spoken]):
        raise ConfigError(
            f"model '{facts.name}' does not know the words {', '.join(unknown)}; it knows {', '.join(words)}"
        )
    answers = {kind: answer_sounds(recognizer, group) for kind, group in sounds.items()}
    pooled = Answers.pool([answers[condition] for condition in CONDITIONS])
    noisy = np.array([bool(sound.noise) for sound in spoken])
    return ModelScores(
        name=facts.name,
        rejects=facts.calibration.rejects,
        conditions=tuple(answers[condition].report(condition, words, {}) for condition in CONDITIONS),
        overall=pooled.report(f"{facts.name}, all conditions", words, {}),
        by_noise=scores_by((pooled.predicted == pooled.labels)[noisy], [s.noise for s in spoken if s.noise]),
        accepted={kind: int(given.accepted.sum()) for kind, given in answers.items()},
        answers={kind: _recognitions(recognizer, given) for kind, given in answers.items()},
    )


def answer_sounds(recognizer: Recognizer, sounds: Sequence[Sound]) -> Answers:
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
    return Answers.of(recognizer.model, clips)


def accuracy_table(models: Sequence[ModelScores]) -> Table:
    """Return accuracies in percent: a row a model, a column a condition, and the mean over the SNRs."""
    rows = [
        [model.name, *(percent(report.accuracy) for report in model.conditions), percent(model.noisy_mean)]
        for model in models
    ]
    return ["model", *CONDITIONS, f"mean {min(SNRS_DB)}-{max(SNRS_DB)} dB"], rows


def noise_table(models: Sequence[ModelScores]) -> Table:
    """Return accuracies in percent: a row a noise, a column a model."""
    rows = [
        [noise, str(score.clips), *(percent(model.by_noise[noise].accuracy) for model in models)]
        for noise, score in models[0].by_noise.items()
    ]
    return ["noise", "digits", *(model.name for model in models)], rows


def acceptance_table(models: Sequence[ModelScores]) -> Table:
    """Return what is accepted: a row a kind of sound, a column a model."""
    rows = []
    for kind, answers in models[0].answers.items():
        what, should = (f"digits, {kind}", "accept") if kind in CONDITIONS else (kind, "reject")
        rows.append([what, should, *(f"{model.accepted[kind]} of {len(answers)}" for model in models)])
    return ["sounds", "should", *(f"{model.name} accepted" for model in models)], rows


def _recognitions(recognizer: Recognizer, answers: Answers) -> tuple[Recognition, ...]:
    """Return what a recogniser would have said."""
    probabilities = answers.calibration.probabilities(answers.logits).tolist()
    return tuple(
        recognition(recognizer.vocabulary, row, accepted)
        for row, accepted in zip(probabilities, answers.decisions, strict=True)
    )
