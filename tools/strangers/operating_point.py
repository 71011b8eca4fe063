"""From the out-of-fold scores of ``tools.strangers`` to the calibration of a network that heard all corpora.

That network has no strangers left whose digits it could be calibrated on, only AN4's held-out speakers, who sit before
the same microphones as those it learnt from. So two things are carried over from the runs of its recipe that left a
corpus out:

- the threshold of equal error: it refuses as large a share of the strangers' clean digits as it accepts of near words
  and talk, the mean of their kinds. Evidence of networks of one recipe is on one scale, and the final network, which
  heard more people, is surer of digits and of other words;
- by which factor the temperature of strangers exceeds that of AN4's held-out speakers, each clean and in noise, as the
  temperature of the final network is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.calibration.fitting import equal_error_threshold, fit_temperature
from aurora_resnet.runtime.decision import audible, evidence
from tools.strangers.sets import NEGATIVES, SNRS_DB

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class OperatingPoint:
    """What holds among strangers.

    Attributes:
        threshold: of the evidence, the mean of the runs' thresholds of equal error.
        temperature_factor: temperature of strangers over that of AN4's held-out speakers, the runs' geometric mean.
    """

    threshold: float
    temperature_factor: float

    @classmethod
    def read(cls, files: Sequence[Path]) -> OperatingPoint:
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
    def of(cls, groups: dict[str, Array]) -> OperatingPoint:
        """Return the operating point of one run."""

        def heard(name: str, rows: slice = slice(None)) -> tuple[Array, Array]:
            logits, labels, peaks = (groups[f"{name}.{key}"][rows] for key in ("logits", "labels", "peaks"))
            return logits[audible(peaks)], labels[audible(peaks)]

        def temperature(name: str, rows: slice) -> float:
            parts = [heard(name), *(heard(f"noisy_{snr_db}", rows) for snr_db in SNRS_DB if snr_db >= 0)]
            return fit_temperature(*(np.concatenate(column) for column in zip(*parts, strict=True)))

        threshold = equal_error_threshold(
            evidence(heard("left_out")[0]), [evidence(heard(kind)[0]) for kind in NEGATIVES]
        )
        count = len(groups["left_out.labels"])  # of a noisy group they come first, see read_strangers
        strangers, an4 = temperature("left_out", slice(count)), temperature("an4", slice(count, None))
        return cls(threshold, strangers / an4)
