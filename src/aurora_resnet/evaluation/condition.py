"""What the report of one condition has, of single words and of strings alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aurora_resnet.evaluation.metrics import Interval, Score
from aurora_resnet.evaluation.tables import markdown_table, percent


class Condition(ABC):
    """The result on one condition, such as one noise at one SNR; ``ConditionReport`` and ``StringCondition`` are ones.

    Attributes:
        name: name of the condition.
        interval: 95 % confidence interval of the accuracy.
        per_speaker: counts of words by speaker; ``""`` gathers the recordings whose speaker is unknown.
        attributes: what all recordings of the condition share, such as ``{"set": "a", "snr_db": "5"}``.
        problems: recordings that could not be read, one line each. They are not counted anywhere.
    """

    name: str
    interval: Interval
    per_speaker: Mapping[str, Score]
    attributes: Mapping[str, str]
    problems: tuple[str, ...]

    @property
    @abstractmethod
    def clips(self) -> int:
        """Number of recordings that were recognised."""

    @property
    @abstractmethod
    def accuracy(self) -> float:
        """Accuracy of the words, at most 1."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """What was counted and how much of it was right, in a few words."""

    @abstractmethod
    def row(self) -> dict[str, str]:
        """Return the cells of a table of conditions, by their headings."""

    @abstractmethod
    def figures(self) -> dict[str, object]:
        """Return the numbers of a line of CSV, by their names."""

    def sections(self, scope: str) -> list[str]:
        """Return what stands on the page below the table of conditions; ``scope`` ends its headings."""
        return [f"## By speaker{scope}", score_table("speaker", self.per_speaker)]

    def remarks(self) -> list[str]:
        """Return further numbers, each as one line."""
        return []

    def to_dict(self) -> dict[str, Any]:
        """Return the result for JSON, with what follows from the counts for other readers."""
        return {**asdict(self), "problems": list(self.problems)}  # type: ignore[call-overload]


def score_table(what: str, scores: Mapping[str, Score], counted: Sequence[str] = ("clips", "correct")) -> str:
    """Return counts by word or by speaker as a table; groups without clips are left out."""
    return markdown_table(
        [what, *counted, "accuracy %"],
        [
            [name or "(unknown)", str(score.clips), str(score.correct), percent(score.accuracy)]
            for name, score in scores.items()
            if score.clips
        ],
    )
