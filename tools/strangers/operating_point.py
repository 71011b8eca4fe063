"""From the out-of-fold scores of ``tools.strangers`` to the calibration of a network that heard all corpora.

That network has no strangers left whose digits it could be calibrated on, only AN4's held-out speakers, who sit before
the same microphones as those it learnt from. So two relations are carried over from the runs that left a corpus out:

- the share of held-out near words, keywords and talk that is accepted where ``words_refused`` of the strangers' digits
  are refused: the final threshold accepts this share of the same recordings;
- by which factor the temperature of strangers exceeds that of AN4's held-out speakers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.runtime.decision import audible, evidence
from aurora_resnet.training.calibrate import fit_temperature, highest_threshold
from tools.strangers.sets import NEGATIVES

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class OperatingPoint:
    """What holds among strangers.

    Attributes:
        negatives_accepted: share of held-out negatives, the mean of the runs.
        temperature_factor: temperature of strangers over that of AN4's held-out speakers, the runs' geometric mean.
    """

    negatives_accepted: float
    temperature_factor: float

    @classmethod
    def read(cls, files: Sequence[Path], words_refused: float) -> OperatingPoint:
        """Return the operating point of runs of one idea, from the logits that they kept.

        Args:
            files: ``logits.npz`` of each fold.
            words_refused: largest share of the strangers' clean digits to refuse.
        """
        points = []
        for file in files:
            with np.load(file) as groups:
                points.append(cls.of({name: groups[name] for name in groups.files}, words_refused))
        return cls(
            float(np.mean([point.negatives_accepted for point in points])),
            float(np.exp(np.mean([np.log(point.temperature_factor) for point in points]))),
        )

    @classmethod
    def of(cls, groups: dict[str, Array], words_refused: float) -> OperatingPoint:
        """Return the operating point of one run."""

        def heard(name: str) -> tuple[Array, Array]:
            loud = audible(groups[f"{name}.peaks"])
            return groups[f"{name}.logits"][loud], groups[f"{name}.labels"][loud]

        threshold = highest_threshold(evidence(heard("left_out")[0]), refused=words_refused)
        negatives = np.concatenate([evidence(heard(name)[0]) for name in NEGATIVES])
        factor = fit_temperature(*heard("left_out")) / fit_temperature(*heard("an4"))
        return cls(float((negatives >= threshold).mean()), factor)
