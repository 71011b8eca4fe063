"""A word in each recording."""

from dataclasses import dataclass
from typing import Any, ClassVar

from aurora_resnet.runtime.audio.clips import Clip
from aurora_resnet.runtime.audio.reading import Recording
from aurora_resnet.runtime.recognizer import Recognition, Recognizer
from aurora_resnet.transcription.tables import Columns, Row


@dataclass(frozen=True)
class Words:
    """That single words are recognised.

    Of a row, ``start_seconds`` is where the recording's clip begins.
    """

    recognizer: ClassVar[type[Recognizer]] = Recognizer
    columns: ClassVar[Columns] = {
        "recording": str,
        "word": str,
        "digit": int,
        "confidence": float,
        "accepted": bool,
        "start_seconds": float,
        "recording_seconds": float,
        "error": str,
    }

    def settings(self) -> dict[str, Any]:
        """Return nothing: there is nothing to choose."""
        return {}

    def prepare(self, recognizer: Recognizer, recording: Recording) -> Clip:
        """Return the clip of a recording."""
        return recognizer.clip(recording)

    def answer(self, recognizer: Recognizer, prepared: list[Clip]) -> list[Recognition]:
        """Return the answers, computed in one batch."""
        return recognizer.recognize_clips(prepared)

    def values(self, prepared: Clip, answer: Recognition) -> Row:
        """Return what is between the name and the error of a row."""
        times = prepared.start_seconds, prepared.recording_seconds
        return (answer.word, answer.digit, answer.confidence, answer.accepted, *times)
