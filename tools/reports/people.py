"""The table and the figure of docs/recognizer.md that say what more people would help: learning curves over speakers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, save_figure
from aurora_resnet.evaluation.tables import markdown_table, percent
from tools.measure.left_out_sets import NEGATIVES
from tools.reports.records import FIGURES, RECORDS

Record = dict[str, Any]


def read_people() -> list[Record]:
    """Return the records of ``tools.strangers`` with fewer people, fold by fold, fewest first."""
    paths = (RECORDS / "strangers").glob("people_*.json")
    records = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted(records, key=lambda record: (record["fold"], record["speakers"]))


def people_section(records: list[Record]) -> str:
    """Return the table.

    >>> people_section([])
    'Not measured yet: `python -m tools.strangers --idea people_1 people_2 people_4 people_8`.'
    """
    if not records:
        return "Not measured yet: `python -m tools.strangers --idea people_1 people_2 people_4 people_8`."
    rows = []
    for record in records:
        clean, noisy = record["clean"], record["noisy"]
        accepted = float(np.mean([record["negatives"][kind]["accepted_share"] for kind in NEGATIVES]))
        shares = (clean["left_out"]["accuracy"], clean["an4"]["accuracy"], noisy["10"]["accuracy"], accepted)
        rows.append([record["title"], str(record["speakers"]), *map(percent, shares)])
    header = ["strangers", "people heard", "strangers right %", "AN4's held-out people right %", "both, 10 dB %",
              "no digit, accepted %"]  # fmt: skip
    picture = "![Strangers understood, over the number of people heard in training](figures/people.png)"
    return f"{markdown_table(header, rows)}\n\n{picture}"


def draw_people(records: list[Record]) -> None:
    """Draw the accuracy of strangers over the people heard, with intervals by speaker."""
    if not records:
        return
    figure = new_figure(6.4, 4.0)
    axes = figure.subplots()
    for colour, fold in zip(LINE_COLOURS, sorted({record["fold"] for record in records}), strict=False):
        own = [record for record in records if record["fold"] == fold]
        clean = [record["clean"]["left_out"] for record in own]
        right = 100 * np.array([row["accuracy"] for row in clean])
        reach = 100 * np.array([[row["interval"][end] for row in clean] for end in ("low", "high")])
        axes.errorbar([record["speakers"] for record in own], right, yerr=np.abs(reach - right), fmt="o-", capsize=3,
                      color=colour, label=own[0]["title"])  # fmt: skip
    axes.set_xscale("log", base=2)
    ticks = sorted({record["speakers"] for record in records})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("people heard in training")
    axes.set_ylabel("strangers understood (%)")
    axes.grid(color="0.9")
    axes.legend(loc="lower right")
    save_figure(figure, FIGURES / "people.png")
