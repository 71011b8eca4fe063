"""Figures of the study."""

from __future__ import annotations

import numpy as np

from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, plain_axes, save_figure
from aurora_resnet.runtime.vocabulary import DIGITS
from study.report.confusions import LOW, confusions
from study.report.records import MEAN, SNR_NAMES, SNRS, Study, Variant
from study.report.rows import BASE, GROUPS, SYSTEMS
from study.report.tables import present_shares, trainable
from tools.reports.records import FIGURES

UPWARDS = SNRS[::-1]
TICKS = [SNR_NAMES[snr] for snr in UPWARDS]


def draw(study: Study) -> None:
    """Draw a figure for each question."""
    _systems(study)
    _learning(study)
    _freezing(study)
    _noises(study)
    for question in ("q5_augmentation", "q6_attention", "q7_front_end", "q8_hearing_first"):
        _by_snr(study.present(GROUPS[question]), question)


def _by_snr(variants: dict[str, Variant], name: str) -> None:
    figure = new_figure(7, 4.2)
    axes = figure.subplots()
    for colour, (title, variant) in zip(LINE_COLOURS, variants.items(), strict=False):
        axes.plot(TICKS, [100 * variant.accuracy((snr,)) for snr in UPWARDS], "o-", color=colour, label=title)
    axes.set_ylabel("accuracy %")
    axes.legend(frameon=False, fontsize="small")
    plain_axes(axes)
    save_figure(figure, FIGURES / f"study_{name}.png")


def _systems(study: Study) -> None:
    figure = new_figure(10, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, training in zip(panels, ("clean", "multi"), strict=True):
        for colour, (system, title) in zip(LINE_COLOURS, SYSTEMS.items(), strict=False):
            variant = study[f"q1_systems/{system}-{training}"]
            axes.plot(TICKS, [100 * variant.accuracy((snr,)) for snr in UPWARDS], "o-", color=colour, label=title)
        axes.set_title("clean training" if training == "clean" else "multi-condition training")
        plain_axes(axes)
    panels[0].set_ylabel("accuracy %")
    panels[1].legend(frameon=False, fontsize="small")
    save_figure(figure, FIGURES / "study_q1_systems.png")


def _learning(study: Study) -> None:
    """Draw learning curves, and accuracy against the number of training clips."""
    figure = new_figure(10, 4.2)
    curves, clips = figure.subplots(1, 2)
    for colour, (title, variant) in zip(LINE_COLOURS, study.present(GROUPS["q2_pretraining"]).items(), strict=False):
        history = variant.first["history"]
        accuracy = [100 * epoch["validation_accuracy"] for epoch in history]
        curves.plot([epoch["epoch"] + 1 for epoch in history], accuracy, "o-", color=colour, label=title)
    curves.set_xlabel("epoch")
    curves.set_ylabel("accuracy on held-out training speakers %")
    curves.legend(frameon=False, fontsize="small")
    full = {"imagenet": study[BASE], "random": study["q2_pretraining/random"]}
    for colour, start in zip(LINE_COLOURS, ("imagenet", "random"), strict=False):
        points = [study[f"q2_pretraining/{start}-{suffix}"] for suffix in present_shares(study)] + [full[start]]
        counts = [point.first["training"]["data"]["train"]["clips"] for point in points]
        label = "ImageNet" if start == "imagenet" else "random"
        clips.plot(counts, [100 * p.accuracy(MEAN) for p in points], "o-", color=colour, label=f"{label}, 0-20 dB")
        clips.plot(counts, [100 * p.accuracy(("clean",)) for p in points], "s--", color=colour, label=f"{label}, clean")
    clips.set_xscale("log", base=2)
    clips.set_xticks(counts, [str(count) for count in counts])
    clips.set_xlabel("training clips")
    clips.set_ylabel("test accuracy %")
    clips.legend(frameon=False, fontsize="small")
    for axes in (curves, clips):
        plain_axes(axes)
    save_figure(figure, FIGURES / "study_q2_pretraining.png")


def _freezing(study: Study) -> None:
    counts = trainable(study)
    figure = new_figure(10, 4.2)
    by_count, by_time = figure.subplots(1, 2, sharey=True)
    for colour, (title, variant) in zip(LINE_COLOURS, study.present(GROUPS["q3_freezing"]).items(), strict=False):
        accuracy = 100 * variant.accuracy(MEAN)
        by_count.plot(counts[variant.name] / 1e6, accuracy, "o", color=colour, label=title)
        by_time.plot(variant.minutes, accuracy, "o", color=colour, label=title)
    by_count.set_xlabel("parameters that learn in the first epoch, millions")
    by_time.set_xlabel("training minutes")
    by_count.set_ylabel("accuracy, mean 0-20 dB %")
    by_time.legend(title="frozen", frameon=False, fontsize="small")
    for axes in (by_count, by_time):
        plain_axes(axes)
    save_figure(figure, FIGURES / "study_q3_freezing.png")


def _noises(study: Study) -> None:
    """Draw accuracy by noise and SNR, and what is heard for what in low SNRs."""
    variant = study[BASE]
    figure = new_figure(11, 4.6)
    by_noise, heard = figure.subplots(1, 2)
    for number, noise in enumerate(study.test.noises):
        accuracy = [100 * variant.accuracy((snr,), noise) for snr in UPWARDS]
        colour = LINE_COLOURS[number % len(LINE_COLOURS)]
        by_noise.plot(TICKS, accuracy, "o-" if number < len(LINE_COLOURS) else "s--", color=colour, label=noise)
    by_noise.set_ylabel("accuracy %")
    by_noise.legend(frameon=False, fontsize="small")
    plain_axes(by_noise)
    counts = confusions(variant, LOW)
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    wrong = shares.copy()
    np.fill_diagonal(wrong, np.nan)
    picture = heard.imshow(wrong, cmap="YlGnBu")
    heard.set_xticks(range(len(DIGITS.words)), DIGITS.words, rotation=60)
    heard.set_yticks(range(len(DIGITS.words)), DIGITS.words)
    heard.set_xlabel("recognised")
    heard.set_ylabel("spoken")
    figure.colorbar(picture, ax=heard, label="% of the spoken word, 5 to -5 dB")
    save_figure(figure, FIGURES / "study_q4_noises.png")
