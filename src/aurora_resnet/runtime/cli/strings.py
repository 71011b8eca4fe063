"""``--string``: digits one after another, in files and as they are spoken."""

import argparse
import json
from typing import get_args

from ..audio.recordings import AnyRecording
from ..audio.waveform import Samples
from ..decision import VERDICTS
from ..errors import ConfigError
from ..model_reference import EXPORTED_STRINGS
from ..strings.answer import DigitString
from ..strings.events import Digit, Partial, StringEnded, StringEvent, StringTimes, event_values
from ..strings.recognizer import STREAMING, StringRecognizer
from ..strings.rules import CHECKS, Numbers, read_known
from ..strings.stream import StringStream
from .task import Task

TIMES = {
    "--no-input": ("no_input_seconds", "after so many seconds without speech say no_input"),
    "--between": ("between_seconds", "a pause of so many seconds ends a string"),
    "--at-most": ("at_most_seconds", "a string is cut so many seconds after its first word"),
}


def add_string_options(command: str, parser: argparse.ArgumentParser) -> None:
    """Give the parser of ``recognize`` or ``listen`` the options of strings."""
    group = parser.add_argument_group("strings of digits")
    always = "" if command == "recognize" else " (always so without --model)"
    group.add_argument(
        "--string", action="store_true", help=f"digits one after another, as in a telephone number{always}"
    )
    group.add_argument(
        "--length", type=int, action="append", metavar="N", help="how many digits it has, if known; may be repeated"
    )
    group.add_argument("--check", choices=CHECKS, help="look for strings with a right check digit only")
    group.add_argument("--known", metavar="FILE", help="look for these numbers only: a text file with one a line")
    group.add_argument(
        "--numbers",
        choices=get_args(Numbers),
        help="digits: refuse numbers said otherwise, as 'forty seven' (default); spoken: read them, if the model can",
    )
    if command == "recognize":
        return
    group.add_argument(
        "--second-look",
        choices=("on", "off"),
        help=f"off: {STREAMING} alone answers, and no other model reads a finished string once more",
    )
    for option, (name, text) in TIMES.items():
        default = getattr(StringTimes, name)
        group.add_argument(option, dest=name, type=float, metavar="SECONDS", help=f"{text} (default {default:g})")


def check_string_options(options: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    Raises:
        ConfigError: for options of strings without ``--string``, or lengths below 1.
    """
    rules = ("length", "check", "known", "numbers", "second_look")
    names = {name: f"--{name.replace('_', '-')}" for name in rules} | {
        name: option for option, (name, _) in TIMES.items()
    }
    given = [option for name, option in names.items() if getattr(options, name, None) is not None]
    if given and not options.string:
        raise ConfigError(f"{given[0]} is about strings; add --string")
    if options.length is not None and min(options.length) < 1:
        raise ConfigError(f"--length must be at least 1, got {min(options.length)}")


class Strings(Task[StringRecognizer]):
    """Strings of words; ``command`` is ``recognize`` or ``listen``."""

    noun = "string"

    def __init__(self, command: str, options: argparse.Namespace, threads: int | None) -> None:
        del command
        given = {name: getattr(options, name, None) for name, _ in TIMES.values()}
        times = {name: seconds for name, seconds in given.items() if seconds is not None}
        known = options.known and read_known(options.known)
        self._times = StringTimes(
            lengths=options.length, check=options.check, known=known, numbers=options.numbers or "digits", **times
        )
        live = getattr(options, "second_look", None) == "off"
        super().__init__(StringRecognizer, STREAMING if live else EXPORTED_STRINGS[0], options, threads)
        self._times.search(self.recognizer.vocabulary)  # what the model cannot do is said before a file is read

    def prepare(self, recording: AnyRecording) -> Samples:
        """Return the waveform of a recording."""
        return self.recognizer.waveform(recording)

    def answer(self, prepared: list[Samples]) -> list[DigitString]:
        """Return the answers."""
        return self.recognizer.recognize_waveforms(prepared, self._times)

    def line(self, answer: DigitString) -> str:
        """Return an answer as text."""
        why = f"\t{answer.reason}" if answer.accepted is False else ""
        return f"{answer.text}\t{answer.confidence:.3f}\t{VERDICTS[answer.accepted]}{why}"

    def stream(self, sample_rate: float) -> StringStream:
        """Begin a stream."""
        return self.recognizer.stream(sample_rate, times=self._times)

    def event_line(self, event: StringEvent) -> str:
        """Return what happened."""
        self.count += isinstance(event, StringEnded)
        values = event_values(event)
        if self.options.json:
            return json.dumps(values)
        return "\t".join((f"{event.seconds:.2f}", values["event"], *self._of(event)))

    def _of(self, event: StringEvent) -> list[str]:
        if isinstance(event, Partial):
            return [event.text]
        if isinstance(event, Digit):
            return [event.word.word, f"{event.word.confidence:.3f}"]
        return [self.line(event.string), event.reason] if isinstance(event, StringEnded) else []
