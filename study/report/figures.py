"""Figures of the study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, plain_axes, save_figure
from aurora_resnet.runtime.vocabulary import DIGITS
from study.report.records import MEAN, SNRS, Study, Variant
from study.report.tables import BASE, GROUPS, SYSTEMS, confusions, shares, trainable
from tools.reports.rendering import FIGURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UPWARDS = SNRS[::-1]
#: Of a line: where, and the share, which is drawn in percent.
Points = Iterable[tuple[object, float]]


def draw(study: Study) -> None:
    """Draw a figure for each question."""
    figure = new_figure(10, 4.2)
    for axes, training in zip(figure.subplots(1, 2, sharey=True), ("clean", "multi"), strict=True):
        of_training = {title: study[f"q1_systems/{system}-{training}"] for system, title in SYSTEMS.items()}
        _lines(
            axes, of_training, _by_snr, title="clean training" if training == "clean" else "multi-condition training"
        )
    _save(figure, "q1_systems")
    _pretraining(study)
    _freezing(study)
    _noises(study)
    for question in ("q5_augmentation", "q6_attention", "q7_front_end", "q8_hearing_first"):
        figure = new_figure(7, 4.2)
        _lines(figure.subplots(), study.present(GROUPS[question]), _by_snr)
        _save(figure, question)


def _by_snr(variant: Variant, *noises: str) -> Points:
    return [(snr if snr == "clean" else f"{snr} dB", variant.accuracy((snr,), *noises)) for snr in UPWARDS]


def _lines(
    axes: Axes, variants: Mapping[str, Variant], points: Callable[[Variant], Points], *, style: str = "o-",
    x: str = "", y: str = "accuracy %", title: str = "",
) -> None:  # fmt: skip
    """Draw a line, or points, for each variant."""
    for colour, (label, variant) in zip(LINE_COLOURS, variants.items(), strict=False):
        places, accuracies = zip(*points(variant), strict=True)
        axes.plot(places, [100 * share for share in accuracies], style, color=colour, label=label)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title)
    axes.legend(frameon=False, fontsize="small")
    plain_axes(axes)


def _save(figure: Figure, question: str) -> None:
    save_figure(figure, FIGURES / f"study_{question}.png")


def _pretraining(study: Study) -> None:
    """Draw learning curves, and accuracy against the number of training clips."""
    figure = new_figure(10, 4.2)
    curves, clips = figure.subplots(1, 2)

    def history(variant: Variant) -> Points:
        return [(epoch["epoch"] + 1, epoch["validation_accuracy"]) for epoch in variant.first["history"]]

    held_out = "accuracy on held-out training speakers %"
    _lines(curves, study.present(GROUPS["q2_pretraining"]), history, x="epoch", y=held_out)
    rows = shares(study)
    counts = [row["imagenet"].first["training"]["data"]["train"]["clips"] for row in rows]
    for colour, start, label in zip(LINE_COLOURS, ("imagenet", "random"), ("ImageNet", "random"), strict=False):
        for snrs, style, what in ((MEAN, "o-", "0-20 dB"), (("clean",), "s--", "clean")):
            accuracies = [100 * row[start].accuracy(snrs) for row in rows]
            clips.plot(counts, accuracies, style, color=colour, label=f"{label}, {what}")
    clips.set_xscale("log", base=2)
    clips.set_xticks(counts, [str(count) for count in counts])
    clips.set_xlabel("training clips")
    clips.set_ylabel("test accuracy %")
    clips.legend(frameon=False, fontsize="small")
    plain_axes(clips)
    _save(figure, "q2_pretraining")


def _freezing(study: Study) -> None:
    counts, variants = trainable(study), study.present(GROUPS["q3_freezing"])
    figure = new_figure(10, 4.2)
    by_count, by_time = figure.subplots(1, 2, sharey=True)
    x = "parameters that learn in the first epoch, millions"
    _lines(by_count, variants, lambda v: [(counts[v.name] / 1e6, v.accuracy(MEAN))], style="o", x=x)
    _lines(by_time, variants, lambda v: [(v.minutes, v.accuracy(MEAN))], style="o", x="training minutes")
    _save(figure, "q3_freezing")


def _noises(study: Study) -> None:
    """Draw accuracy by noise and SNR, and which word is recognised as which at low SNRs."""
    variant = study[BASE]
    figure = new_figure(11, 4.6)
    by_noise, wrong = figure.subplots(1, 2)
    for number, noise in enumerate(study.test.noises):
        places, accuracies = zip(*_by_snr(variant, noise), strict=True)
        colour, style = LINE_COLOURS[number % len(LINE_COLOURS)], "o-" if number < len(LINE_COLOURS) else "s--"
        by_noise.plot(places, [100 * share for share in accuracies], style, color=colour, label=noise)
    by_noise.set_ylabel("accuracy %")
    by_noise.legend(frameon=False, fontsize="small")
    plain_axes(by_noise)
    counts = confusions(variant)
    percentages = 100 * counts / counts.sum(axis=1, keepdims=True)
    np.fill_diagonal(percentages, np.nan)
    picture = wrong.imshow(percentages, cmap="YlGnBu")
    wrong.set_xticks(range(len(DIGITS.words)), DIGITS.words, rotation=60)
    wrong.set_yticks(range(len(DIGITS.words)), DIGITS.words)
    wrong.set_xlabel("recognised")
    wrong.set_ylabel("spoken")
    figure.colorbar(picture, ax=wrong, label="% of the spoken word, 5 to -5 dB")
    _save(figure, "q4_noises")
