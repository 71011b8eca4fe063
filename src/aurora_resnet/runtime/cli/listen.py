"""``listen``: words in running speech, as they are spoken."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections import deque
from typing import Any

from ..recognizer import Recognizer
from ..streaming.recognizer import StreamingRecognizer, WordEvent
from .interruption import CtrlC
from .sources import open_source
from .terminal import tell

SHOWN = 40
"""How many of the last words the running string shows."""


def listen(recognizer: Recognizer, options: argparse.Namespace) -> int:
    """Print every word as soon as it is decided and return the exit code."""
    heard, count, last = 0, 0, deque[str](maxlen=SHOWN)
    digits = all(digit is not None for digit in recognizer.vocabulary.digits)

    def show(events: list[WordEvent]) -> None:
        nonlocal count
        for event in events:
            count += 1
            last.append(str(event.digit) if digits else event.word)
            string = ("..." if count > SHOWN else "") + ("" if digits else " ").join(last)
            if options.json:
                line = json.dumps({**_rounded(event), "string": string})
            else:
                spoken = f"{event.start_seconds:.2f}-{event.end_seconds:.2f}"
                line = f"{spoken}\t{event.word}\t{event.confidence:.3f}\t{string}"
            sys.stdout.write(line + "\n")
            sys.stdout.flush()  # a pipe should have it now

    sample_rate, chunks = open_source(options.file, options.device, options.rate, options.encoding)
    stream = StreamingRecognizer(recognizer, sample_rate)
    with CtrlC() as ctrl_c:
        for chunk in ctrl_c.until(chunks):
            heard += len(chunk)
            show(stream.push(chunk))
        show(stream.flush())
    what = ("digit" if digits else "word") + ("" if count == 1 else "s")
    tell(f"{count} {what} in {heard / sample_rate:.1f} s")
    return 0


def _rounded(event: WordEvent) -> dict[str, Any]:
    """Return the event with times in whole milliseconds."""
    values = dataclasses.asdict(event)
    return {name: round(value, 3) if name.endswith("_seconds") else value for name, value in values.items()}
