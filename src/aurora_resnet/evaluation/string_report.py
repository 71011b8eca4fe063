"""What an evaluation of strings found: words and strings right by condition, as Markdown, JSON or CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.evaluation.metrics import auroc
from aurora_resnet.evaluation.report_file import read_report
from aurora_resnet.evaluation.string_answers import FalseWords, HeardString
from aurora_resnet.evaluation.string_condition import StringCondition
from aurora_resnet.evaluation.tables import (
    MISSING,
    markdown_table,
    percent,
    percent_with_interval,
    shown_decision,
    write_csv,
)
from aurora_resnet.files import write_json


@dataclass(frozen=True, repr=False)
class StringReport:
    """The result of a model of strings on one or several conditions.

    Attributes:
        model: its name.
        conditions: one result a condition.
        overall: all recordings of all conditions.
        confidence_auroc: probability that a right string is surer than a wrong one; ``None`` without both.
        false_words: what was heard in recordings without words, by their name.
        known_length: whether the model was told how many words each string has.
        seconds: wall-clock time, reading included.
        audio_seconds: length of all recordings.
        corpora: ``Corpus.digest`` of every condition.
        versions: of what computed it.
        created: UTC, ISO 8601.
        heard: what was heard, string by string, by condition; not part of the JSON file.
    """

    model: str
    conditions: tuple[StringCondition, ...]
    _: KW_ONLY
    overall: StringCondition
    confidence_auroc: float | None
    false_words: Mapping[str, FalseWords]
    known_length: bool
    seconds: float
    audio_seconds: float
    corpora: Mapping[str, str]
    versions: Mapping[str, str]
    created: str
    problems: tuple[str, ...] = ()
    heard: Mapping[str, Sequence[HeardString]] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        accuracy = percent_with_interval(self.overall.accuracy, self.overall.interval)
        return f"StringReport({self.model}: {self.overall.strings} strings, {accuracy} % of the words)"

    @property
    def all_problems(self) -> tuple[str, ...]:
        """Everything that could not be used."""
        return tuple(dict.fromkeys([*self.problems, *(p for each in self.conditions for p in each.problems)]))

    def to_dict(self) -> dict[str, Any]:
        """Return what ``write_json`` writes."""
        return {
            "kind": "strings",
            "model": self.model,
            "created": self.created,
            "known_length": self.known_length,
            "seconds": self.seconds,
            "audio_seconds": self.audio_seconds,
            "confidence_auroc": self.confidence_auroc,
            "versions": dict(self.versions),
            "corpora": dict(self.corpora),
            "problems": list(self.all_problems),
            "overall": self.overall.to_dict(),
            "conditions": [condition.to_dict() for condition in self.conditions],
            "false_words": {n: asdict(each) | {"per_hour": each.per_hour} for n, each in self.false_words.items()},
        }

    @classmethod
    def from_json(cls, path: str | Path) -> StringReport:
        """Read a report that ``write_json`` wrote; the single strings are not in it.

        Raises:
            ConfigError: if the file is missing or is no such report.
        """
        return read_report(path, cls._from_dict, kind="a report", command="aurora-resnet evaluate --strings --json")

    @classmethod
    def _from_dict(cls, data: Mapping[str, Any]) -> StringReport:
        return cls(
            data["model"],
            tuple(StringCondition.from_dict(each) for each in data["conditions"]),
            overall=StringCondition.from_dict(data["overall"]),
            confidence_auroc=data["confidence_auroc"],
            false_words={
                name: FalseWords(**{field.name: each[field.name] for field in fields(FalseWords)})
                for name, each in data["false_words"].items()
            },
            known_length=data["known_length"],
            seconds=data["seconds"],
            audio_seconds=data["audio_seconds"],
            corpora=data["corpora"],
            versions=data["versions"],
            created=data["created"],
            problems=tuple(data["problems"]),
        )

    def write_json(self, path: str | Path) -> None:
        """Write the report, without the single strings."""
        write_json(self.to_dict(), path)

    def write_csv(self, path: str | Path) -> None:
        """Write one line a condition; every attribute of the conditions is a column."""
        names = list(dict.fromkeys(name for each in self.conditions for name in each.attributes))
        header = ["model", "condition", *names, "words", "substituted", "deleted", "inserted", "word_accuracy", "low"]
        header += ["high", "strings", "right", "refused", "problems"]
        lines: list[list[object]] = []
        for each in self.conditions:
            counts, interval = each.counts, each.interval
            line: list[object] = [self.model, each.name, *(each.attributes.get(name, "") for name in names)]
            line += [counts.said, counts.substituted, counts.deleted, counts.inserted, each.accuracy]
            lines.append(
                [*line, interval.low, interval.high, each.strings, each.right, each.refused, len(each.problems)]
            )
        write_csv(path, header, lines)

    def write_predictions(self, path: str | Path) -> None:
        """Write one line a string: condition, path, words said and heard, confidence, accepted, speaker."""
        lines = [
            [name, each.utterance.path, " ".join(each.utterance.words), " ".join(each.heard), f"{each.confidence:.6f}",
             shown_decision(each.accepted), each.utterance.speaker]
            for name, heard in self.heard.items()
            for each in heard
        ]  # fmt: skip
        write_csv(path, ["condition", "path", "said", "heard", "confidence", "accepted", "speaker"], lines)

    def to_markdown(self) -> str:
        """Return the report as a page."""
        rows = [
            _row(each) for each in ([*self.conditions, self.overall] if len(self.conditions) > 1 else self.conditions)
        ]
        auc = MISSING if self.confidence_auroc is None else f"{self.confidence_auroc:.3f}"
        parts = [
            f"# Strings: evaluation of {self.model}",
            markdown_table(_HEADER, rows),
            "Word accuracy is (words - substituted - deleted - inserted) / words."
            + (" The number of words of each string was told." if self.known_length else ""),
        ]
        if self.false_words:
            header = ["no word is said in", "recordings", "taken for a string", "false words", "hours", "an hour"]
            parts.append(markdown_table(header, [
                [name, str(each.recordings), str(each.accepted), str(each.words), f"{each.hours:.3f}",
                 f"{each.per_hour:.1f}"]
                for name, each in self.false_words.items()
            ]))  # fmt: skip
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        parts.append(
            f"- {self.created}, {versions}\n"
            f"- {self.seconds:.1f} s for {self.audio_seconds:.1f} s of sound\n"
            f"- right strings are surer than wrong ones: AUROC {auc}"
        )
        if self.all_problems:
            parts += ["## Problems", "\n".join(f"- {problem}" for problem in self.all_problems)]
        return "\n\n".join(parts) + "\n"


_HEADER = ["condition", "strings", "right % [95 % interval]", "words", "substituted", "deleted", "inserted",
           "word accuracy % [95 % interval]", "refused %"]  # fmt: skip


def _row(each: StringCondition) -> list[str]:
    counts = each.counts
    return [
        each.name,
        str(each.strings),
        percent_with_interval(each.right / each.strings, each.right_interval),
        *map(str, (counts.said, counts.substituted, counts.deleted, counts.inserted)),
        percent_with_interval(each.accuracy, each.interval),
        percent(each.refused / each.strings),
    ]


def confidence_auroc(heard: Sequence[HeardString]) -> float | None:
    """Return the probability that a right string is surer than a wrong one, ``None`` without both."""
    right = np.array([each.right for each in heard], dtype=bool)
    return auroc(np.array([each.confidence for each in heard]), right) if 0 < right.sum() < len(right) else None
