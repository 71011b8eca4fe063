"""What happens in a stream of strings, and how long each thing may take."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import ConfigError
from .answer import DigitString, StringWord
from .rules import StringRules

EndReason = Literal["length", "pause", "flush", "too long"]


@dataclass(frozen=True)
class SpeechStarted:
    """Speech began: the moment to stop a prompt. A model without a unit for it takes what is loud for speech.

    Attributes:
        seconds: how much of the stream told it.
    """

    seconds: float


@dataclass(frozen=True)
class Partial:
    """The most probable string so far changed; its last words may still change.

    Attributes:
        text: as ``DigitString.text``.
        seconds: how much of the stream told it.
    """

    text: str
    seconds: float


@dataclass(frozen=True)
class Digit:
    """A word is certain.

    Attributes:
        word: what was said, where, and how sure.
        seconds: how much of the stream decided it.
    """

    word: StringWord
    seconds: float


@dataclass(frozen=True)
class StringEnded:
    """A string is complete.

    Attributes:
        string: what was said; times count from the beginning of the stream.
        reason: ``length``, it has as many words as it may; ``pause``, nothing followed; ``flush``, the stream ended;
            ``too long``, it took longer than it may.
        seconds: how much of the stream decided it.
    """

    string: DigitString
    reason: EndReason
    seconds: float


@dataclass(frozen=True)
class Rejected:
    """There was speech, but none of the words.

    Attributes:
        seconds: how much of the stream decided it.
    """

    seconds: float


@dataclass(frozen=True)
class NoInput:
    """There was no speech for as long as one may wait.

    Attributes:
        seconds: how much of the stream came.
    """

    seconds: float


StringEvent = SpeechStarted | Partial | Digit | StringEnded | Rejected | NoInput


def event_values(event: Any) -> dict[str, Any]:
    """Return an event, a ``StringEvent`` or one of ``runtime.phone``, as plain JSON values.

    Its name is ``event``, then come its attributes; times in whole milliseconds.

    >>> event_values(SpeechStarted(0.1 + 0.2))
    {'event': 'speech_started', 'seconds': 0.3}
    """
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", type(event).__name__).lower()
    return {"event": name, **in_milliseconds(asdict(event))}


def in_milliseconds(values: Any) -> Any:
    """Return plain values in which all that are seconds are rounded to a thousandth; lists for tuples, as in JSON."""
    if isinstance(values, dict):
        return {n: round(v, 3) if n.endswith("seconds") else in_milliseconds(v) for n, v in values.items()}
    return [in_milliseconds(each) for each in values] if isinstance(values, tuple) else values


@dataclass(frozen=True, kw_only=True)
class StringTimes(StringRules):
    """How long to wait, in seconds, and which strings are possible: see ``StringRules`` for what is not said here.

    Attributes:
        no_input_seconds: from the beginning, or from the end of the string before, to ``NoInput``.
        between_seconds: a pause that ends a string.
        at_most_seconds: from its first word to the end of a string, however it goes on.
        lengths: numbers of digits that a string may have, if they are known; one that has the most of them has ended.
        loud_db: how far above the noise speech is.

    >>> StringTimes(between_seconds=0)
    Traceback (most recent call last):
    aurora_resnet...errors.ConfigError: between_seconds must be above 0 and at most 3600, got 0
    """

    no_input_seconds: float = 6.0
    between_seconds: float = 1.2
    at_most_seconds: float = 30.0
    loud_db: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("no_input_seconds", "between_seconds", "at_most_seconds", "loud_db"):
            if not 0 < getattr(self, name) <= 3600:
                raise ConfigError(f"{name} must be above 0 and at most 3600, got {getattr(self, name)}")
