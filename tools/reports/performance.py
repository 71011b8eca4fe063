"""Speed and size of inference: the tables of docs/performance.md."""

from __future__ import annotations

import json
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table, percent
from benchmarks.inference_targets import target_table
from tools.reports.records import RECORDS

Record = dict[str, Any]
ENGINES = {
    "torch": "torch float32",
    "torch_packed": "torch float32, folded and packed",
    "onnx_float32": "ONNX float32",
    "onnx_int8": "ONNX int8",
    "pocketsphinx": "PocketSphinx, digits grammar",
}


def read_inference() -> Record:
    """Return the record of ``benchmarks/inference.py``."""
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


def accuracy_table(record: Record) -> str:
    """Return accuracy of checkpoint, float32 file and int8 file."""
    rows = []
    for model, sets in record["accuracy"].items():
        for name, title in (("fsdd", "FSDD test"), ("an4", "AN4 test"), ("fsdd_5db", "FSDD test, 8 scenes at 5 dB")):
            row = sets[name]
            shares = [percent(row[engine]) for engine in ("torch", "onnx_float32", "onnx_int8")]
            rows.append([f"`{model}`, {title}", str(row["clips"]), *shares])
    return markdown_table(["accuracy %", "clips", "torch", "ONNX float32", "ONNX int8"], rows)


def performance_section(record: Record) -> str:
    """Return the generated part of docs/performance.md."""
    if record["quick"]:
        raise SystemExit("inference.json: a quick record is no result; measure without --quick")
    machine, cold = record["machine"], record["cold_start"]["median"]
    versions = ", ".join(f"{name} {number.split('+')[0]}" for name, number in machine["versions"].items())
    speeds = "\n\n".join(
        f"`{model}`, {record['clips']} clips, {record['rounds']} passes:\n\n{speed_table(record, model)}"
        for model in record["accuracy"]
    )
    return f"""`{record["command"]}`, {record["created"][:10]}, {machine["processor"]}, {machine["cores"]} cores, Python
{machine["python"]}; {versions}.

{target_table(record)}

{speeds}

The runtime without torch, median of {len(record["cold_start"]["runs"])} new processes: import {cold["import"]:.2f} s, loading and
first answer {cold["first_answer"]:.2f} s, from the start of the process to its end {cold["process"]:.2f} s.

{accuracy_table(record)}"""
