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
ENGINES = {
    "torch": "torch float32",
    "torch_folded": "torch float32, folded",
    "torch_packed": "torch float32, folded and packed",  # in records of the first edition
    "onnx_float32": "ONNX float32",
    "onnx_int8": "ONNX int8",
    "pocketsphinx": "PocketSphinx, digits grammar",
}
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


def speed_table(record: Record, model: str) -> str:
    """Return every configuration of a model, beside PocketSphinx."""
    rows = []
    for row in record["rows"]:
        if row["model"] not in (model, ""):
            continue
        rows.append(
            [
                ENGINES[row["engine"]],
                str(row["batch"]),
                str(row["threads"]),
                f"{row['median_ms']:.2f}",
                f"{row['p95_ms']:.2f}",
                f"{row['clips_per_second']:.0f}",
                f"{row['real_time_factor']:.5f}",
                f"{row['memory_mb']:.0f}",
                "" if row["file_bytes"] is None else f"{row['file_bytes'] / 1e6:.2f}",
                f"{row['start_seconds']:.2f}",
            ]
        )
    order = list(ENGINES.values())
    rows.sort(key=lambda cells: (int(cells[1]), int(cells[2]), order.index(cells[0])))
    header = ["engine", "batch", "threads", "ms a clip", "95 %", "clips/s", "real-time factor"]
    return markdown_table([*header, "memory MB", "file MB", "start s"], rows)


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
    models = dict.fromkeys(row["model"] for row in record["rows"] if row["model"])
    return render(
        TEMPLATES / "performance.md.j2",
        record=record,
        command=record["command"].replace("python benchmarks/inference.py", "python -m benchmarks.inference"),  # moved
        target_table=target_table(record),
        speed_tables={model: speed_table(record, model) for model in models},
        accuracy_table=accuracy_table(shipped, exported),
    )


def _found(record: Record, *keys: str) -> Record:
    for key in keys:
        record = record[key]
    return record
