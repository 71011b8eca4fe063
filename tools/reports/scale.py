"""What very much costs, and how much of it is arithmetic: tables of docs/scale.md and docs/performance.md."""

from __future__ import annotations

from typing import Any

from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent
from benchmarks.arithmetic import GOALS
from tools.reports.records import RECORDS

Record = dict[str, Any]
SCALE, ARITHMETIC = RECORDS / "scale.json", RECORDS / "arithmetic.json"
MILLION_HOURS = 3.6e9
"""Recordings of one second."""


def scale_section(record: Record | None) -> str:
    """Return rates, memory and what a million hours cost by them.

    >>> scale_section(None)
    'Not measured yet.'
    """
    if record is None:
        return "Not measured yet."
    rows = [
        [
            row["what"],
            f"{row['clips']:,}",
            f"{row['per_second']:.0f}",
            f"{row['processor_ms']:.2f}",
            f"{row['memory_mb']:.0f}",
        ]
        for part in ("transcription", "training")
        for row in record[part]["rows"]
    ]
    table = markdown_table(["what", "clips", "clips/s", "ms of processor a clip", "peak memory MB"], rows)
    most = max(record["transcription"]["rows"], key=lambda row: row["clips"])
    hours = MILLION_HOURS / most["per_second"] / 3600
    by_batch = [
        [
            str(row["batch"]),
            *(f"{max(speeds):.0f}" for speeds in row["clips_per_second"].values()),
            f"{row['ratio']:.2f}",
        ]
        for row in record["processes"]["rows"]
    ]
    processes = markdown_table(["batch of all", "one process, clips/s", "two", "ratio, median of three"], by_batch)
    return (
        f"{_machine(record)}, {record['processors']} processors, `compact`; starting, 2 to 4 s of it, is counted:\n\n{table}\n\n"
        f"A million hours in recordings of one second, by the last rate: {hours:,.0f} hours of this machine.\n\n"
        f"`torchrun` with two processes of one thread, beside one:\n\n{processes}"
    )


def arithmetic_section(record: Record | None) -> str:
    """Return the shares of a large matrix product, and where the rest goes.

    >>> arithmetic_section(None)
    'Not measured yet.'
    """
    if record is None:
        return "Not measured yet."
    shares = {
        (r["model"], r["threads"], r["type"], r["train"], r["compiled"]): r
        for r in record["rows"]
        if "profile" not in r
    }
    rows = []
    for model, threads, kind, train, compiled in shares:
        if compiled:
            continue
        plain, fused = (shares.get((model, threads, kind, train, each)) for each in (False, True))
        goal = GOALS.get((model, threads, kind)) if train else None
        rows.append([f"`{model}`", str(threads), kind, "training" if train else "inference",
                     *(MISSING if each is None else f"{percent(each['share'])} ({each['clips_per_second']:.0f})"
                       for each in (plain, fused)), MISSING if goal is None else percent(goal)])  # fmt: skip
    table = markdown_table(
        ["model", "threads", "type", "", "% of the product (clips/s)", "`torch.compile`", "goal %"], rows
    )
    profiles = [
        [
            f"`{r['model']}`",
            str(r["threads"]),
            r["type"],
            ", ".join(f"{k} {v:.0%}" for k, v in r["profile"].items() if v >= 0.02),
        ]
        for r in record["rows"]
        if "profile" in r
    ]
    if not profiles:
        return f"{_machine(record)}:\n\n{table}"
    rest = markdown_table(["model", "threads", "type", "time of a training step"], profiles)
    return f"{_machine(record)}:\n\n{table}\n\n{rest}"


def _machine(record: Record) -> str:
    return f"{record['processor']}, torch {record['environment']['torch']}"
