"""The figures of the pages, from the same records as their tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.aurora_figures import plot_accuracy_by_snr, plot_noise_heatmap
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.figures import (
    LINE_COLOURS,
    LINE_LOOKS,
    new_figure,
    plain_axes,
    plot_confusion,
    plot_features,
    plot_learning_curves,
    save_figure,
)
from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.training.history import read_history
from tools.reports.league import entrants
from tools.reports.rendering import FIGURES, record, records
from tools.reports.sources import CONDITIONS, SYSTEMS, runs, string_reports

#: Of our entrants of the league, those whose lines are drawn; the peers' are all.
IN_NOISE = ("speech_encoder", "accurate", "compact")
#: Of a line: place, share, and the interval around it if there is one.
Points = Sequence[tuple[float, float, Mapping[str, float] | None]]


def draw() -> None:
    """Draw all figures."""
    main_job()
    protocol()
    held_out = "accuracy on held-out speakers (%)"
    draw_lines("people", _people(), "speakers in training", held_out, doubling=True)
    draw_lines("own_words", _own_words(), "recordings of each word", held_out, doubling=True)
    draw_strings(records("strings/*"))
    draw_lines("numbers", _numbers(), "confidence (%)", "numbers right (%)")
    draw_lines("questions", _questions(), "questions asked", "numbers right (%)")
    league()


def draw_lines(name: str, lines: Mapping[str, Points], x: str, y: str, *, doubling: bool = False) -> None:
    """Draw shares in percent with their intervals, a line for each name; ``doubling``: a step to the right is a doubling."""
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for (colour, style), (label, points) in zip(LINE_LOOKS, lines.items(), strict=False):
        shares = [share for _, share, _ in points]
        around = [[abs(share - (reach or {end: share})[end]) for _, share, reach in points] for end in ("low", "high")]
        axes.errorbar(
            [place for place, _, _ in points],
            100 * np.array(shares),
            yerr=100 * np.array(around),
            fmt=style,
            capsize=3,
            color=colour,
            label=label,
        )
    if doubling:
        axes.set_xscale("log", base=2)
        ticks = sorted({point[0] for points in lines.values() for point in points})
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    else:
        axes.locator_params(axis="x", integer=True)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)  # never on the lines
    plain_axes(axes)
    save_figure(figure, FIGURES / f"{name}.png")


def draw_strings(measured: Sequence[Mapping[str, Any]]) -> None:
    """Draw the strings that are right and accepted over false digits, a line for each model."""
    lines: dict[str, Points] = {
        each["model"]: [(point["talk_per_hour"], point["right_and_accepted"], None) for point in each["curve"]]
        for each in measured
    }
    draw_lines("strings", lines, "false digits in an hour of telephone talk", "strings right and accepted (%)")


def league() -> None:
    """Draw the league: right digits over processor time, and over the SNR of the rebuild."""
    found, measured = entrants(), records("league/latency")
    lines: dict[str, Points] = {}
    for each in (each for each in found if each["entrant"] in IN_NOISE or not each["ours"]):
        by_snr = {int(name.split()[0]): row for name, row in each["tasks"]["rebuild"].items() if name.endswith("dB")}
        lines[each["title"].replace("`", "")] = [(snr, row["right"], row["interval"]) for snr, row in by_snr.items()]
    if lines:
        draw_lines("league_noise", lines, "SNR (dB)", "digits right (%)")
    if not measured:
        return
    figure = new_figure(8.4, 4.0)
    axes = figure.subplots()
    colours = {ours: iter(LINE_COLOURS) for ours in (True, False)}
    for each in found:
        share, place = 100 * each["tasks"]["digits"]["all"]["right"], measured[0]["entrants"][each["entrant"]]
        marker, colour = "o" if each["ours"] else "s", next(colours[each["ours"]])
        axes.plot([place["processor_ms"]], [share], marker, color=colour, label=each["title"].replace("`", ""))
    figure.legend(loc="outside right center")
    axes.set_xscale("log")
    axes.set_xlabel("processor time of a clip (ms)")
    axes.set_ylabel("digits right (%)")
    plain_axes(axes)
    save_figure(figure, FIGURES / "league_speed.png")


def main_job() -> None:
    """Draw the learning curves, the confusions and the features of the main job."""
    history = {
        SYSTEMS[name]: [each.for_figure() for each in read_history(run.folder / "history.jsonl")]
        for name, run in runs("fsdd_an4").items()
    }
    save_figure(plot_learning_curves(history), FIGURES / "learning_curves.png")
    save_figure(plot_confusion(runs("fsdd_an4")["resnet50"].report.overall), FIGURES / "confusion_resnet50.png")
    samples, rate = read_audio(read_samples().filter(words="seven", speakers="samples/flite-rms")[0].path)
    waveform, config = torch.from_numpy(samples), MelConfig(sample_rate=rate)
    title = "'seven' by a synthetic voice: the waveform, and what the network sees"
    picture = plot_features(MelFrontend(config)(waveform), config, waveform=waveform, title=title)
    save_figure(picture, FIGURES / "log_mel.png")


def protocol() -> None:
    """Draw the Aurora protocol: accuracy by SNR and by noise, and word accuracy of strings."""
    tables = {CONDITIONS[name]: run.table for name, run in runs("protocol").items()}
    save_figure(plot_accuracy_by_snr(tables, per="model"), FIGURES / "accuracy_by_snr_models.png")
    residual = {title.split(", ")[1]: table for title, table in tables.items() if title.startswith("Residual")}
    save_figure(plot_accuracy_by_snr(residual, per="noise"), FIGURES / "accuracy_by_snr_noises.png")
    for name in ("multi_resnet50", "multi_cnn"):
        save_figure(plot_noise_heatmap(tables[CONDITIONS[name]]), FIGURES / f"heatmap_{name}.png")
    titles = {"clean": "clean training", "multi": "multi-condition training"}
    strings = {titles[name]: AuroraTable.from_report(report) for name, report in string_reports().items()}
    save_figure(plot_accuracy_by_snr(strings, per="model"), FIGURES / "strings_by_snr.png")


def _numbers() -> dict[str, Points]:
    """Return how many numbers are right at each confidence, a line for each model and the diagonal."""
    lines: dict[str, Points] = {"as it should be": [(0, 0, None), (100, 1, None)]}
    for name, model in record("numbers/acceptance")["models"].items():
        bins = model["crossed"]["reliability"]
        lines[name] = [(100 * each["confidence"], each["right"], each["right_95"]) for each in bins]
    return lines


def _questions() -> dict[str, Points]:
    """Return how many numbers a dialogue has right after each question, a line for each thing that is known of them."""
    known = record("numbers/dialogue_speech_encoder")["known"]
    return {
        kind: [(n, right / row["numbers"], None) for n, right in enumerate(row["right_after_questions"]) if n]
        for kind, row in known.items()
    }


def _people() -> dict[str, Points]:
    lines: dict[str, list[tuple[float, float, Mapping[str, float] | None]]] = {}
    for each in sorted(records("strangers/people_*"), key=lambda found: int(found["speakers"])):
        row = each["clean"]["left_out"]
        lines.setdefault(each["title"], []).append((each["speakers"], row["accuracy"], row["interval"]))
    return dict(lines)


def _own_words() -> dict[str, Points]:
    lines: dict[str, Points] = {}
    for each in records("own_words/*"):
        clips = sorted({row["clips"] for row in each["rows"]})
        right = [float(np.mean([row["right"] for row in each["rows"] if row["clips"] == n])) for n in clips]
        lines[each["set"]] = [(n, share, None) for n, share in zip(clips, right, strict=True)]
    return lines
