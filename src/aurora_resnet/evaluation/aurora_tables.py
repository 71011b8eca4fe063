"""The tables of Aurora-2: accuracy by noise and SNR, with the averages that the literature compares.

Layout and averages follow H.-G. Hirsch and D. Pearce, "The Aurora experimental framework for the performance
evaluation of speech recognition systems under noisy conditions", ASR 2000. There the numbers are word accuracies of
connected digits, as those of a model of strings; accuracies of isolated digits are another task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import Interval, Score, scores_interval
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.string_condition import StringCondition
from aurora_resnet.evaluation.tables import MISSING, latex_table, markdown_table, percent
from aurora_resnet.runtime.errors import ConfigError

SETS = ("a", "b", "c")
#: Rows of the tables, in dB.
SNRS = ("clean", "20", "15", "10", "5", "0", "-5")

#: The SNRs in every average; clean and -5 dB stand apart.
AVERAGED_SNRS = ("20", "15", "10", "5", "0")

#: The row of the average over ``AVERAGED_SNRS``.
MEAN = "mean"

_ROW_NAMES = {"clean": "clean", MEAN: "mean 0-20 dB"} | {snr: f"{snr} dB" for snr in SNRS[1:]}


@dataclass(frozen=True)
class AuroraTable:
    """Accuracies of one model by set, noise and SNR.

    A mean exists only where all its parts do; elsewhere it is ``None`` and printed as ``-``.

    Attributes:
        model: name of the model.
        noises: noises of every set that was evaluated, in the order of the report.
        cells: accuracy, 0 to 1, by (set, noise, SNR). Clean conditions without a noise have the noise ``""``.
        intervals: 95 % intervals of the averages over 0 to 20 dB, see ``average_intervals``; none if empty.

    >>> cells = {("a", "car", snr): 0.9 for snr in SNRS}
    >>> table = AuroraTable("cnn", {"a": ("car",)}, cells)
    >>> round(table.set_mean("a"), 3), table.overall_weighted()
    (0.9, None)
    """

    model: str
    noises: Mapping[str, tuple[str, ...]]
    cells: Mapping[tuple[str, str, str], float]
    intervals: Mapping[tuple[str, str], Interval] = field(default_factory=dict)

    @classmethod
    def from_report(cls, report: EvaluationReport[Any]) -> AuroraTable:
        """Arrange the conditions of a report by their attributes ``set``, ``noise`` and ``snr_db``.

        Raises:
            ConfigError: if a condition lacks one of them, has one that Aurora-2 has not, or stands twice.
        """
        noises: dict[str, list[str]] = {}
        cells: dict[tuple[str, str, str], float] = {}
        for condition in report.conditions:
            name, snr = condition.attributes.get("set", ""), condition.attributes.get("snr_db", "")
            noise = condition.attributes.get("noise", "")
            if noise in ("none", "clean") and snr == "clean":
                noise = ""
            if name not in SETS or snr not in SNRS or not (noise or snr == "clean"):
                raise ConfigError(
                    f"condition '{condition.name}' fits no Aurora table: expected set ({', '.join(SETS)}), "
                    f"noise and snr_db ({', '.join(SNRS)}), got {dict(condition.attributes)}; evaluate "
                    'conditions_by(corpus, "set", "noise", "snr_db")'
                )
            if (name, noise, snr) in cells:
                raise ConfigError(f"two conditions of the report are set {name}, noise '{noise}', {snr} dB")
            cells[name, noise, snr] = condition.accuracy
            of_set = noises.setdefault(name, [])
            if noise and noise not in of_set:
                of_set.append(noise)
        return cls(
            model=report.model,
            noises={name: tuple(noises[name]) for name in SETS if name in noises},
            cells=cells,
            intervals=average_intervals(report.conditions),
        )

    def accuracy(self, set_name: str, noise: str, snr: str = MEAN) -> float | None:
        """Return the accuracy on one noise at one SNR, or its mean over 0 to 20 dB."""
        if snr == MEAN:
            return _mean([self.cells.get((set_name, noise, each)) for each in AVERAGED_SNRS])
        return self.cells.get((set_name, noise, snr))

    def set_mean(self, set_name: str, snr: str = MEAN) -> float | None:
        """Return the mean over the noises of a set, at one SNR or over 0 to 20 dB."""
        if snr == "clean" and (set_name, "", "clean") in self.cells:
            return self.cells[set_name, "", "clean"]
        return _mean([self.accuracy(set_name, noise, snr) for noise in self.noises.get(set_name, ())])

    def overall_weighted(self, snr: str = MEAN) -> float | None:
        """Return (2A + 2B + C) / 5: in Aurora-2 every pair of noise and SNR weighs the same."""
        a, b, c = (self.set_mean(name, snr) for name in SETS)
        return _mean([a, a, b, b, c])

    def overall_plain(self, snr: str = MEAN) -> float | None:
        """Return (A + B + C) / 3, the plain mean of the sets, which some papers print."""
        return _mean([self.set_mean(name, snr) for name in SETS])

    def to_markdown(self) -> str:
        """Return the table in Markdown, in percent, one column a noise and an average."""
        columns = self._columns()
        header = ["SNR", *(f"{column.group}: {column.name}" if column.group else column.name for column in columns)]
        return markdown_table(header, self._rows(columns))

    def to_latex(self) -> str:
        r"""Return the table as a LaTeX ``tabular`` for the package booktabs, in percent.

        The noises of a set stand under one heading. Put it into a ``table`` with your own caption; in one
        column of a page it needs ``\small`` or ``\resizebox``.
        """
        columns = self._columns()
        header, groups = ["SNR", *(column.name for column in columns)], ["", *(column.group for column in columns)]
        return latex_table(header, self._rows(columns), groups=groups, rule_after=len(SNRS))

    def _columns(self) -> list[_Column]:
        columns: list[_Column] = []
        for name, noises in self.noises.items():
            group = f"set {name.upper()}"
            columns += [_Column(group, noise, partial(self.accuracy, name, noise), (name, noise)) for noise in noises]
            columns.append(_Column(group, "mean", partial(self.set_mean, name), (name, "")))
        columns.append(_Column("", "(2A+2B+C)/5", self.overall_weighted, ("", "")))
        return [*columns, _Column("", "(A+B+C)/3", self.overall_plain, None)]

    def _rows(self, columns: Sequence[_Column]) -> list[list[str]]:
        rows = [[_ROW_NAMES[snr], *(percent(column.cell(snr)) for column in columns)] for snr in (*SNRS, MEAN)]
        if self.intervals:
            rows.append(["95 % interval", *map(self._interval, columns)])
        return rows

    def _interval(self, column: _Column) -> str:
        interval = None if column.average is None else self.intervals.get(column.average)
        if interval is None or column.cell(MEAN) is None:
            return MISSING
        return f"{percent(interval.low)} to {percent(interval.high)}"


class _Column(NamedTuple):
    """Group heading, name and content of a column, and whose interval it has."""

    group: str
    name: str
    cell: Callable[[str], float | None]
    average: tuple[str, str] | None


def _mean(values: list[float | None]) -> float | None:
    """The mean, or None if there is no value or one is missing."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def average_intervals(conditions: Iterable[ConditionReport | StringCondition]) -> dict[tuple[str, str], Interval]:
    """Return the intervals of accuracies averaged over ``AVERAGED_SNRS``.

    The clips of all conditions of an average are pooled and resampled by speaker, so that the same voice in several
    noises counts once. Aurora's conditions have the same number of clips (up to one), so the pooled accuracy is the
    average.

    Args:
        conditions: with the attributes ``set``, ``noise`` and ``snr_db``.

    Returns:
        By (set, noise); ``(set, "")`` is the average over the set's noises, ``("", "")`` over everything.
    """
    pools: dict[tuple[str, str], dict[str, Score]] = {}
    for condition in conditions:
        attributes = condition.attributes
        if attributes.get("snr_db") in AVERAGED_SNRS:
            name, noise = attributes.get("set", ""), attributes.get("noise", "")
            for key in ((name, noise), (name, ""), ("", "")):
                pool = pools.setdefault(key, {})
                for speaker, score in condition.per_speaker.items():
                    before = pool.get(speaker, Score(0, 0))
                    pool[speaker] = Score(before.clips + score.clips, before.correct + score.correct)
    return {key: scores_interval(dict(sorted(pool.items()))) for key, pool in pools.items() if pool}
