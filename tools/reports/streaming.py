"""Words in running speech: the tables of docs/streaming.md."""

from __future__ import annotations

import json
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table
from tools.reports.records import RECORDS, TEMPLATES
from tools.reports.templating import render

Record = dict[str, Any]


def read_streaming() -> Record:
    """Return the record of ``tools.streaming`` and ``benchmarks.streaming``."""
    record: Record = json.loads((RECORDS / "streaming.json").read_text(encoding="utf-8"))
    return record


def string_table(record: Record) -> str:
    """Return what was found of AN4's strings."""
    rows = []
    for name, model in record["models"].items():
        for split, row in model["strings"].items():
            counts = [row[key] for key in ("said", "right", "inserted", "deleted", "substituted")]
            speakers = f"{split} ({row['speakers']} speakers)"
            whole = f"{row['strings_right']} of {row['strings']}"
            rows.append([f"`{name}`", speakers, *map(str, counts), f"{row['f1']:.3f}", whole])
    header = ["model", "strings", "words", "found", "inserted", "deleted", "substituted", "F1", "strings all right"]
    return markdown_table(header, rows)


def time_table(record: Record) -> str:
    """Return latency and real-time factor."""
    rows = []
    for name, model in record["models"].items():
        # Records of the first edition timed the strings only.
        first = next(iter(model["strings"].values()))
        factor = f"{model.get('real_time_factor', first['real_time_factor']):.2f}"
        for followed, row in model["latency_seconds"].items():
            rows.append([f"`{name}`", followed, str(row["words"]), f"{row['median']:.2f}", f"{row['p95']:.2f}", factor])
    return markdown_table(["model", "word followed", "words", "median s", "95 % s", "real-time factor"], rows)


def hour_table(record: Record) -> str:
    """Return what was heard where no word is."""
    rows = []
    for name, model in record["models"].items():
        if "hour" not in model:
            continue
        hour = model["hour"]
        kinds = {**hour["kinds"], "all": {**hour, "sounds": sum(kind["sounds"] for kind in hour["kinds"].values())}}
        for kind, row in kinds.items():
            numbers = [str(row["sounds"]), f"{row['seconds'] / 60:.1f}", str(row["events"])]
            rows.append([f"`{name}`, {kind}", *numbers, f"{row['events_per_hour']:.0f}"])
    return markdown_table(["", "sounds", "minutes", "false events", "per hour of such sound"], rows)


def streaming_section(record: Record) -> str:
    """Return the generated part of docs/streaming.md."""
    return render(
        TEMPLATES / "streaming.md.j2",
        string_table=string_table(record),
        time_table=time_table(record),
        hour_table=hour_table(record),
    )
