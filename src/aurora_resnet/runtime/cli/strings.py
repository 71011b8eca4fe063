"""``--string``: digits one after another, in files and as they are spoken."""

from __future__ import annotations

import argparse
import json
import sys

from ..audio.encodings import Encoding
from ..decision import VERDICTS
from ..errors import AudioError, ConfigError
from ..model_reference import EXPORTED_STRINGS
from ..processors import cores
from ..strings.checks import CHECKS
from ..strings.events import Digit, Partial, StringEnded, StringEvent, StringTimes, event_values
from ..strings.recognizer import DigitString, StringRecognizer
from ..strings.streams import StringStreams
from .interruption import CtrlC
from .recognize import in_parts, open_pipe, print_answers
from .sources import PIPE, open_source
from .terminal import tell

TIMES = {"--no-input": "no_input_seconds", "--between": "between_seconds", "--at-most": "at_most_seconds"}
_TIMES_HELP = {
    "--no-input": "after so many seconds without speech say no_input",
    "--between": "a pause of so many seconds ends a string",
    "--at-most": "a string is cut so many seconds after its first word",
}


def add_string_options(command: str, parser: argparse.ArgumentParser) -> None:
    """Give the parser of ``recognize`` or ``listen`` the options of strings."""
    group = parser.add_argument_group("strings of digits")
    group.add_argument("--string", action="store_true", help="digits one after another, as in a telephone number")
    group.add_argument(
        "--length", type=int, action="append", metavar="N", help="how many digits it has, if known; may be repeated"
    )
    if command == "recognize":
        group.add_argument("--check", choices=CHECKS, help="look for strings with a right check digit only")
        return
    for option, name in TIMES.items():
        default = getattr(StringTimes, name)
        group.add_argument(
            option, dest=name, type=float, metavar="SECONDS", help=f"{_TIMES_HELP[option]} (default {default:g})"
        )


def check_string_options(options: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    Raises:
        ConfigError: for options of strings without ``--string``, or lengths below 1.
    """
    names = {"length": "--length", "check": "--check"} | {name: option for option, name in TIMES.items()}
    given = [option for name, option in names.items() if getattr(options, name, None) is not None]
    if given and not options.string:
        raise ConfigError(f"{given[0]} is about strings; add --string")
    if options.length is not None and min(options.length) < 1:
        raise ConfigError(f"--length must be at least 1, got {min(options.length)}")


def run_string_command(command: str, options: argparse.Namespace, threads: int | None) -> int:
    """Recognise strings and return the exit code.

    Raises:
        AuroraError: if model, options or input are wrong.
    """
    model, device = options.model or EXPORTED_STRINGS[0], getattr(options, "compute", "cpu")
    trust_code = getattr(options, "trust_code", False)
    recognizer = StringRecognizer.from_pretrained(model, device=device, threads=threads, trust_code=trust_code)
    return recognize_strings(recognizer, options) if command == "recognize" else listen_strings(recognizer, options)


def recognize_strings(recognizer: StringRecognizer, options: argparse.Namespace) -> int:
    """Print the string of each file and return the exit code; files that cannot be read are named."""
    check = None if options.check is None else CHECKS[options.check]

    def answers(files: list[str]) -> list[tuple[str, DigitString | AudioError]]:
        return [(file, hear(file)) for file in files]

    def hear(file: str) -> DigitString | AudioError:
        try:
            return recognizer.recognize(open_pipe() if file == PIPE else file, lengths=options.length, check=check)
        except AudioError as error:
            return error

    heard = in_parts(answers, options.files, workers=options.threads or cores())
    return print_answers(heard, options, _line)


def _line(answer: DigitString) -> str:
    why = f"\t{answer.reason}" if answer.accepted is False else ""
    return f"{answer.text}\t{answer.confidence:.3f}\t{VERDICTS[answer.accepted]}{why}"


def listen_strings(recognizer: StringRecognizer, options: argparse.Namespace) -> int:
    """Print what happens in a stream as it happens and return the exit code."""
    encoding: Encoding | None = options.encoding
    times = {name: getattr(options, name) for name in TIMES.values() if getattr(options, name) is not None}
    streams = StringStreams(recognizer.model, StringTimes(lengths=options.length, **times))
    sample_rate, chunks = open_source(options.file, options.device, options.rate, encoding)
    stream, heard, strings = streams.open(sample_rate), 0, 0
    with CtrlC() as ctrl_c:
        for chunk in ctrl_c.until(chunks):
            heard += len(chunk)
            strings += _show(streams.push({stream: chunk})[stream], options.json)
        strings += _show(streams.close(stream), options.json)
    tell(f"{strings} string{'' if strings == 1 else 's'} in {heard / sample_rate:.1f} s")
    return 0


def _show(events: list[StringEvent], as_json: bool) -> int:
    """Print events and return how many strings ended."""
    for event in events:
        values = event_values(event)
        line = json.dumps(values) if as_json else "\t".join((f"{event.seconds:.2f}", values["event"], *_facts(event)))
        sys.stdout.write(line + "\n")
        sys.stdout.flush()  # a pipe should have it now
    return sum(isinstance(event, StringEnded) for event in events)


def _facts(event: StringEvent) -> list[str]:
    if isinstance(event, Partial):
        return [event.text]
    if isinstance(event, Digit):
        return [event.word.word, f"{event.word.confidence:.3f}"]
    if isinstance(event, StringEnded):
        return [*_line(event.string).split("\t"), event.reason]
    return []
