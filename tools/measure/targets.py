"""What is asked of the shipped models (``targets.toml``) beside what was measured of them, as a Markdown table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aurora_resnet.config_files import from_mapping, read_toml
from aurora_resnet.evaluation.tables import MISSING, markdown_table

Record = dict[str, Any]
SNRS_DB = (20, 15, 10, 5, 0, -5)
NO_TARGET = "-"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A number of a record and what each model should reach.

    Attributes:
        title: what is measured, with its unit.
        where: keys of the number in the record, joined by dots.
        scale: by which it is multiplied to have the unit of the title.
        at_least: what each model should reach, by its name in the zoo; one without a number has no target there.
        at_most: the same, where less is better.
    """

    title: str
    where: str
    scale: float = 100.0
    at_least: dict[str, float] = field(default_factory=dict)
    at_most: dict[str, float] = field(default_factory=dict)

    def value(self, record: Record) -> float | None:
        """Return the number; ``None`` where a record does not have it, as older ones may not.

        >>> Target(title="letters accepted %", where="letters.share").value({"letters": {"share": 0.25}})
        25.0
        """
        found: Any = record
        for key in self.where.split("."):
            found = found.get(key)
            if found is None:
                return None
        return self.scale * float(found)

    def row(self, record: Record) -> list[str]:
        """Return title, target, measured value and whether it is met."""
        value, model = self.value(record), record["model"]["zoo_name"]
        shown = MISSING if value is None else f"{value:.2f}"
        if value is not None and model in self.at_least:
            return [self.title, f">= {self.at_least[model]:g}", shown, _verdict(value >= self.at_least[model] - 1e-9)]
        if value is not None and model in self.at_most:
            return [self.title, f"<= {self.at_most[model]:g}", shown, _verdict(value <= self.at_most[model] + 1e-9)]
        return [self.title, NO_TARGET, shown, NO_TARGET]


@dataclass(frozen=True)
class _File:
    target: tuple[Target, ...]


def _verdict(met: bool) -> str:
    return "yes" if met else "NO"


def target_table(record: Record) -> str:
    """Return the table of all targets for a record of ``tools.measure.words``."""
    rows = [row for target in TARGETS if (row := target.row(record))[2] != MISSING]
    return markdown_table([f"{record['model']['name']}", "target", "measured", "met"], rows)


_PATH = Path(__file__).with_name("targets.toml")
TARGETS = from_mapping(_File, read_toml(_PATH), str(_PATH)).target
