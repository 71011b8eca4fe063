"""What installing takes: the table of docs/install.md, and docs/first-hour.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aurora_resnet.evaluation.tables import MISSING, markdown_table
from tools.first_hour import FIRST_HOUR, STEPS, TORCH
from tools.reports.records import RECORDS, TEMPLATES, read_if_measured
from tools.reports.templating import duration, render

INSTALL = RECORDS / "install.json"
NAMES = {
    "runtime": "`aurora-resnet-runtime`: hearing",
    "cpu": "`aurora-resnet`, torch for the CPU",
    "cuda": "`aurora-resnet`, torch with CUDA",
}


def install_section(record: dict[str, Any] | None) -> str:
    """Return sizes and times of each way to install.

    >>> install_section(None)
    'Not measured yet: `python -m tools.install_sizes`.'
    """
    if record is None:
        return "Not measured yet: `python -m tools.install_sizes`."
    rows = [
        [
            name,
            f"{way['megabytes']:,}",
            str(way["packages"]),
            duration(way["seconds"]),
            f"{way['answer_seconds']:.1f} s",
            way["torch"] or MISSING,
        ]
        for key, name in NAMES.items()
        if (way := record["ways"].get(key))
    ]
    table = markdown_table(["", "MB on disk", "packages", "pip takes", "a file is recognised in", "torch"], rows)
    busy = busy_with(record["load_average_before"])
    return (
        f"{table}\n\nPython {record['python']} on {record['machine']} with {record['processors']} processors{busy}, wheels from an "
        "index nearby; the last time but one is from the start of the process to its end."
    )


def busy_with(load: float) -> str:
    """Return that other programs worked beside a measurement, if they did.

    >>> busy_with(3.2), busy_with(0.1)
    (' that also did other work (load average 3.2)', '')
    """
    return f" that also did other work (load average {load:g})" if load > 0.5 else ""


def first_hour_page() -> str:
    """Return docs/first-hour.md."""
    record = read_if_measured(FIRST_HOUR)
    if record is None:
        return "# The first hour\n\nNot measured yet: `python -m tools.first_hour`.\n"
    steps = [
        {**asdict(step), **done, "shown": step.commands.replace("{torch}", f"pip install {TORCH}\n")}
        for step, done in zip(STEPS, record["steps"], strict=True)
    ]
    minutes = sum(step["seconds"] for step in steps) / 60
    return render(
        TEMPLATES / "first_hour.md.j2",
        record=record,
        steps=steps,
        minutes=minutes,
        busy=busy_with(record["load_average_before"]),
    )
