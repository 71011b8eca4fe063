"""The page's server under load: the tables of docs/web.md."""

from __future__ import annotations

import json
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table
from benchmarks.serve import table
from tools.reports.records import RECORDS, TEMPLATES
from tools.reports.templating import render

Record = dict[str, Any]


def read_serve() -> Record:
    """Return the record of ``benchmarks.serve``."""
    record: Record = json.loads((RECORDS / "serve.json").read_text(encoding="utf-8"))
    return record


def memory_table(record: Record) -> str:
    """Return what came of the uploads at once."""
    rows = []
    for name, model in record["models"].items():
        flood = model["flood"]
        answers = ", ".join(f"{count} x {status}" for status, count in flood["statuses"].items())
        sizes = (model["megabytes_at_rest"], flood["most_megabytes"], flood["megabytes_2_s_later"])
        rows.append([f"`{name}`", answers, f"{flood['seconds']:.1f}", *(f"{size:.0f}" for size in sizes)])
    return markdown_table(["model", "answers", "seconds", "MB at rest", "MB at most", "MB 2 s later"], rows)


def serve_section(record: Record) -> str:
    """Return the generated part of docs/web.md."""
    if record["quick"]:
        raise SystemExit("serve.json: a quick record is no result; measure without --quick")
    return render(
        TEMPLATES / "serve.md.j2", record=record, load_table=table(record["models"]), memory_table=memory_table(record)
    )
