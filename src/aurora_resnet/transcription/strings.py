"""A string in each recording, of any length."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from aurora_resnet.runtime.audio.reading import Recording
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.strings.answer import DigitString
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules
from aurora_resnet.transcription.tables import Columns, Row


@dataclass(frozen=True)
class Strings:
    """That strings are recognised, and which.

    Of a row, ``words`` have blanks between; the times are where the first begins and the last ends; ``reason`` is why
    it is not accepted.

    Attributes:
        rules: which strings are possible, with the name of a check.
    """

    rules: StringRules = field(default_factory=StringRules)

    recognizer: ClassVar[type[StringRecognizer]] = StringRecognizer
    columns: ClassVar[Columns] = {
        "recording": str,
        "text": str,
        "words": str,
        "confidence": float,
        "accepted": bool,
        "reason": str,
        "start_seconds": float,
        "end_seconds": float,
        "error": str,
    }

    def settings(self) -> dict[str, Any]:
        """Return what was chosen, as plain JSON values."""
        rules = self.rules
        lists = {name: value and list(value) for name, value in (("lengths", rules.lengths), ("known", rules.known))}
        return {"strings": {**lists, "check": rules.check, "numbers": rules.numbers}}

    def prepare(self, recognizer: StringRecognizer, recording: Recording) -> Samples:
        """Return the waveform of a recording."""
        return recognizer.waveform(recording)

    def answer(self, recognizer: StringRecognizer, prepared: list[Samples]) -> list[DigitString]:
        """Return the answers."""
        return recognizer.recognize_waveforms(prepared, self.rules)

    def values(self, prepared: Samples, answer: DigitString) -> Row:
        """Return what is between the name and the error of a row."""
        del prepared
        words = answer.words
        times = (words[0].start_seconds, words[-1].end_seconds) if words else (None, None)
        spoken = " ".join(word.word for word in words)
        return (answer.text, spoken, answer.confidence, answer.accepted, answer.reason, *times)
