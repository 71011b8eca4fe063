"""Speed and size of inference: the tables of docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table, percent
from benchmarks.inference_targets import target_table
from tools.reports.records import RECORDS, TEMPLATES
from tools.reports.templating import render

Record = dict[str, Any]
SETS = {
    "FSDD test": ("clean", "fsdd"),
    "AN4 test": ("clean", "an4"),
    "FSDD test, 8 scenes at 5 dB": ("noisy", "fsdd", "mean", "5"),
}
"""Where the records of the shipped models keep an accuracy."""


def read_inference() -> Record:
    """Return the record of ``benchmarks.inference``."""
    record: Record = json.loads((RECORDS / "inference.json").read_text(encoding="utf-8"))
    return record


def accuracy_table(records: Mapping[str, Record], exported: Mapping[str, Record]) -> str:
    """Return accuracy of checkpoint and int8 file, and what is lost."""
    rows = []
    for name, record in records.items():
        for title, keys in SETS.items():
            ours, int8 = (_found(each, *keys) for each in (record, exported[name]))
            lost = f"{100 * (ours['accuracy'] - int8['accuracy']):.2f}"
            shares = [percent(each["accuracy"]) for each in (ours, int8)]
            rows.append([f"`{name}`, {title}", str(ours["clips"]), *shares, lost])
    return markdown_table(["accuracy %", "clips", "checkpoint", "exported, int8", "lost, points"], rows)


def performance_section(record: Record, shipped: Mapping[str, Record], exported: Mapping[str, Record]) -> str:
    """Return the generated part of docs/performance.md."""
    if record["quick"]:
        raise SystemExit("inference.json: a quick record is no result; measure without --quick")
    return render(
        TEMPLATES / "performance.md.j2",
        record=record,
        command=record["command"].replace("python benchmarks/inference.py", "python -m benchmarks.inference"),  # moved
        target_table=target_table(record),
        accuracy_table=accuracy_table(shipped, exported),
    )


def _found(record: Record, *keys: str) -> Record:
    for key in keys:
        record = record[key]
    return record
