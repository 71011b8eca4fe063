"""What an evaluation found on one condition, such as one noise at one SNR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aurora_resnet.evaluation.metrics import Interval, Score
from aurora_resnet.evaluation.tables import html_table, percent, percent_with_interval


@dataclass(frozen=True)
class Prediction:
    """What the model said about one recording.

    >>> Prediction("a.wav", "fsdd", "five", "nine", 0.51).predicted
    'nine'
    """

    path: str
    condition: str
    word: str
    predicted: str
    confidence: float
    accepted: bool | None = None
    speaker: str = ""


@dataclass(frozen=True, repr=False)
class ConditionReport:
    """The result on one condition, such as one noise at one SNR.

    Attributes:
        name: name of the condition.
        words: the model's vocabulary, in class order.
        confusion: clips by spoken word (row) and recognised word (column).
        interval: 95 % confidence interval of the accuracy.
        calibration_error: expected calibration error, 0 to 1.
        per_speaker: counts by speaker; ``""`` gathers the clips whose speaker is unknown.
        attributes: what all recordings of the condition share, such as ``{"set": "a", "snr_db": "5"}``.
        problems: recordings that could not be read, one line each. They are not counted anywhere.
        refused: recordings that the model did not accept as one of its words; ``None`` if it has no threshold.

    >>> report = ConditionReport("car", ("zero", "one"), ((3, 1), (0, 4)), Interval(0.5, 0.98, "wilson"), 0.1)
    >>> report.clips, report.correct, report.accuracy, report.per_word["zero"].accuracy
    (8, 7, 0.875, 0.75)
    """

    name: str
    words: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    interval: Interval
    calibration_error: float
    per_speaker: Mapping[str, Score] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    refused: int | None = None

    def __repr__(self) -> str:
        accuracy = percent_with_interval(self.accuracy, self.interval)
        return f"ConditionReport({self.name}: {self.correct} of {self.clips} correct, {accuracy} %)"

    def _repr_html_(self) -> str:
        """Return accuracy and counts by word, for notebooks."""
        caption = f"{self.name}: {percent_with_interval(self.accuracy, self.interval)} % correct"
        rows = [
            [word, str(score.clips), str(score.correct), percent(score.accuracy)]
            for word, score in self.per_word.items()
            if score.clips
        ]
        return html_table(caption, ["word", "clips", "correct", "accuracy %"], rows)

    @property
    def clips(self) -> int:
        """Number of recordings that were recognised."""
        return sum(map(sum, self.confusion))

    @property
    def correct(self) -> int:
        """Number of recordings that were recognised correctly."""
        return sum(row[i] for i, row in enumerate(self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of correct recordings, 0 to 1."""
        return Score(self.clips, self.correct).accuracy

    @property
    def refused_share(self) -> float | None:
        """Share of the recordings that the model refused at its threshold, 0 to 1; ``None`` if it has none."""
        return None if self.refused is None else self.refused / self.clips

    @property
    def per_word(self) -> dict[str, Score]:
        """Counts by spoken word, in class order; words that were never spoken have no clips."""
        return {
            word: Score(sum(row), row[i]) for i, (word, row) in enumerate(zip(self.words, self.confusion, strict=True))
        }

    @property
    def pooled_scores(self) -> Mapping[str, Score]:
        """Counts by speaker, of which averages over conditions are made."""
        return self.per_speaker or {"": Score(self.clips, self.correct)}

    def to_dict(self) -> dict[str, Any]:
        """Return the report for JSON. Counts that follow from the confusions are there for other readers."""
        return {
            "name": self.name,
            "attributes": dict(self.attributes),
            "clips": self.clips,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "interval": asdict(self.interval),
            "calibration_error": self.calibration_error,
            "per_word": {word: asdict(score) for word, score in self.per_word.items()},
            "per_speaker": {name: asdict(score) for name, score in self.per_speaker.items()},
            "confusion": [list(row) for row in self.confusion],
            "refused": self.refused,
            "problems": list(self.problems),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], words: tuple[str, ...]) -> ConditionReport:
        """Return the report of which `to_dict` gave ``data``."""
        return cls(
            name=data["name"],
            words=words,
            confusion=tuple(tuple(row) for row in data["confusion"]),
            interval=Interval(**data["interval"]),
            calibration_error=data["calibration_error"],
            per_speaker={name: Score(**score) for name, score in data["per_speaker"].items()},
            attributes=data["attributes"],
            problems=tuple(data["problems"]),
            refused=data.get("refused"),  # reports of the first edition have none
        )
