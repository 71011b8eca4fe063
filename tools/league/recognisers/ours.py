"""The models of this package, each at its own operating point."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.models.average import AveragedModel
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.events import StringEnded
from aurora_resnet.runtime.strings.recognizer import STREAMING, StringRecognizer

Recordings = Iterable[tuple[np.ndarray, int]]
Answers = Iterator[tuple[str, float | None, bool | None]]


def files(model: str, how: str, **_: object) -> list[Path]:
    """Return the exported models."""
    file = resolve(model, kind="words" if how == "word" else "strings")
    if how == "word":
        loaded = load_model(file)
        return [part.path for part in loaded.parts] if isinstance(loaded, AveragedModel) else [file.path]
    return [file.path] + ([resolve(STREAMING, kind="strings").path] if how == "stream" else [])


def recognise(recordings: Recordings, model: str, how: str) -> Answers:
    """Recognise a word, a whole string, or the strings of a stream."""
    if how == "word":
        words = Recognizer.from_pretrained(model, threads=1)
        for samples, rate in recordings:
            word = words.recognize(samples, rate)
            yield word.word, word.confidence, word.accepted
        return
    strings = StringRecognizer.from_pretrained(model)
    for samples, rate in recordings:
        if how == "string":
            found = [strings.recognize(samples, rate)]
        else:
            stream = strings.stream(rate)
            events = stream.feed(samples) + stream.finish()
            found = [event.string for event in events if isinstance(event, StringEnded)]
        accepted = bool(found) and all(each.accepted for each in found)
        yield " ".join(each.text for each in found), math.prod(each.confidence for each in found), accepted
