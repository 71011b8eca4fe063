"""Damaged input, killed processes, full disks: the tables of docs/reliability.md."""

from __future__ import annotations

import json
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table
from tools.reports.records import RECORDS, TEMPLATES
from tools.reports.templating import render

Record = dict[str, Any]
FILE = RECORDS / "faults.json"
KINDS = {
    "audio-memory": "sound files in memory, recognised",
    "audio-files": "sound files on the disk, recognised and listened to",
    "uploads": "requests to the page",
    "training-files": "training files (TOML), and the network they ask for",
    "manifests-csv": "manifests (CSV), and the recordings they name",
    "manifests-jsonl": "manifests (JSON lines), and the recordings they name",
    "noise-mappings": "noise mappings (TOML)",
    "checkpoints": "checkpoints (safetensors), loaded and asked",
    "onnx-files": "exported models (ONNX), loaded and asked",
    "onnx-metadata": "exported models with other metadata, loaded and asked",
    "archives-zip": "ZIP archives, extracted",
    "archives-tar": "TAR.GZ archives, extracted",
}
OUTCOMES = ("read", "refused", "foreign", "crash", "hang", "memory")
FULL = {"/dev/full": "standard output", "tmpfs": "disk", "limit": "disk (limit on the size of files)"}


def read_faults() -> Record:
    """Return the record of ``tools.faults``."""
    record: Record = json.loads(FILE.read_text(encoding="utf-8"))
    return record


def mutant_table(record: Record) -> str:
    """Return what became of the mutants of each kind."""
    rows, total = [], dict.fromkeys(("mutants", *OUTCOMES), 0)
    for name, row in record["mutants"].items():
        counts = {"mutants": row["mutants"]} | {outcome: row["counts"].get(outcome, 0) for outcome in OUTCOMES}
        total = {key: total[key] + counts[key] for key in total}
        numbers = [f"{counts[key]:,}" for key in total]
        rows.append([KINDS.get(name, name), str(row["seeds"]), *numbers, f"{row['per_second'] or 0:.0f}"])
    rows.append(["all", "", *(f"{number:,}" for number in total.values()), ""])
    header = [
        "input",
        "seeds",
        "mutants",
        "read",
        "refused",
        "foreign exception",
        "crash",
        "hang",
        "memory",
        "a second",
    ]
    return markdown_table(header, rows)


def kill_table(record: Record) -> str:
    """Return what the kills left."""
    rows = [
        [name, *(str(row[key]) for key in ("kills", "rounds", "unequal", "failed", "left_over", "alive"))]
        for name, row in record["kills"].items()
    ]
    keys = ("kills", "rounds", "unequal", "failed", "left_over", "alive")
    rows.append(["all", *(str(sum(row[key] for row in record["kills"].values())) for key in keys)])
    header = ["work", "kills", "rounds", "other bits", "did not go on", "files left over", "processes left alive"]
    return markdown_table(header, rows)


def disk_table(record: Record) -> str:
    """Return how commands end where there is no room."""
    rows = []
    for row in record["full_disk"]:
        old = "kept" if row["old_file"] and not any("old file" in text for text in row["problems"]) else ""
        rows.append([f"`{row['name']}`", FULL[row["full"]], "; ".join(row["problems"]) or "one line, exit code 2", old])
    return markdown_table(["command", "full", "end", "old file"], rows)


def reliability_page(record: Record) -> str:
    """Return docs/reliability.md."""
    return render(
        TEMPLATES / "reliability.md.j2",
        record=record,
        mutant_table=mutant_table(record),
        kill_table=kill_table(record),
        disk_table=disk_table(record),
        replay=next(
            (row["examples"][0]["replay"] for row in record["mutants"].values() if row["examples"]), "uploads:7"
        ),
    )
