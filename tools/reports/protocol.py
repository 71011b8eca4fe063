"""The section on the Aurora protocol, and its figures."""

from __future__ import annotations

from typing import Any

from aurora_resnet.evaluation.aurora_figures import plot_accuracy_by_snr, plot_noise_heatmap
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.figures import save_figure
from aurora_resnet.evaluation.tables import markdown_table, percent
from tools.reports.records import FIGURES, Run

PROTOCOL = {
    "clean_resnet50": "ResidualSpeechNet, clean training",
    "multi_resnet50": "ResidualSpeechNet, multi-condition training",
    "clean_cnn": "CNN, clean training",
    "multi_cnn": "CNN, multi-condition training",
}


def protocol(runs: dict[str, Run]) -> dict[str, Any]:
    """Return what ``templates/protocol.md.j2`` says of the Aurora protocol."""
    tables = {name: AuroraTable.from_report(run.report) for name, run in runs.items()}
    rows = []
    for name, title in PROTOCOL.items():
        table, run = tables[name], runs[name]
        values = [table.overall_weighted("clean"), *(table.set_mean(letter) for letter in "abc")]
        values += [table.overall_weighted(), table.overall_plain(), table.overall_weighted("-5")]
        rows.append([title, *map(percent, values), f"{run.record['seconds'] / 60:.1f}"])
    header = ["", "clean", "A", "B", "C", "(2A+2B+C)/5", "(A+B+C)/3", "-5 dB", "training min"]
    first = next(iter(runs.values()))
    conditions = first.report.conditions

    def gain(model: str) -> str:
        """Say what multi-condition training is worth at 10, 5 and 0 dB, in points."""
        clean, multi = tables[f"clean_{model}"], tables[f"multi_{model}"]
        pairs = [(multi.overall_weighted(snr), clean.overall_weighted(snr)) for snr in ("10", "5", "0")]
        return ", ".join(f"{_points(after, before):+.1f}" for after, before in pairs)

    def step(run: str, better: str, worse: str) -> str:
        """Say how far one test set lies above another one, in points."""
        return f"{_points(tables[run].set_mean(better), tables[run].set_mean(worse)):.1f}"

    return {
        "data": first.record["data"],
        "clips": sum(condition.clips for condition in conditions),
        "speakers": len({speaker for condition in conditions for speaker in condition.per_speaker}),
        "conditions": len(conditions),
        "table": markdown_table(header, rows),
        "gain": gain,
        "step": step,
        "systems": [(name, title, tables[name].to_markdown()) for name, title in PROTOCOL.items()],
    }


def _points(share: float | None, other: float | None) -> float:
    return 100 * (share or 0) - 100 * (other or 0)


def draw_protocol(runs: dict[str, Run]) -> None:
    """Draw the figures of the Aurora protocol."""
    tables = {PROTOCOL[name]: AuroraTable.from_report(run.report) for name, run in runs.items()}
    save_figure(plot_accuracy_by_snr(tables, per="model"), FIGURES / "accuracy_by_snr_models.png")
    residual = {title.split(", ")[1]: table for title, table in tables.items() if title.startswith("Residual")}
    save_figure(plot_accuracy_by_snr(residual, per="noise"), FIGURES / "accuracy_by_snr_noises.png")
    for name, title in PROTOCOL.items():
        save_figure(plot_noise_heatmap(tables[title]), FIGURES / f"heatmap_{name}.png")
