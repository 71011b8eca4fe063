"""Keys and speech of one caller become one entry: "4" by key and "oh seven" by voice are 407, in the order of time."""

from dataclasses import dataclass, replace
from typing import Literal

from ..strings.answer import DigitString
from ..strings.events import Digit, Rejected, SpeechStarted, StringEnded, StringEvent, StringTimes

END_KEY = "#"
EntryReason = Literal["key", "length", "pause", "too long", "hang-up"]


@dataclass(frozen=True)
class KeyPressed:
    """A key was pressed.

    Attributes:
        key: which.
        seconds: of sound that had come.
    """

    key: str
    seconds: float


@dataclass(frozen=True)
class EntryEnded:
    """An entry is complete.

    Attributes:
        text: all its digits, keys and speech in the order in which they came.
        parts: keys as text, spoken strings as the answer to each.
        confidence: probability that all spoken parts are right; 1 where there are none.
        accepted: whether to believe it: all parts are, there is one at least, and no other words were said with it.
        reason: ``key``, the caller ended it with ``#``; ``length``, it is as long as it may be; ``pause``, nothing
            followed; ``too long``; ``hang-up``.
        seconds: of sound that had come.
    """

    text: str
    parts: tuple[str | DigitString, ...]
    confidence: float
    accepted: bool | None
    reason: EntryReason
    seconds: float


PhoneEvent = StringEvent | KeyPressed | EntryEnded


class Entries:
    """Collect what one caller types and says. It is told what happens in order, and computes nothing.

    A key ends the stretch of sound before it, so a stretch is recognised by itself, as a recording would be: who uses
    this class begins another stream whenever ``renew`` says so, with ``stretch_times()``. A known length is what keys
    and words make together: behind keys so many words fewer are looked for. Where words come first and keys then, the
    words were taken for the whole, and the entry is not accepted.

    Args:
        times: how long to wait, and how many digits an entry may have.

    >>> entries = Entries(StringTimes(lengths={2}))
    >>> entries.key("4", 1.0), entries.key("2", 1.4)[0].text
    ([], '42')
    """

    def __init__(self, times: StringTimes) -> None:
        self.times = times
        #: Whether the sound that comes next belongs to another stretch.
        self.renew = False
        self._parts: list[str | DigitString] = []
        self._restart()

    def _restart(self) -> None:
        self._parts = []
        self._speaks = self._doubtful = False
        self._last_seconds: float | None = None  # when the part before the pause came

    def stretch_times(self) -> StringTimes:
        """Return how a stream is to be read that begins now."""
        self.renew = self._speaks = False
        if self.times.lengths is None or not self._parts:
            return self.times
        return replace(self.times, lengths={more for each in self.times.lengths if (more := each - self._length()) > 0})

    def key(self, key: str, seconds: float) -> list[EntryEnded]:
        """Take a key; the stretch of sound before it has ended."""
        ended = self.passed(seconds)
        self.renew = True
        if key == END_KEY:
            return [*ended, *self._end("key", seconds)]
        self._parts.append(key)
        self._last_seconds = seconds
        full = self.times.lengths is not None and self._length() >= max(self.times.lengths)
        return [*ended, *self._end("length", seconds)] if full else ended

    def told(self, events: list[StringEvent], begun: float) -> list[PhoneEvent]:
        """Take what happened in a stretch that began so many seconds after the call; return it and what it means."""
        told: list[PhoneEvent] = []
        for event in events:
            moved = later(event, begun)
            told += [moved, *self.event(moved)]
        return told

    def event(self, event: StringEvent) -> list[EntryEnded]:
        """Take what happened in the sound."""
        ended = self.passed(event.seconds) if not self._speaks else []
        match event:
            case SpeechStarted():
                self._speaks = True
            case Rejected():
                self._speaks, self._doubtful = False, bool(self._parts)
            case StringEnded(string=string, reason=reason):
                self._speaks = False
                self._parts.append(string)
                if reason != "flush":
                    return [*ended, *self._end(reason, event.seconds)]
                self._last_seconds = event.seconds
        return ended

    def passed(self, seconds: float) -> list[EntryEnded]:
        """Take note that so much of the sound has come: the pause after a key may have ended the entry."""
        if self._speaks or self._last_seconds is None or seconds < self._last_seconds + self.times.between_seconds:
            return []
        return self._end("pause", self._last_seconds + self.times.between_seconds)

    def hang_up(self, seconds: float) -> list[EntryEnded]:
        """Take the end of the call, and of its sound."""
        return self._end("hang-up", seconds) if self._parts else []

    def _length(self) -> int:
        return sum(1 if isinstance(part, str) else len(part.words) for part in self._parts)

    def _end(self, reason: EntryReason, seconds: float) -> list[EntryEnded]:
        parts, confidence = tuple(self._parts), 1.0
        verdicts = [part.accepted for part in parts if isinstance(part, DigitString)]
        for part in parts:
            confidence *= part.confidence if isinstance(part, DigitString) else 1.0
        accepted: bool | None = bool(parts) and not self._doubtful and False not in verdicts
        accepted = accepted and (self.times.lengths is None or self._length() in self.times.lengths)
        if accepted and None in verdicts:
            accepted = None
        text = "".join(part if isinstance(part, str) else part.text for part in parts)
        self.renew = self.renew or any(isinstance(part, str) for part in parts)  # its length was another one
        self._restart()
        return [EntryEnded(text, parts, confidence, accepted, reason, seconds)]


def later(event: StringEvent, seconds: float) -> StringEvent:
    """Return an event of a stream that began so many seconds after the call."""
    event = replace(event, seconds=event.seconds + seconds)
    if isinstance(event, Digit):
        return replace(event, word=event.word.later(seconds))
    if isinstance(event, StringEnded):
        words = tuple(word.later(seconds) for word in event.string.words)
        return replace(event, string=replace(event.string, words=words))
    return event
