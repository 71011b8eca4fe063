"""What an evaluation found: frozen values that are saved as JSON or CSV and printed as Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Generic

from pydantic import TypeAdapter
from typing_extensions import TypeVar

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.string_answers import FalseWords
from aurora_resnet.evaluation.string_condition import StringCondition
from aurora_resnet.evaluation.tables import markdown_table, write_csv
from aurora_resnet.files import write_json
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.text_files import open_text

C = TypeVar("C", bound=ConditionReport | StringCondition, default=ConditionReport)


@dataclass(frozen=True, repr=False)
class EvaluationReport(Generic[C]):
    r"""The result of a model on one or several conditions, with what is needed to repeat it.

    Attributes:
        model: name of the model.
        conditions: one report a condition, in the order in which they were given: ``ConditionReport``, of a model of
            strings ``StringCondition``.
        overall: all recordings of all conditions pooled.
        seconds: wall-clock time of the evaluation, reading included.
        model_seconds: wall-clock time of recognition alone.
        device: where the model ran.
        threads: torch's CPU threads.
        versions: versions of aurora_resnet and of what it computes with.
        corpora: `Corpus.digest` of every condition.
        created: time of the evaluation, UTC, ISO 8601.
        problems: what the readers of the corpora could not use, and all of a condition that has no readable
            recording at all.
        predictions: one line a recording; not part of the JSON file, see `write_predictions`.
        rejection: what a model of words refused and accepted, if there were negatives.
        false_words: what a model of strings found in negatives, by their name.
        known_length: whether a model of strings was told how many words each string has.
        audio_seconds: length of all recordings of strings and negatives.

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
    conditions: tuple[C, ...]
    _: KW_ONLY
    overall: C
    seconds: float
    model_seconds: float | None = None
    device: str = ""
    threads: int | None = None
    versions: Mapping[str, str]
    corpora: Mapping[str, str]
    created: str
    problems: tuple[str, ...] = ()
    predictions: tuple[Prediction, ...] = field(default=(), compare=False)
    rejection: RejectionReport | None = None
    false_words: Mapping[str, FalseWords] = field(default_factory=dict)
    known_length: bool = False
    audio_seconds: float | None = None

    def __repr__(self) -> str:
        return f"EvaluationReport({self._summary()})"

    def _repr_markdown_(self) -> str:
        """Return the conditions as a table, for notebooks."""
        return f"{self._summary()}\n\n{markdown_table(*self._conditions())}"

    @property
    def kind(self) -> str:
        """Whether the model recognises ``words`` or ``strings``."""
        return "strings" if isinstance(self.overall, StringCondition) else "words"

    @property
    def clips_per_second(self) -> float | None:
        """Recordings that were recognised in a second; ``None`` in reports of strings of 0.2."""
        return self.overall.clips / self.model_seconds if self.model_seconds else None

    @property
    def all_problems(self) -> tuple[str, ...]:
        """Problems of the evaluation and of every condition; empty if every recording was scored."""
        unreadable = [problem for each in self.conditions for problem in each.problems]
        return tuple(dict.fromkeys([*self.problems, *unreadable]))

    def write_json(self, path: str | Path) -> None:
        """Write the report, without the single predictions, to a JSON file."""
        write_json(self.to_dict(), path)

    def to_dict(self) -> dict[str, Any]:
        """Return what `write_json` writes. Counts that follow from the rest are there for other programs."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "predictions"}
        values |= {
            "kind": self.kind,
            "clips_per_second": self.clips_per_second,
            "overall": self.overall.to_dict(),
            "conditions": [condition.to_dict() for condition in self.conditions],
            "rejection": None if self.rejection is None else asdict(self.rejection),
            "false_words": {n: asdict(each) | {"per_hour": each.per_hour} for n, each in self.false_words.items()},
        }
        return values | ({"words": list(self.overall.words)} if isinstance(self.overall, ConditionReport) else {})

    @classmethod
    def from_json(cls, path: str | Path) -> EvaluationReport[Any]:
        """Read a report that `write_json` wrote.

        Raises:
            ConfigError: if the file is missing or is no such report.
        """
        try:
            with open_text(path, strict=True, pipe=True) as file:
                return _from_dict(json.loads(file.read()))
        except OSError as error:
            raise ConfigError(f"{path}: the evaluation report cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{path}: not an evaluation report of `aurora-resnet evaluate --json` ({error!r:.300})"
            ) from None

    def write_csv(self, path: str | Path) -> None:
        """Write one line a condition; every attribute of the conditions is a column."""
        names = list(dict.fromkeys(name for each in self.conditions for name in each.attributes))
        header = ["model", "condition", *names, *self.overall.figures(), "problems"]
        lines = []
        for each in self.conditions:
            attributes = [each.attributes.get(name, "") for name in names]
            lines.append([self.model, each.name, *attributes, *each.figures().values(), len(each.problems)])
        write_csv(path, header, lines)

    def write_predictions(self, path: str | Path) -> None:
        """Write one line a recording: condition, path, what is said and recognised, confidence, accepted, speaker.

        Raises:
            ConfigError: if the report was read from JSON, which does not hold them.
        """
        if not self.predictions:
            raise ConfigError("a report read from JSON holds no single predictions; evaluate the model again")
        names = ["condition", "path", "word", "predicted", "confidence", "accepted", "speaker"]
        shown = {None: "", True: "true", False: "false"}
        lines = (
            vars(p) | {"confidence": f"{p.confidence:.6f}", "accepted": shown[p.accepted]} for p in self.predictions
        )
        write_csv(path, names, ([line[name] for name in names] for line in lines))

    def to_markdown(self) -> str:
        """Return the report as a page: conditions, negatives, words, speakers, circumstances, problems."""
        parts = [f"# Evaluation of {self.model}", markdown_table(*self._conditions())]
        if self.rejection is not None:
            parts.append(self.rejection.to_markdown())
        if self.false_words:
            parts += ["## False words", self._false_words()]
        parts += self.overall.sections(", all conditions" if len(self.conditions) > 1 else "")
        parts += ["## Circumstances", "\n".join(f"- {line}" for line in self._circumstances())]
        if self.all_problems:
            parts += ["## Problems", "\n".join(f"- {problem}" for problem in self.all_problems)]
        return "\n\n".join(parts) + "\n"

    def _summary(self) -> str:
        many = f"{len(self.conditions)} conditions, " if len(self.conditions) > 1 else ""
        return f"{self.model}: {many}{self.overall.summary}"

    def _conditions(self) -> tuple[list[str], list[list[str]]]:
        """Return header and rows of the table of conditions."""
        every = [*self.conditions, self.overall] if len(self.conditions) > 1 else self.conditions
        header = list(self.overall.row())
        return header, [[each.row().get(name, "") for name in header] for each in every]

    def _false_words(self) -> str:
        header = ["no word is said in", "recordings", "taken for a string", "false words", "hours", "an hour"]
        rows = [
            [name, str(e.recordings), str(e.accepted), str(e.words), f"{e.hours:.3f}", f"{e.per_hour:.1f}"]
            for name, e in self.false_words.items()
        ]
        return markdown_table(header, rows)

    def _circumstances(self) -> list[str]:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        taken = f"{self.seconds:.1f} s in all"
        if self.audio_seconds is not None:
            taken += f" for {self.audio_seconds:.1f} s of sound"
        if self.clips_per_second is not None:
            taken += f"; recognition {self.model_seconds:.1f} s, {self.clips_per_second:.0f} clips per second"
        told = ["the number of words of each string was told"] * self.known_length
        where = f"{self.created}, {self.device}, {self.threads} CPU threads, {versions}"
        return [where, taken, *self.overall.remarks(), *told]


def _from_dict(data: Mapping[str, Any]) -> EvaluationReport[Any]:
    """Return the report of which ``to_dict`` gave ``data``; what follows from the counts is left out."""
    strings = data.get("kind") == "strings"
    kind: Any = EvaluationReport[StringCondition] if strings else EvaluationReport[ConditionReport]
    shared = {} if strings else {"words": data["words"]}
    parts = {"conditions": [each | shared for each in data["conditions"]], "overall": data["overall"] | shared}
    report: EvaluationReport[Any] = TypeAdapter(kind).validate_python({**data, **parts})
    return report
