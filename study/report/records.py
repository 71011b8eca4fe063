"""The study's records, read back: who was right on which clip."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.evaluation.bootstrap import Difference
from aurora_resnet.evaluation.comparison import SystemAnswers
from aurora_resnet.evaluation.tables import percent_with_interval
from aurora_resnet.runtime.errors import CorpusError
from tools.reports.rendering import RECORDS

STUDY = RECORDS / "study"
SNRS = ("clean", "20", "15", "10", "5", "0", "-5")
#: The SNRs of the mean, as everywhere.
MEAN = ("20", "15", "10", "5", "0")
SET_C = ("c/subway", "c/street")
#: The same clips with the same noise in the channel of training.
SAME_CLIPS = ("a/subway", "b/street")


@dataclass(frozen=True)
class Test:
    """What was said in the test, by condition ``set/noise/snr``."""

    words: dict[str, str]
    speakers: dict[str, list[str]]

    def conditions(self, snrs: Sequence[str], noises: Sequence[str] = ()) -> list[str]:
        """Return the conditions of some SNRs, by noise and SNR, and of some noises (``street``, ``c/street``) alone."""
        parts = [(*condition.split("/"), condition) for condition in self.words]
        found = [c for p, n, snr, c in parts if snr in snrs and (not noises or {n, f"{p}/{n}"} & set(noises))]
        return sorted(found, key=lambda condition: condition.partition("/")[2])

    @property
    def noises(self) -> list[str]:
        """The eight noises, set A's first."""
        return list(dict.fromkeys(c.split("/")[1] for c in sorted(self.words)))


@dataclass(frozen=True)
class Variant:
    """One variant's trainings, one a seed."""

    name: str
    records: tuple[dict[str, Any], ...]
    test: Test

    @property
    def seeds(self) -> int:
        """How many trainings there are."""
        return len(self.records)

    @property
    def fewer(self) -> str:
        """What stands behind the variant's title if it has not three trainings yet: `` (1)``."""
        return "" if self.seeds >= 3 else f" ({self.seeds})"

    def answers(self, snrs: Sequence[str], *noises: str) -> SystemAnswers:
        """Return who was right on each clip of some conditions, training by training."""
        conditions = self.test.conditions(snrs, noises)
        spoken = np.array(list("".join(self.test.words[c] for c in conditions)))
        answers = [np.array(list("".join(record["answers"][c] for c in conditions))) for record in self.records]
        speakers = [s for c in conditions for s in self.test.speakers[c]]
        return SystemAnswers(self.name, [answer == spoken for answer in answers], speakers)

    def accuracy(self, snrs: Sequence[str], *noises: str) -> float:
        """Return the accuracy, 0 to 1, mean over the trainings."""
        answers = self.answers(snrs, *noises)
        return answers.accuracy if answers.speakers else float("nan")  # a quick form has fewer conditions

    def with_interval(self, snrs: Sequence[str]) -> str:
        """Return the accuracy with its 95 % interval by bootstrap over speakers, in percent."""
        return percent_with_interval(self.accuracy(snrs), self.answers(snrs).interval)

    def against(self, other: Variant, snrs: Sequence[str]) -> Difference:
        """Compare with another variant on the same clips."""
        return self.answers(snrs).against(other.answers(snrs))

    def epochs_to(self, share: float) -> str:
        """Return after how many epochs so many held-out clips were right, mean over the trainings that came so far."""
        reached = ([e["epoch"] + 1 for e in r["history"] if e["validation_accuracy"] >= share] for r in self.records)
        found = [epochs[0] for epochs in reached if epochs]
        if not found:
            return f"not in {len(self.first['history'])}"
        return f"{np.mean(found):.1f}" + f" ({len(found)} of {self.seeds} trainings)" * (len(found) < self.seeds)

    def mean(self, *keys: str) -> float:
        """Return a number at some keys of a record, such as ``"training", "seconds"``, mean over the trainings."""
        return float(np.mean([reduce(getitem, keys, record) for record in self.records]))

    @property
    def channel(self) -> Difference:
        """What set C's channel does to the clips and noises that sets A and B have too, at 0 to 20 dB."""
        return self.answers(MEAN, *SET_C).against(self.answers(MEAN, *SAME_CLIPS))

    @property
    def minutes(self) -> float:
        """Training time of one run, mean over the seeds."""
        return self.mean("training", "seconds") / 60

    @property
    def first(self) -> dict[str, Any]:
        """The first seed's record."""
        return self.records[0]


@dataclass(frozen=True)
class Study:
    """All records."""

    folder: Path = STUDY

    @cached_property
    def test(self) -> Test:
        """The test's words and speakers, as the study wrote them beside its records."""
        truth = json.loads((self.folder / "truth.json").read_text(encoding="utf-8"))
        return Test({c: row["words"] for c, row in truth.items()}, {c: row["speakers"] for c, row in truth.items()})

    @cached_property
    def variants(self) -> dict[str, Variant]:
        """The variants by ``question/variant``."""
        found: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(self.folder.glob("*/*/seed*.json")):
            name = f"{path.parent.parent.name}/{path.parent.name}"
            found.setdefault(name, []).append(json.loads(path.read_text(encoding="utf-8")))
        return {name: Variant(name, tuple(records), self.test) for name, records in found.items()}

    def __getitem__(self, name: str) -> Variant:
        if name not in self.variants:
            raise CorpusError(f"{self.folder} has no record of {name}; run python -m study --only {name}")
        return self.variants[name]

    def present(self, names: dict[str, str]) -> dict[str, Variant]:
        """Return the variants of a table ``name -> title`` that have records, by their titles."""
        return {title: self.variants[name] for name, title in names.items() if name in self.variants}
