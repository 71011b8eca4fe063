"""The Aurora protocol with strings on open data, beside what others published on Aurora-2."""

from __future__ import annotations

import json
from typing import Any

from aurora_resnet.evaluation.aurora_figures import plot_accuracy_by_snr
from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.figures import save_figure
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.string_condition import StringCondition
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent
from tools.reports.records import FIGURES, RECORDS, TEMPLATES
from tools.reports.templating import render

FOLDER = RECORDS / "strings_rebuild"
TITLES = {"clean": "clean training", "multi": "multi-condition training"}
PUBLISHED = (
    ("clean training: MFCC, GMM-HMM", (None, None, None, None), "60.0"),
    ("clean training: MVA", (None, None, None, None), "75.6"),
    ("clean training: ETSI XAFE", (None, None, None, None), "85.4"),
    ("clean training: JAC/VTS", (None, None, None, None), "91.11"),
    ("clean training: phase-sensitive JAC/VTS", (None, None, None, None), "93.32"),
    ("multi-condition training: DNN-HMM", ("98.14", "94.40", "81.67", "51.5"), "94.1 to 94.8"),
)
"""Word accuracies on Aurora-2 at 10, 5, 0 and -5 dB, and the mean over 0 to 20 dB."""
SNRS = ("clean", "20", "15", "10", "5", "0", "-5")


def read_rebuild() -> dict[str, EvaluationReport[StringCondition]]:
    """Return the evaluations of the trainings that are there."""
    return {name: EvaluationReport.from_json(path) for name in TITLES if (path := FOLDER / f"{name}.json").exists()}


def rebuild_section(reports: dict[str, EvaluationReport[StringCondition]]) -> str:
    """Return the tables.

    >>> rebuild_section({})
    'Not measured yet: see `examples/protocol_strings.toml`.'
    """
    if not reports:
        return "Not measured yet: see `examples/protocol_strings.toml`."
    tables = {name: AuroraTable.from_report(report) for name, report in reports.items()}
    first = next(iter(reports.values()))
    runs = {name: json.loads((FOLDER / f"{name}_run.json").read_text(encoding="utf-8")) for name in reports}
    return render(
        TEMPLATES / "string_rebuild.md.j2",
        strings=first.overall.strings,
        words=first.overall.counts.said,
        conditions=len(first.conditions),
        speakers=len(first.overall.per_speaker),
        runs=runs,
        table=_table(tables),
        published=_published(),
        systems=[(TITLES[name], table.to_markdown()) for name, table in tables.items()],
    )


def draw_rebuild(reports: dict[str, EvaluationReport[StringCondition]]) -> None:
    """Draw word accuracy against SNR, if anything was measured."""
    if reports:
        tables = {TITLES[name]: AuroraTable.from_report(report) for name, report in reports.items()}
        save_figure(plot_accuracy_by_snr(tables, per="model"), FIGURES / "strings_by_snr.png")


def _table(tables: dict[str, AuroraTable]) -> str:
    rows = []
    for name, table in tables.items():
        values: list[Any] = [table.overall_weighted(snr) for snr in SNRS]
        values += [*(table.set_mean(letter) for letter in "abc"), table.overall_weighted()]
        rows.append([TITLES[name], *map(percent, values)])
    header = ["", "clean", *(f"{snr} dB" for snr in SNRS[1:]), "A", "B", "C", "(2A+2B+C)/5"]
    return markdown_table(header, rows)


def _published() -> str:
    rows = [[name, *(each or MISSING for each in cells), mean] for name, cells, mean in PUBLISHED]
    return markdown_table(["published, on Aurora-2", "10 dB", "5 dB", "0 dB", "-5 dB", "mean 0 to 20 dB"], rows)
