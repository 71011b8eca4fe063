"""The tables of the demonstration, which the terminal and the page show alike."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_resnet.demo.demo import DemoResult
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
        what = f"digits, {kind.what}" if kind.digit else kind.what
        rows.append(
            [what, "accept" if kind.digit else "reject", *(f"{each.accepted} of {each.clips}" for each in kinds)]
        )
    return ["sounds", "should", *(f"{model.name} accepted" for model in models)], rows


def voices_note(result: DemoResult) -> str:
    """Say what the recordings are, and how the test voices are related to what the models learnt from."""
    train, test = len(result.train_voices), len(result.test_voices)
    known = (
        f"The shipped weights learnt from recordings of people and from synthetic voices, among them {train} of the "
        f"{train + test} sample voices; the {test} test voices heard here are not among them."
        if result.shipped
        else f"What the models given learnt from is not known here; the {test} test voices are those that the shipped "
        "weights and the small network never hear."
    )
    return (
        "Speech synthesisers spoke the words and the noises are computed, so the numbers show that everything works, "
        f"not how well people are understood. {known} Test and training voices come from the same few synthesisers and "
        "resemble each other more than people do, the least intelligible voices were left out, and the babble is the "
        "sum of the training voices."
    )
