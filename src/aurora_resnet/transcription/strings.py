"""A string in each recording, of any length."""

from dataclasses import dataclass
from typing import Any, ClassVar

from aurora_resnet.runtime.audio.reading import Recording
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.strings.answer import DigitString
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import Numbers, StringRules
from aurora_resnet.transcription.tables import Columns, Row


@dataclass(frozen=True)
class Strings:
    """That strings are recognised, and which.

    Of a row, ``words`` have blanks between; the times are where the first begins and the last ends; ``reason`` is why
    it is not accepted.

    Attributes:
        lengths: numbers of digits that they have, if known.
        check: name of a check, of ``CHECKS``.
        known: all texts that are possible.
        numbers: how numbers may be said; see ``StringRules``.
    """

    lengths: tuple[int, ...] | None = None
    check: str | None = None
    known: tuple[str, ...] | None = None
    numbers: Numbers = "digits"

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

    def __post_init__(self) -> None:
        if self.lengths is not None and (not self.lengths or min(self.lengths) < 1):
            raise ConfigError(f"lengths must name at least one number of words, 1 or more, got {self.lengths}")
        _ = self.rules

    @property
    def rules(self) -> StringRules:
        """Which strings are possible."""
        return StringRules(lengths=self.lengths, check=self.check, known=self.known, numbers=self.numbers)

    def settings(self) -> dict[str, Any]:
        """Return what was chosen, as plain JSON values."""
        lists = {name: value and list(value) for name, value in (("lengths", self.lengths), ("known", self.known))}
        return {"strings": {**lists, "check": self.check, "numbers": self.numbers}}

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
