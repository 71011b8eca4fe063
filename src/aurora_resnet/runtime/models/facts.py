"""What recognition has to know of any model, whatever computes it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..audio.waveform import check_sample_rate
from ..decision import Calibration
from ..errors import ConfigError, ModelError
from ..vocabulary import Vocabulary

#: Of the metadata; files of the first edition, format 1, have to be exported again.
FORMAT = 2


@dataclass(frozen=True)
class Facts:
    """What models of words and of strings have in common.

    Attributes:
        name: what people call it.
        vocabulary: its words.
        calibration: from its output to a decision.
        sample_rate: of its input, Hz.

    Raises:
        ConfigError: for values that no model can have.
    """

    name: str
    vocabulary: Vocabulary
    calibration: Calibration
    sample_rate: int

    def __post_init__(self) -> None:
        check_sample_rate(self.sample_rate, f"model {self.name}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_dict`` reads them back."""
        parts = {"vocabulary": self.vocabulary.to_dict(), "calibration": self.calibration.to_dict()}
        return {"format": FORMAT, **vars(self), **parts}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` returned.

        Raises:
            ConfigError: if it is anything else.
        """
        found = values.get("format") if isinstance(values, Mapping) else None
        if found != FORMAT:
            raise ConfigError(f"its format is {found!r}, this version reads format {FORMAT}")
        return cls(**cls._fields(values))

    @classmethod
    def _fields(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        whole = {field.name: values.get(field.name) for field in fields(cls) if field.type is int}
        if not isinstance(values.get("name"), str) or any(type(value) is not int for value in whole.values()):
            raise ConfigError(f"name, {', '.join(whole)} are missing or of another type")
        return {
            "name": values["name"],
            "vocabulary": Vocabulary.from_dict(values.get("vocabulary", {})),
            "calibration": Calibration.from_dict(values.get("calibration", {})),
            **whole,
        }


def finite_logits(logits: npt.NDArray[np.float32], name: str) -> npt.NDArray[np.float32]:
    """Return logits that are numbers; others would be a word at confidence NaN.

    Raises:
        ModelError: for NaN and infinity.
    """
    if not np.isfinite(logits).all():
        raise ModelError(f"model {name} gives logits that are not finite: its weights are damaged or diverged")
    return logits
