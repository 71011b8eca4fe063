"""The tables of the demonstration, which the terminal and the page show alike."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_resnet.demo.scores import ModelScores
from aurora_resnet.demo.sounds import SNRS_DB
from aurora_resnet.evaluation.tables import percent

Table = tuple[list[str], list[list[str]]]
"""Header and rows."""


def accuracy_table(models: Sequence[ModelScores]) -> Table:
    """Return accuracies in percent: a row a model, a column a condition, and the mean over the SNRs."""
    conditions = [report.name for report in models[0].conditions]
    rows = [
        [model.name, *(percent(report.accuracy) for report in model.conditions), percent(model.noisy_mean)]
        for model in models
    ]
    return ["model", *conditions, f"mean {min(SNRS_DB)}-{max(SNRS_DB)} dB"], rows


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
    for kinds in zip(*(model.acceptance for model in models), strict=True):
        kind = kinds[0]
        what = f"digits, {kind.what}" if kind.is_word else kind.what
        rows.append(
            [what, "accept" if kind.is_word else "reject", *(f"{each.accepted} of {each.clips}" for each in kinds)]
        )
    return ["sounds", "should", *(f"{model.name} accepted" for model in models)], rows
