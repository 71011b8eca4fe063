"""``listen``: words in running speech, as they are spoken.

Prints every word as soon as it is decided: from where to where it was spoken (seconds), word, confidence, and the
words so far. Ctrl-C ends it. Standard input is a WAV stream of 16 bits, or, with --rate, headerless mono samples.
The microphone needs the package sounddevice. With --string prints what happens, a line an event: when it was known
(seconds), speech_started, partial, digit, string_ended, rejected or no_input, and what was recognised, how sure.

Examples:
  {program} listen
  {program} listen --json recording.wav
  arecord -t raw -f S16_LE -r 16000 | {program} listen --rate 16000 -
  {program} listen --rate 8000 --encoding mulaw - < call.ulaw
  {program} listen --string --length 4 --no-input 5
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .interruption import until_ctrl_c
from .sources import open_source
from .strings import Strings
from .terminal import tell
from .words import Words


def listen(task: Words | Strings, options: argparse.Namespace) -> int:
    """Print what happens in a stream as soon as it is decided and return the exit code."""
    sample_rate, chunks = open_source(options.file, options.device, options.rate, options.encoding)
    stream, came = task.stream(sample_rate), 0

    def show(events: list[Any]) -> None:
        for event in events:
            sys.stdout.write(task.event_line(event) + "\n")
            sys.stdout.flush()  # a pipe should have it now

    for chunk in until_ctrl_c(chunks):
        came += len(chunk)
        show(stream.feed(chunk))
    show(stream.finish())
    tell(f"{task.count} {task.noun}{'' if task.count == 1 else 's'} in {came / sample_rate:.1f} s")
    return 0
