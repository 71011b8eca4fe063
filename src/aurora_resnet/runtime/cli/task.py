"""What ``recognize`` and ``listen`` ask of a task, words or strings."""

from __future__ import annotations

import argparse
from typing import Any, Protocol, TypeVar

import numpy.typing as npt

from ..audio.recordings import AnyRecording
from ..pretrained import Pretrained

PreparedT = TypeVar("PreparedT")
AnswerT = TypeVar("AnswerT", bound="Answer")
EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)
RecognizerT = TypeVar("RecognizerT", bound="Pretrained[Any]")


class Answer(Protocol):
    """What was recognised in one recording."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""


class Stream(Protocol[EventT_co]):
    """A stream of words or of strings."""

    def feed(self, samples: npt.ArrayLike) -> list[EventT_co]:
        """Take the next samples and return what happened."""

    def finish(self) -> list[EventT_co]:
        """End the stream and return what happened in its rest."""


class Task(Protocol[PreparedT, AnswerT, EventT]):
    """Words, or strings of them."""

    def prepare(self, recording: AnyRecording) -> PreparedT:
        """Return the model's input for a recording; ``AudioError`` if it cannot be used."""

    def answer(self, prepared: list[PreparedT]) -> list[AnswerT]:
        """Return the answers."""

    def line(self, answer: AnswerT) -> str:
        """Return an answer as text."""

    def stream(self, sample_rate: float) -> Stream[EventT]:
        """Begin a stream."""

    def event_line(self, event: EventT, *, as_json: bool) -> str:
        """Return an event as a line."""

    @property
    def found(self) -> str:
        """How many words or strings there were in the stream."""


def load(
    recognizer: type[RecognizerT], default: str, options: argparse.Namespace, threads: int | None
) -> RecognizerT:
    """Return the recogniser that the options name."""
    device, trust_code = getattr(options, "compute", "cpu"), getattr(options, "trust_code", False)
    model = options.model or default
    return recognizer.from_pretrained(model, device=device, threads=threads, trust_code=trust_code)


def plural(count: int, what: str) -> str:
    """Return a number with its noun.

    >>> plural(1, "word"), plural(2, "word")
    ('1 word', '2 words')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"
