"""A calibration that was chosen on recordings, with what is to be said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aurora_resnet.runtime.decision import Calibration


@dataclass(frozen=True)
class Choice:
    """The chosen calibration of a model of words or of strings.

    Attributes:
        calibration: belongs to the network on whose answers it was chosen.
        table: what it and further ones do on the recordings, in Markdown.
        summary: the calibration in a few words.
        facts: plain values that the checkpoint keeps.
        problems: recordings that could not be read.
    """

    calibration: Calibration
    table: str
    summary: str
    facts: Mapping[str, Any]
    problems: tuple[str, ...] = ()
