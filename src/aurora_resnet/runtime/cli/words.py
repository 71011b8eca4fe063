"""Single words on the command line."""

import argparse
import json
from collections import deque
from dataclasses import asdict

from ..audio.clips import Clip
from ..audio.recordings import AnyRecording
from ..decision import VERDICTS
from ..model_reference import EXPORTED, SMALL
from ..recognizer import Recognition, Recognizer
from ..streaming.recognizer import StreamingRecognizer, WordEvent
from ..strings.events import in_milliseconds
from .task import Task

#: ``listen`` without a model is about strings, unless it is asked to keep the sound of words.
DEFAULTS = {"recognize": EXPORTED[0], "listen": SMALL}
#: How many of the last words the running string shows.
SHOWN = 40


class Words(Task[Recognizer]):
    """Single words; ``command`` is ``recognize`` or ``listen``."""

    def __init__(self, command: str, options: argparse.Namespace, threads: int | None) -> None:
        super().__init__(Recognizer, DEFAULTS[command], options, threads)
        self._digits = None not in self.recognizer.vocabulary.digits
        self.noun = "digit" if self._digits else "word"
        self._last = deque[str](maxlen=SHOWN)

    def prepare(self, recording: AnyRecording) -> Clip:
        """Return the clip of a recording."""
        return self.recognizer.clip(recording)

    def answer(self, prepared: list[Clip]) -> list[Recognition]:
        """Return the answers, computed in one batch."""
        return self.recognizer.recognize_clips(prepared)

    def line(self, answer: Recognition) -> str:
        """Return an answer as text."""
        return f"{answer.word}\t{answer.confidence:.3f}\t{VERDICTS[answer.accepted]}"

    def stream(self, sample_rate: float) -> StreamingRecognizer:
        """Begin a stream."""
        return self.recognizer.stream(sample_rate)

    def event_line(self, event: WordEvent) -> str:
        """Return a word and the last ones before it."""
        self.count += 1
        self._last.append(str(event.digit) if self._digits else event.word)
        string = ("..." if self.count > SHOWN else "") + ("" if self._digits else " ").join(self._last)
        if self.options.json:
            return json.dumps({**in_milliseconds(asdict(event)), "string": string})
        spoken = f"{event.start_seconds:.2f}-{event.end_seconds:.2f}"
        return f"{spoken}\t{event.word}\t{event.confidence:.3f}\t{string}"
