"""``listen``: words in running speech, as they are spoken."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .interruption import CtrlC
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

    with CtrlC() as ctrl_c:
        for chunk in ctrl_c.until(chunks):
            came += len(chunk)
            show(stream.feed(chunk))
        show(stream.finish())
    tell(f"{task.count} {task.noun}{'' if task.count == 1 else 's'} in {came / sample_rate:.1f} s")
    return 0
