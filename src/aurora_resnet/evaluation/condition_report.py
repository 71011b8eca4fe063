"""What an evaluation of single words found on one condition, such as one noise at one SNR."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from aurora_resnet.evaluation.metrics import Interval, Score
from aurora_resnet.evaluation.tables import markdown_table, percent, percent_with_interval, score_table

MOST_CONFUSIONS = 20


@dataclass(frozen=True, repr=False)
class ConditionReport:
    """The result of a model of single words on one condition.

    Attributes:
        name: of the condition.
        words: the model's vocabulary, in class order.
        confusion: clips by spoken word (row) and recognised word (column).
        interval: 95 % confidence interval of the accuracy.
        calibration_error: expected calibration error, 0 to 1.
        per_speaker: counts by speaker; ``""`` gathers the recordings whose speaker is unknown.
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
    def summary(self) -> str:
        """Number of clips and their accuracy."""
        return f"{self.clips} clips, {percent_with_interval(self.accuracy, self.interval)} % correct"

    @property
    def per_word(self) -> dict[str, Score]:
        """Counts by spoken word, in class order; words that were never spoken have no clips."""
        rows = enumerate(zip(self.words, self.confusion, strict=True))
        return {word: Score(sum(row), row[i]) for i, (word, row) in rows}

    def row(self) -> dict[str, str]:
        """Return the cells of a table of conditions, by their headings."""
        cells = {
            "condition": self.name,
            "clips": str(self.clips),
            "correct": str(self.correct),
            "accuracy % [95 % interval]": percent_with_interval(self.accuracy, self.interval),
            "interval by": self.interval.method,
        }
        return cells if self.refused is None else {**cells, "refused %": percent(self.refused / self.clips)}

    def figures(self) -> dict[str, object]:
        """Return the numbers of a line of CSV, by their names."""
        return {
            "clips": self.clips,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "low": self.interval.low,
            "high": self.interval.high,
            "interval": self.interval.method,
            "calibration_error": self.calibration_error,
            "refused": "" if self.refused is None else self.refused,
        }

    def sections(self, scope: str) -> list[str]:
        """Return tables by word and speaker, and the confusions; ``scope`` ends the headings."""
        tables = {
            "By word": score_table("word", self.per_word),
            "By speaker": score_table("speaker", self.per_speaker),
            "Confusions": self._confusions(),
        }
        return [part for title, table in tables.items() for part in (f"## {title}{scope}", table)]

    def remarks(self) -> list[str]:
        """Return the calibration error, as a line."""
        return [f"expected calibration error {percent(self.calibration_error)} %"]

    def to_dict(self) -> dict[str, Any]:
        """Return the result for JSON; the words stand in the report once."""
        whole = asdict(self)
        del whole["words"]
        counts = {"clips": self.clips, "correct": self.correct, "accuracy": self.accuracy}
        return {**whole, **counts, "per_word": {word: asdict(score) for word, score in self.per_word.items()}}

    def _confusions(self) -> str:
        """Return the wrong answers, most frequent first."""
        wrong = np.array(self.confusion)
        np.fill_diagonal(wrong, 0)
        pairs = sorted(zip(*np.nonzero(wrong), strict=True), key=lambda pair: -wrong[pair])
        if not pairs:
            return "None: every recording was recognised."
        rows = [[self.words[i], self.words[j], str(wrong[i, j])] for i, j in pairs[:MOST_CONFUSIONS]]
        table = markdown_table(["spoken", "recognised", "clips"], rows)
        return table if len(pairs) == len(rows) else f"The {MOST_CONFUSIONS} most frequent of {len(pairs)}.\n\n{table}"
