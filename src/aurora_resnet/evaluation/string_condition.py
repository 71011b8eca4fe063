"""What an evaluation of strings found on one condition: words and strings right, by speaker."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import Any

from aurora_resnet.evaluation.metrics import Interval, Score
from aurora_resnet.evaluation.strings import WordCounts
from aurora_resnet.evaluation.tables import MISSING, markdown_table, percent, percent_with_interval, score_table


@dataclass(frozen=True)
class NumberCounts:
    """How many numbers were said, right, accepted, and accepted though wrong; "oh" and "zero" are one."""

    said: int
    right: int
    accepted: int
    accepted_wrong: int

    def row(self, name: str) -> list[str]:
        """Return the cells of a table's row."""
        wrong = percent(self.accepted_wrong / self.accepted) if self.accepted else MISSING
        return [name, str(self.said), percent(self.right / self.said), percent(self.accepted / self.said), wrong]


NUMBER_COLUMNS = ("numbers", "right %", "accepted %", "wrong of accepted %")


@dataclass(frozen=True)
class StringCondition:
    """The result of a model of strings on one condition.

    Attributes:
        name: of the condition.
        counts: words said and errors, accepted or not.
        interval: 95 % confidence interval of the word accuracy.
        strings: how many were said.
        right: strings without an error.
        right_interval: 95 % interval of their share.
        refused: strings that the recogniser did not accept.
        accepted_wrong: strings with an error that it accepted; ``None`` in reports of 0.2.
        confidence_auroc: probability that a right string is surer than a wrong one; ``None`` without both.
        per_speaker: words and words less errors by speaker; ``""`` gathers the strings whose speaker is unknown.
        numbers: whole numbers right and accepted, by ``all``, length and speaker: ``length 4``, ``speaker fash``.
        attributes: what all recordings of the condition share, such as ``{"set": "a", "snr_db": "5"}``.
        problems: recordings that could not be read, one line each. They are not counted anywhere.
    """

    name: str
    _: KW_ONLY
    counts: WordCounts
    interval: Interval
    strings: int
    right: int
    right_interval: Interval
    refused: int
    accepted_wrong: int | None = None
    confidence_auroc: float | None = None
    per_speaker: Mapping[str, Score]
    numbers: Mapping[str, NumberCounts] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def clips(self) -> int:
        """Number of strings."""
        return self.strings

    @property
    def accuracy(self) -> float:
        """The word accuracy ``(N - S - D - I) / N``, at most 1."""
        return 1 - self.counts.error_rate

    @property
    def summary(self) -> str:
        """Number of strings and their word accuracy."""
        return f"{self.strings} strings, {percent_with_interval(self.accuracy, self.interval)} % of the words"

    def row(self) -> dict[str, str]:
        """Return the cells of a table of conditions, by their headings."""
        wrong = self.accepted_wrong
        return {
            "condition": self.name,
            "strings": str(self.strings),
            "right % [95 % interval]": percent_with_interval(self.right / self.strings, self.right_interval),
            **{name: str(count) for name, count in self.counts.by_name().items()},
            "word accuracy % [95 % interval]": percent_with_interval(self.accuracy, self.interval),
            "refused %": percent(self.refused / self.strings),
            "wrong of accepted": MISSING if wrong is None else f"{wrong} of {self.strings - self.refused}",
        }

    def figures(self) -> dict[str, object]:
        """Return the numbers of a line of CSV, by their names."""
        return {
            **self.counts.by_name(),
            "word_accuracy": self.accuracy,
            "low": self.interval.low,
            "high": self.interval.high,
            "strings": self.strings,
            "right": self.right,
            "refused": self.refused,
            "accepted_wrong": "" if self.accepted_wrong is None else self.accepted_wrong,
        }

    def sections(self, scope: str) -> list[str]:
        """Return what word accuracy is, and a table by speaker; ``scope`` ends its heading."""
        told = "Word accuracy is (words - substituted - deleted - inserted) / words."
        table = score_table("speaker", self.per_speaker, ("words", "words - errors"))
        rows = [counts.row(name) for name, counts in self.numbers.items()]
        numbers = [f"## Numbers{scope}", markdown_table(["", *NUMBER_COLUMNS], rows)] if rows else []
        return [told, *numbers, f"## By speaker{scope}", table]

    def remarks(self) -> list[str]:
        """Return what the confidence is worth, as a line."""
        auc = MISSING if self.confidence_auroc is None else f"{self.confidence_auroc:.3f}"
        return [f"right strings are surer than wrong ones: AUROC {auc}"]

    def to_dict(self) -> dict[str, Any]:
        """Return the result for JSON, with what follows from the counts for other readers."""
        shares = {"word_accuracy": self.accuracy, "string_accuracy": self.right / self.strings}
        return {**asdict(self), **shares}
