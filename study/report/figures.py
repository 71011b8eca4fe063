"""Figures of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aurora_resnet.evaluation.figures import LINE_LOOKS, new_figure, plain_axes, save_figure
from aurora_resnet.runtime.vocabulary import DIGITS
from study.report.records import MEAN, SNRS, Study, Variant
from study.report.tables import BASE, GROUPS, STARTS, SYSTEMS, confusions, shares, trainable
from tools.reports.rendering import FIGURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Of a line: where, and the share, which is drawn in percent.
Points = Sequence[tuple[object, float]]


def draw(study: Study) -> None:
    """Draw a figure for each question."""
    figure = new_figure(10, 4.2)
    titles = {"clean": "clean training", "multi": "multi-condition training"}
    for axes, (training, title) in zip(figure.subplots(1, 2, sharey=True), titles.items(), strict=True):
        of_training = {name: _by_snr(study[f"q1_systems/{system}-{training}"]) for system, name in SYSTEMS.items()}
        _lines(axes, of_training, title=title)
    _save(figure, "q1_systems")
    _pretraining(study)
    _freezing(study)
    _noises(study)
    _probes(study)
    for question in ("q5_augmentation", "q6_attention", "q7_front_end", "q8_hearing_first"):
        figure = new_figure(7, 4.2)
        _lines(figure.subplots(), {name: _by_snr(each) for name, each in study.present(GROUPS[question]).items()})
        _save(figure, question)


def _by_snr(variant: Variant, *noises: str) -> Points:
    return [(snr if snr == "clean" else f"{snr} dB", variant.accuracy((snr,), *noises)) for snr in reversed(SNRS)]


def _lines(
    axes: Axes, lines: Mapping[str, Points], *, style: str = "", x: str = "", y: str = "accuracy %", title: str = ""
) -> None:
    """Draw a line, or points, for each name."""
    for (colour, own), (label, points) in zip(LINE_LOOKS, lines.items(), strict=False):
        places, shares = zip(*points, strict=True)
        axes.plot(places, [100 * share for share in shares], style or own, color=colour, label=label)
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
    learnt = {
        name: [(epoch["epoch"] + 1, epoch["validation_accuracy"]) for epoch in variant.first["history"]]
        for name, variant in study.present(GROUPS["q2_pretraining"]).items()
    }
    _lines(curves, learnt, x="epoch", y="accuracy on held-out training speakers %")
    rows = shares(study)
    counts = [row["imagenet"].first["training"]["data"]["train"]["clips"] for row in rows]
    for snrs, style, what in ((MEAN, "o-", "0-20 dB"), (("clean",), "s--", "clean")):
        lines = {
            f"{label}, {what}": [(n, row[start].accuracy(snrs)) for n, row in zip(counts, rows, strict=True)]
            for start, label in STARTS.items()
        }
        _lines(clips, lines, style=style, x="training clips", y="test accuracy %")
    clips.set_xscale("log", base=2)
    clips.set_xticks(counts, [str(count) for count in counts])
    _save(figure, "q2_pretraining")


def _freezing(study: Study) -> None:
    counts, variants = trainable(study), study.present(GROUPS["q3_freezing"])
    figure = new_figure(10, 4.2)
    by_count, by_time = figure.subplots(1, 2, sharey=True)
    x = "parameters that learn in the first epoch, millions"
    reached = {title: (counts[v.name] / 1e6, v.minutes, v.accuracy(MEAN)) for title, v in variants.items()}
    _lines(by_count, {title: [(count, share)] for title, (count, _, share) in reached.items()}, style="o", x=x)
    by_minutes: dict[str, Points] = {title: [(minutes, share)] for title, (_, minutes, share) in reached.items()}
    _lines(by_time, by_minutes, style="o", x="training minutes")
    _save(figure, "q3_freezing")


def _probes(study: Study) -> None:
    """Draw which bands the networks need, and what a linear probe reads off each stage before and after the training."""
    figure = new_figure(14, 4.2)
    free, *probes = figure.subplots(1, 3)
    variants = study.present(GROUPS["q9_budget"])
    bands = variants["ResidualSpeechNet, ImageNet"].first["measured"]["after"]["bands"]
    heard = {title: [(b, v.mean("measured", "after", "bands", b)) for b in bands] for title, v in variants.items()}
    _lines(free, heard, x="band left free (Hz)")
    free.tick_params("x", rotation=20)
    free.legend(frameon=False, fontsize="small", ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
    for axes, what in zip(probes, ("manner", "place"), strict=True):
        lines = {
            f"{title.split(', ')[1]}, {when} training": [
                (level, v.mean("measured", when, "stages", level, what)) for level in asked["stages"]
            ]
            for title, v in variants.items()
            for when, asked in v.first["measured"].items()
            if "stages" in asked
        }
        _lines(axes, lines, y="mean recall %", title=what)
    _save(figure, "q9_probes")


def _noises(study: Study) -> None:
    """Draw accuracy by noise and SNR, and which word is recognised as which at low SNRs."""
    variant = study[BASE]
    figure = new_figure(11, 4.6)
    by_noise, wrong = figure.subplots(1, 2)
    _lines(by_noise, {noise: _by_snr(variant, noise) for noise in study.test.noises})
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
