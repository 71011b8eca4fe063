"""What an evaluation found: frozen values that are saved as JSON or CSV and printed as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.evaluation.condition_report import ConditionReport, Prediction
from aurora_resnet.evaluation.metrics import Score
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.report_file import read_report
from aurora_resnet.evaluation.tables import (
    html_table,
    markdown_table,
    percent,
    percent_with_interval,
    shown_decision,
    write_csv,
)
from aurora_resnet.files import write_json
from aurora_resnet.runtime.errors import ConfigError


@dataclass(frozen=True, repr=False)
class EvaluationReport:
    r"""The result of a model on one or several conditions, with what is needed to repeat it.

    Attributes:
        model: name of the model.
        conditions: one report a condition, in the order in which they were given.
        overall: all recordings of all conditions pooled.
        seconds: wall-clock time of the evaluation, reading included.
        model_seconds: wall-clock time of front end and classifier alone.
        device: where the model ran.
        threads: torch's CPU threads.
        versions: versions of aurora_resnet and of what it computes with.
        corpora: `Corpus.digest` of every condition.
        created: time of the evaluation, UTC, ISO 8601.
        problems: what the readers of the corpora could not use, and all of a condition that has no readable
            recording at all.
        predictions: one line a recording; not part of the JSON file, see `write_predictions`.
        rejection: what the model refused and accepted, if there were negatives.

    >>> from aurora_resnet.evaluation.metrics import Interval
    >>> car = ConditionReport("car", ("zero", "one"), ((3, 1), (0, 4)), Interval(0.5, 0.98, "wilson"), 0.1)
    >>> report = EvaluationReport(
    ...     "cnn", (car,), overall=car, seconds=2.0, model_seconds=0.5, device="cpu", threads=1, versions={},
    ...     corpora={}, created="2025-01-01T00:00:00+00:00",
    ... )
    >>> report.clips_per_second
    16.0
    >>> print("\n".join(report.to_markdown().splitlines()[:5]))
    # Evaluation of cnn
    <BLANKLINE>
    | condition | clips | correct | accuracy % [95 % interval] | interval by |
    | :-------- | ----: | ------: | -------------------------: | ----------: |
    | car       |     8 |       7 |       87.50 [50.00, 98.00] |      wilson |
    """

    model: str
    conditions: tuple[ConditionReport, ...]
    _: KW_ONLY
    overall: ConditionReport
    seconds: float
    model_seconds: float
    device: str
    threads: int
    versions: Mapping[str, str]
    corpora: Mapping[str, str]
    created: str
    problems: tuple[str, ...] = ()
    predictions: tuple[Prediction, ...] = field(default=(), compare=False)
    rejection: RejectionReport | None = None

    def __repr__(self) -> str:
        return f"EvaluationReport({self._summary()})"

    def _repr_html_(self) -> str:
        """Return the conditions as a table, for notebooks."""
        return html_table(self._summary(), *self._conditions())

    @property
    def clips_per_second(self) -> float:
        """Clips that front end and classifier handled in a second."""
        return self.overall.clips / self.model_seconds

    @property
    def all_problems(self) -> tuple[str, ...]:
        """Problems of the evaluation and of every condition; empty if every recording was scored."""
        unreadable = [problem for each in self.conditions for problem in each.problems]
        unreadable += [] if self.rejection is None else self.rejection.problems
        return tuple(dict.fromkeys([*self.problems, *unreadable]))

    def write_json(self, path: str | Path) -> None:
        """Write the report, without the single predictions, to a JSON file."""
        write_json(self.to_dict(), path)

    def to_dict(self) -> dict[str, Any]:
        """Return what `write_json` writes. Counts that follow from others are there for other readers."""
        return {
            "model": self.model,
            "created": self.created,
            "seconds": self.seconds,
            "model_seconds": self.model_seconds,
            "clips_per_second": self.clips_per_second,
            "device": self.device,
            "threads": self.threads,
            "versions": dict(self.versions),
            "words": list(self.overall.words),
            "corpora": dict(self.corpora),
            "problems": list(self.problems),
            "overall": self.overall.to_dict(),
            "conditions": [condition.to_dict() for condition in self.conditions],
            "rejection": None if self.rejection is None else self.rejection.to_dict(),
        }

    @classmethod
    def from_json(cls, path: str | Path) -> EvaluationReport:
        """Read a report that `write_json` wrote.

        Raises:
            ConfigError: if the file is missing or is no such report.
        """
        return read_report(path, cls._from_dict, kind="an evaluation report", command="aurora-resnet evaluate --json")

    @classmethod
    def _from_dict(cls, data: Mapping[str, Any]) -> EvaluationReport:
        words = tuple(data["words"])
        return cls(
            model=data["model"],
            conditions=tuple(ConditionReport.from_dict(each, words) for each in data["conditions"]),
            overall=ConditionReport.from_dict(data["overall"], words),
            seconds=data["seconds"],
            model_seconds=data["model_seconds"],
            device=data["device"],
            threads=data["threads"],
            versions=data["versions"],
            corpora=data["corpora"],
            created=data["created"],
            problems=tuple(data["problems"]),
            rejection=RejectionReport.from_dict(data["rejection"]) if data.get("rejection") else None,
        )

    def write_csv(self, path: str | Path) -> None:
        """Write one line a condition; every attribute of the conditions is a column."""
        names = list(dict.fromkeys(name for each in self.conditions for name in each.attributes))
        header = ["model", "condition", *names, "clips", "correct", "accuracy", "low", "high", "interval"]
        header += ["calibration_error", "refused", "problems"]
        lines: list[list[object]] = []
        for each in self.conditions:
            line: list[object] = [self.model, each.name, *(each.attributes.get(name, "") for name in names)]
            line += [each.clips, each.correct, each.accuracy, each.interval.low, each.interval.high]
            refused = "" if each.refused is None else each.refused
            line += [each.interval.method, each.calibration_error, refused, len(each.problems)]
            lines.append(line)
        write_csv(path, header, lines)

    def write_predictions(self, path: str | Path) -> None:
        """Write one line a recording: condition, path, spoken word, recognised word, confidence, accepted, speaker.

        Raises:
            ConfigError: if the report was read from JSON, which does not hold them.
        """
        if not self.predictions:
            raise ConfigError("a report read from JSON holds no single predictions; evaluate the model again")
        write_csv(
            path,
            ["condition", "path", "word", "predicted", "confidence", "accepted", "speaker"],
            [
                [p.condition, p.path, p.word, p.predicted, f"{p.confidence:.6f}", shown_decision(p.accepted), p.speaker]
                for p in self.predictions
            ],
        )

    def to_markdown(self) -> str:
        """Return the report as a page: conditions, words, speakers, confusions, problems, circumstances."""
        scope = ", all conditions" if len(self.conditions) > 1 else ""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        parts = [
            f"# Evaluation of {self.model}",
            markdown_table(*self._conditions()),
            *([] if self.rejection is None else [self.rejection.to_markdown()]),
            f"## By word{scope}",
            _score_table("word", self.overall.per_word),
            f"## By speaker{scope}",
            _score_table("speaker", self.overall.per_speaker),
            f"## Confusions{scope}",
            _confusions(self.overall),
            "## Circumstances",
            f"- {self.created}, {self.device}, {self.threads} CPU threads, {versions}\n"
            f"- {self.seconds:.1f} s in all; front end and classifier {self.model_seconds:.1f} s, "
            f"{self.clips_per_second:.0f} clips per second\n"
            f"- expected calibration error {percent(self.overall.calibration_error)} %",
        ]
        if self.all_problems:
            parts += ["## Problems", "\n".join(f"- {problem}" for problem in self.all_problems)]
        return "\n\n".join(parts) + "\n"

    def _summary(self) -> str:
        many = f"{len(self.conditions)} conditions, " if len(self.conditions) > 1 else ""
        accuracy = percent_with_interval(self.overall.accuracy, self.overall.interval)
        return f"{self.model}: {many}{self.overall.clips} clips, {accuracy} % correct"

    def _conditions(self) -> tuple[list[str], list[list[str]]]:
        """Return header and rows of the table of conditions."""
        header = ["condition", "clips", "correct", "accuracy % [95 % interval]", "interval by"]
        refuses = self.overall.refused is not None
        rows = []
        for each in [*self.conditions, self.overall] if len(self.conditions) > 1 else self.conditions:
            accuracy = percent_with_interval(each.accuracy, each.interval)
            row = [each.name, str(each.clips), str(each.correct), accuracy, each.interval.method]
            rows.append([*row, percent(each.refused_share)] if refuses else row)
        return [*header, "refused %"] if refuses else header, rows


def _score_table(what: str, scores: Mapping[str, Score]) -> str:
    return markdown_table(
        [what, "clips", "correct", "accuracy %"],
        [
            [name or "(unknown)", str(score.clips), str(score.correct), percent(score.accuracy)]
            for name, score in scores.items()
            if score.clips
        ],
    )


def _confusions(report: ConditionReport, most: int = 20) -> str:
    """The wrong answers, most frequent first."""
    wrong = np.array(report.confusion)
    np.fill_diagonal(wrong, 0)
    pairs = sorted(zip(*np.nonzero(wrong), strict=True), key=lambda pair: -wrong[pair])
    if not pairs:
        return "None: every recording was recognised."
    words = report.words
    table = markdown_table(
        ["spoken", "recognised", "clips"],
        [[words[row], words[column], str(wrong[row, column])] for row, column in pairs[:most]],
    )
    return table if len(pairs) <= most else f"The {most} most frequent of {len(pairs)}.\n\n{table}"
