"""Moonshine tiny-en, which is inside its wheel."""

from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np

Recordings = Iterable[tuple[np.ndarray, int]]
Answers = Iterator[tuple[str, float | None, bool | None]]
RATE = 16_000


def files(**_: object) -> list[Path]:
    """Return the weights."""
    return sorted(Path(str(resources.files("moonshine_voice")), "assets", "tiny-en").iterdir())


def recognise(recordings: Recordings, pad_seconds: float, vad: float, strings: bool) -> Answers:  # noqa: ARG001
    """Recognise with silence before and after; Moonshine tells no confidence.

    Args:
        recordings: samples and rates.
        pad_seconds: of silence on either side.
        vad: the threshold above which a sound is speech; 0 takes everything.
        strings: whether a recording may have many digits.
    """
    import soxr
    from moonshine_voice import ModelArch, Transcriber, get_model_path

    transcriber = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY, options={"vad_threshold": str(vad)})
    for samples, rate in recordings:
        padded = np.pad(soxr.resample(samples, rate, RATE), round(pad_seconds * RATE))
        found = transcriber.transcribe_without_streaming(padded.tolist(), RATE)
        yield " ".join(line.text for line in found.lines), None, None
