"""What the templates need beside plain records: runs and their evaluations, targets, the sizes of the networks."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aurora_resnet.evaluation.aurora_tables import AuroraTable
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.tables import MISSING, percent_with_interval
from aurora_resnet.models.zoo import create_model, list_models, model_cost
from aurora_resnet.runtime.model_reference import EXPORTED
from tools.reports.rendering import RECORDS, record, rows

Record = dict[str, Any]


#: Runs of the main job by name, and what tables call them.
SYSTEMS = {
    "resnet50": "ResidualSpeechNet, ImageNet weights",
    "resnet50_random": "ResidualSpeechNet, random weights",
    "cnn": "CNN",
    "lstm": "LSTM",
    "bilstm": "BiLSTM",
    "cnn_lstm": "CNN-LSTM",
}
#: The same of the Aurora protocol.
CONDITIONS = {
    "clean_resnet50": "ResidualSpeechNet, clean training",
    "multi_resnet50": "ResidualSpeechNet, multi-condition training",
    "clean_cnn": "CNN, clean training",
    "multi_cnn": "CNN, multi-condition training",
}


@dataclass(frozen=True)
class Run:
    """One training and its evaluation: a folder with ``run.json``, ``history.jsonl`` and ``evaluation.json``."""

    folder: Path
    record: Record
    report: EvaluationReport

    def accuracy(self, condition: str) -> str:
        """Return a condition's accuracy and interval in percent."""
        found = next(each for each in self.report.conditions if each.name == condition)
        return percent_with_interval(found.accuracy, found.interval)

    @property
    def table(self) -> AuroraTable:
        """The evaluation as Aurora-2's table."""
        return AuroraTable.from_report(self.report)


@cache
def runs(experiment: str) -> dict[str, Run]:
    """Return the runs of an experiment by name."""
    return {
        name: Run(
            RECORDS / experiment / name,
            record(f"{experiment}/{name}/run"),
            EvaluationReport.from_json(RECORDS / experiment / name / "evaluation.json"),
        )
        for name in {"fsdd_an4": SYSTEMS, "protocol": CONDITIONS}[experiment]
    }


@cache
def string_reports() -> dict[str, EvaluationReport[Any]]:
    """Return the evaluations of the Aurora protocol with strings, by training: ``clean``, ``multi``."""
    return {
        name: EvaluationReport.from_json(RECORDS / "strings_rebuild" / f"{name}.json") for name in ("clean", "multi")
    }


def exported() -> dict[str, Record]:
    """Return the records of the exported models by name."""
    return {name: record(f"shipped/{name}_int8") for name in EXPORTED}


def costs() -> list[Record]:
    """Return parameters and multiply-accumulates of every network."""
    return [{"name": name, **vars(model_cost(create_model(name)))} for name in list_models()]


def targets(measured: Record) -> dict[str, Record]:
    """Return every target of the shipped models and what a record of one has of it, by title.

    ``value`` is ``None`` where the record has no such number.
    """
    asked = tomllib.loads(Path(__file__).with_name("targets.toml").read_text(encoding="utf-8"))["targets"]
    return {target["title"]: _measured(target, measured) for target in asked}


def _measured(target: Record, measured: Record) -> Record:
    found = rows(measured, target["value"])
    value = float(found[0].row) * target.get("times", 100) if found else None
    goal, least = target.get(measured["model"]["zoo_name"]), target.get("at_least", False)
    shown = MISSING if value is None else f"{value:.2f}"
    row = {"title": target["title"], "value": value, "goal": MISSING, "met": MISSING, "shown": shown}
    if value is None or goal is None:
        return row
    met = value >= goal - 1e-9 if least else value <= goal + 1e-9
    return row | {"goal": f"{'>=' if least else '<='} {goal:g}", "met": "yes" if met else "NO"}
