"""From the scores of trainings without a corpus to the calibration of a network that learnt from all corpora.

That network has no speakers left whose digits it could be calibrated on, only AN4's held-out speakers, who sit before
the same microphones as those it learnt from. So two things are carried over from the runs of its recipe that left a
corpus out:

- the threshold of equal error: it refuses as large a share of the left-out speakers' clean digits as it accepts of near
  words and talk, the mean of their kinds. Evidence of networks of one recipe is on one scale, and the final network,
  which learnt from more people, is surer of digits and of other words;
- by which factor the temperature of left-out speakers exceeds that of AN4's held-out speakers, each clean and in noise,
  as the temperature of the final network is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.runtime.decision import audible, evidence
from aurora_resnet.training.calibrate import fit_temperature

Array = npt.NDArray[Any]
NOISY = "noisy_"
"""Before the SNR in dB: all words in noise, those of the corpus left out first."""


@dataclass(frozen=True)
class LeftOutPoint:
    """What holds for speakers of no training.

    Attributes:
        threshold: of the evidence, the mean of the runs' thresholds of equal error.
        temperature_factor: temperature of left-out speakers over that of AN4's held-out speakers, the runs' geometric
            mean.
    """

    threshold: float
    temperature_factor: float

    @classmethod
    def read(cls, files: Sequence[Path]) -> LeftOutPoint:
        """Return the operating point of runs of one idea, from the ``logits.npz`` of each fold."""
        points = []
        for file in files:
            with np.load(file) as groups:
                points.append(cls.of({name: groups[name] for name in groups.files}))
        return cls(
            float(np.mean([point.threshold for point in points])),
            float(np.exp(np.mean([np.log(point.temperature_factor) for point in points]))),
        )

    @classmethod
    def of(cls, groups: dict[str, Array]) -> LeftOutPoint:
        """Return the operating point of one run."""

        def loud(name: str, rows: slice = slice(None)) -> tuple[Array, Array]:
            logits, labels, peaks = (groups[f"{name}.{key}"][rows] for key in ("logits", "labels", "peaks"))
            return logits[audible(peaks)], labels[audible(peaks)]

        def temperature(name: str, rows: slice) -> float:
            parts = [
                loud(name),
                *(loud(each, rows) for each in sorted(names) if each.startswith(NOISY) and "-" not in each),
            ]
            return fit_temperature(*(np.concatenate(column) for column in zip(*parts, strict=True)))

        names = {name.partition(".")[0] for name in groups}
        negatives = [name for name in names - {"left_out", "an4"} if not name.startswith(NOISY)]
        threshold = equal_error_threshold(
            evidence(loud("left_out")[0]), [evidence(loud(kind)[0]) for kind in sorted(negatives)]
        )
        count = len(groups["left_out.labels"])
        left_out, an4 = temperature("left_out", slice(count)), temperature("an4", slice(count, None))
        return cls(threshold, left_out / an4)


def equal_error_threshold(words: Array, negatives: Sequence[Array]) -> float:
    """Return the threshold that refuses as large a share of words as it accepts of negatives.

    Args:
        words: evidence of words, ``[n]``.
        negatives: evidence of each kind of negative; the shares accepted are averaged, so that a kind of few recordings
            counts as much as one of many.

    >>> equal_error_threshold(np.array([1.0, 2.0, 3.0, 4.0]), [np.array([0.0, 0.0, 0.0, 1.5]), np.array([2.5, 0.0])])
    2.5
    """
    candidates = np.sort(np.concatenate([words, *negatives]))
    refused = np.searchsorted(np.sort(words), candidates) / len(words)
    accepted = np.mean([1 - np.searchsorted(np.sort(each), candidates) / len(each) for each in negatives], axis=0)
    # The one share rises with the threshold and the other falls: they meet once.
    return float(candidates[np.abs(refused - accepted).argmin()])
