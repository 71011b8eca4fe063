r"""Several systems on the same recordings: means and deviations over seeds, intervals by speaker, paired differences.

Seeds are averaged clip by clip, then speakers are resampled (see ``bootstrap``). The p-values of all pairs are
corrected by Holm's procedure (*A Simple Sequentially Rejective Multiple Test Procedure*, 1979): with the :math:`m`
sorted values
:math:`p_{(1)} \le \dots \le p_{(m)}`

.. math:: \tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) \, p_{(j)})
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.evaluation.bootstrap import Difference, FloatArray, bootstrap_means, paired_difference
from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure
from aurora_resnet.evaluation.metrics import Interval
from aurora_resnet.evaluation.tables import latex_table, markdown_table, percent, percent_with_interval
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.text_files import open_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What a run's folder holds where ``aurora-resnet evaluate --predictions`` wrote it.
PREDICTIONS = "predictions.csv"
_SEED = re.compile(r"[_\-./ ]?seed[_\-]?\d+$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class SystemAnswers:
    """Which recordings the trainings of one system recognised.

    Attributes:
        name: of the system.
        correct: 1 where a training was right, ``[seeds, n]``.
        speakers: of the recordings, ``[n]``.

    >>> system = SystemAnswers("cnn", np.array([[1, 1, 0, 1], [1, 0, 0, 1]]), ["ann", "ann", "ben", "ben"])
    >>> system.accuracy, round(system.spread, 4), system.interval.method
    (0.625, 0.1768, 'speakers')
    """

    name: str
    correct: npt.ArrayLike
    speakers: Sequence[str]

    @property
    def seeds(self) -> int:
        """How many trainings there are."""
        return len(self._correct)

    @property
    def shares(self) -> FloatArray:
        """For each recording the share of the trainings that recognised it, ``[n]``."""
        shares: FloatArray = self._correct.mean(axis=0)
        return shares

    @property
    def accuracy(self) -> float:
        """Mean over trainings and recordings, 0 to 1."""
        return float(self.shares.mean())

    @property
    def spread(self) -> float | None:
        """Standard deviation of the accuracy over the seeds; ``None`` for one."""
        return float(np.std(self._correct.mean(axis=1), ddof=1)) if self.seeds > 1 else None

    @property
    def interval(self) -> Interval:
        """95 % interval by bootstrap over speakers."""
        low, high = np.quantile(bootstrap_means(self.shares, self.speakers), [0.025, 0.975])
        return Interval(float(low), float(high), "speakers")

    def against(self, other: SystemAnswers) -> Difference:
        """Compare with another system on the same recordings."""
        return paired_difference(self.shares, other.shares, self.speakers)

    @property
    def _correct(self) -> FloatArray:
        return np.atleast_2d(np.asarray(self.correct, dtype=np.float64))


@dataclass(frozen=True)
class Comparison:
    """Systems on the same recordings, and every pair of them.

    Attributes:
        systems: in the order given.
        differences: first minus second, with p-values corrected for the number of pairs.
    """

    systems: tuple[SystemAnswers, ...]
    differences: Mapping[tuple[str, str], Difference]

    @classmethod
    def of(cls, systems: Sequence[SystemAnswers]) -> Comparison:
        """Compare systems.

        Raises:
            ConfigError: for fewer than two, names that stand twice, or other recordings.
        """
        names = [system.name for system in systems]
        if len(systems) < 2 or len(set(names)) < len(names):
            raise ConfigError(f"comparing needs two systems of different names or more, got {', '.join(names)}")
        if len({tuple(system.speakers) for system in systems}) > 1:
            raise ConfigError("systems are compared on the same recordings; these have different ones")
        differences = {(a.name, b.name): a.against(b) for a, b in combinations(systems, 2)}
        corrected = holm([difference.p_value for difference in differences.values()])
        pairs = zip(differences.items(), corrected, strict=True)
        return cls(tuple(systems), {names: replace(difference, p_value=p) for (names, difference), p in pairs})

    def to_markdown(self) -> str:
        """Return both tables, and how they came about."""
        speakers = self.systems[0].speakers
        remark = (
            f"{len(speakers)} recordings of {len(set(speakers))} speakers. Paired bootstrap over speakers, seeds "
            f"averaged before; p-values corrected by Holm for {len(self.differences)} pairs."
        )
        return "\n\n".join([*(markdown_table(*table) for table in self._tables()), remark])

    def to_latex(self) -> str:
        """Return both tables as ``tabular`` for the package booktabs."""
        return "\n\n".join(latex_table(*table) for table in self._tables())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        numbers = ("name", "seeds", "accuracy", "spread")
        systems = [
            {name: getattr(s, name) for name in numbers} | {"interval": asdict(s.interval)} for s in self.systems
        ]
        pairs = [{"first": first, "second": second, **asdict(d)} for (first, second), d in self.differences.items()]
        return {"systems": systems, "differences": pairs}

    def _tables(self) -> list[tuple[list[str], list[list[str]]]]:
        """Return header and rows of the accuracies, and of the differences."""
        systems = [
            [s.name, str(s.seeds), percent_with_interval(s.accuracy, s.interval), percent(s.spread)]
            for s in self.systems
        ]
        pairs = []
        for (first, second), d in self.differences.items():
            points = f"{100 * d.mean:+.2f} [{100 * d.low:+.2f}, {100 * d.high:+.2f}]"
            pairs.append([f"{first} - {second}", points, f"{d.p_value:.4f}"])
        return [
            (["system", "trainings", "accuracy % [95 % by speaker]", "deviation over seeds"], systems),
            (["difference", "points [95 %]", "p, corrected"], pairs),
        ]


def plot_comparison(comparison: Comparison) -> Figure:
    """Draw accuracies in percent, the systems from top to bottom.

    Args:
        comparison: of two systems or more.
    """
    systems = comparison.systems
    figure = new_figure(6.4, 1.2 + 0.45 * len(systems))
    axes = figure.subplots()
    for row, system in enumerate(systems):
        mean, interval = 100 * system.accuracy, system.interval
        reach = [[mean - 100 * interval.low], [100 * interval.high - mean]]
        colour = LINE_COLOURS[row % len(LINE_COLOURS)]
        axes.errorbar([mean], [row], xerr=np.maximum(reach, 0), fmt="D", color=colour, capsize=4)
        if system.seeds > 1:
            each = 100 * np.atleast_2d(np.asarray(system.correct, dtype=np.float64)).mean(axis=1)
            axes.plot(each, [row - 0.18] * system.seeds, ".", color=colour, alpha=0.6)
    axes.set_yticks(range(len(systems)), [system.name for system in systems])
    axes.invert_yaxis()
    axes.grid(axis="x", color="0.9")
    axes.set_xlabel("accuracy (%), 95 % intervals by speaker; dots: single trainings")
    return figure


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def read_systems(runs: Sequence[str | Path], *, seeds: bool = False) -> list[SystemAnswers]:
    """Read the answers of runs.

    Args:
        runs: files that ``aurora-resnet evaluate --predictions`` wrote, or folders with one named ``predictions.csv``.
        seeds: take runs whose names differ by an ending like ``_seed2`` only for trainings of one system.

    Raises:
        ConfigError: if a file is missing or no such file, or the recordings of the runs are not the same.
    """
    found: dict[str, list[dict[tuple[str, str], tuple[bool, str]]]] = {}
    for run in runs:
        path = Path(run) / PREDICTIONS if Path(run).is_dir() else Path(run)
        name = path.parent.name if path.name == PREDICTIONS else path.stem
        found.setdefault(_SEED.sub("", name) or name if seeds else name, []).append(_read(path))
    everything = [answers for trainings in found.values() for answers in trainings]
    if not everything:
        raise ConfigError("give the runs to compare")
    clips = list(everything[0])
    for answers in everything[1:]:
        if other := set(answers) ^ set(clips):
            raise ConfigError(
                f"runs are compared on the same recordings; {len(other)} are in some of them only, such as "
                f"{min(other)[1]}; evaluate all with the same --corpus, --split and --by"
            )
    speakers = [everything[0][clip][1] for clip in clips]
    if len(set(speakers)) < 2:
        raise ConfigError("intervals by speaker need recordings of two known speakers or more")
    return [
        SystemAnswers(name, [[answers[clip][0] for clip in clips] for answers in trainings], speakers)
        for name, trainings in found.items()
    ]


def _read(path: Path) -> dict[tuple[str, str], tuple[bool, str]]:
    """Return whether each recording was recognised, and its speaker."""
    try:
        with open_text(path, newline="", pipe=True) as file:
            rows = list(csv.DictReader(file))
        found = {(r["condition"], r["path"]): (r["word"] == r["predicted"], r["speaker"]) for r in rows}
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); write it with: aurora-resnet evaluate --predictions {path}"
        ) from None
    except (KeyError, csv.Error, TypeError) as error:
        raise ConfigError(
            f"{path}: not the predictions of this version's 'aurora-resnet evaluate' ({error!r}); evaluate again"
        ) from None
    if not found:
        raise ConfigError(f"{path} holds no prediction")
    return found
