"""Recorded numbers of people, as the tests of streams and agents take them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.vocabulary import DIGITS


class RecordedNumber(NamedTuple):
    """A recording of AN4, its 16-bit samples, and what was said."""

    path: Path
    samples: np.ndarray[Any, np.dtype[np.int16]]
    rate: int
    number: str


def recorded_numbers(count: int) -> list[RecordedNumber]:
    """Return the first recordings of AN4's test split; skip the test without them."""
    numbers, folder = [], Path(__file__).resolve().parents[3] / "shared" / "data" / "an4"
    if not folder.is_dir():
        pytest.skip("the real recordings in ../shared/data are not here")
    with (folder / "strings.csv").open(newline="") as file:
        said = [row for row in csv.DictReader(file) if row["split"] == "test"][:count]
    for row in said:
        samples, rate = read_audio(folder / row["file"])
        digits = "".join(str(DIGITS.digits[DIGITS.index(word)]) for word in row["transcript"].split())
        numbers.append(RecordedNumber(folder / row["file"], np.round(samples * 32768).astype("<i2"), rate, digits))
    return numbers
