"""Run records: what a training and its evaluation left, read back for the documents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.tables import percent_with_interval

DOCS = Path(__file__).resolve().parents[2] / "docs"
RECORDS = DOCS / "records"
FIGURES = DOCS / "figures"
TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Run:
    """One training and its evaluation."""

    folder: Path
    record: dict[str, Any]
    report: EvaluationReport

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Read the records in a folder."""
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return cls(folder, record, EvaluationReport.from_json(folder / "evaluation.json"))

    def condition(self, name: str) -> ConditionReport:
        """Return the condition of that name."""
        return next(condition for condition in self.report.conditions if condition.name == name)

    def accuracy(self, name: str) -> str:
        """Return a condition's accuracy and interval in percent."""
        condition = self.condition(name)
        return percent_with_interval(condition.accuracy, condition.interval)


def read_if_measured(path: Path) -> dict[str, Any] | None:
    """Return a benchmark's record, if there is one."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def read_runs(experiment: str, names: Iterable[str]) -> dict[str, Run]:
    """Read the runs of an experiment."""
    return {name: Run.read(RECORDS / experiment / name) for name in names}
