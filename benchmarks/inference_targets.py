"""What is asked of inference, and whether a record of ``benchmarks.inference`` meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aurora_resnet.evaluation.tables import markdown_table

Record = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A number of a record and the largest value that is wanted."""

    title: str
    limit: float | None
    unit: str
    value: Callable[[Record], float | None]

    def row(self, record: Record) -> list[str] | None:
        """Return title, target, measured and whether it is met; ``None`` if the record does not have it."""
        value = self.value(record)
        if value is None:
            return None
        measured = f"{value:.3g}{self.unit}"
        if self.limit is None:
            return [self.title, "-", measured, "-"]
        return [self.title, f"<= {self.limit:g}{self.unit}", measured, "yes" if value <= self.limit else "NO"]


def find_row(record: Record, engine: str, model: str, batch: int = 1, threads: int = 1) -> dict[str, Any] | None:
    """Return the measurement of a configuration, if the record has it."""
    for row in record["rows"]:
        if (row["engine"], row["model"], row["batch"], row["threads"]) == (engine, model, batch, threads):
            found: dict[str, Any] = row
            return found
    return None


def _of_row(model: str, key: str, factor: float = 1.0) -> Callable[[Record], float | None]:
    def value(record: Record) -> float | None:
        row = find_row(record, "onnx_int8", model)
        return None if row is None else factor * row[key]

    return value


def _ratio(model: str, engine: str) -> Callable[[Record], float | None]:
    def value(record: Record) -> float | None:
        ours, other = (
            find_row(record, "onnx_int8", model),
            find_row(record, engine, model if engine != "pocketsphinx" else ""),
        )
        return None if ours is None or other is None else float(ours["median_ms"] / other["median_ms"])

    return value


TARGETS = (
    Target("`resnet50` int8, time over that of torch", 0.2, "", _ratio("resnet50", "torch")),
    Target("the same over torch folded", None, "", _ratio("resnet50", "torch_folded")),
    Target("the same over torch folded and packed", None, "", _ratio("resnet50", "torch_packed")),  # first edition
    Target("the same over PocketSphinx", None, "", _ratio("resnet50", "pocketsphinx")),
    Target("`resnet50` int8, file", 10, " MB", _of_row("resnet50", "file_bytes", 1e-6)),
    Target("`compact` int8, one clip", 1, " ms", _of_row("compact", "median_ms")),
    Target("the same over PocketSphinx", None, "", _ratio("compact", "pocketsphinx")),
    Target("`compact` int8, file", 0.75, " MB", _of_row("compact", "file_bytes", 1e-6)),
    Target(
        "runtime without torch, process to first answer, slowest of all",
        1,
        " s",
        lambda record: float(record["cold_start"]["largest"]["process"]),
    ),
)
"""One clip of a second, one thread, unless said otherwise."""


def target_table(record: Record) -> str:
    """Return what was asked and measured as a table in Markdown."""
    rows = [row for target in TARGETS if (row := target.row(record)) is not None]
    return markdown_table(["batch 1, one thread", "target", "measured", "met"], rows)
