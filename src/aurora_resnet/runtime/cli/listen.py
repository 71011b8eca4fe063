"""``listen``: words in running speech, as they are spoken."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .interruption import CtrlC
from .sources import open_source
from .task import EventT, Task
from .terminal import tell


def listen(task: Task[Any, Any, EventT], options: argparse.Namespace) -> int:
    """Print what happens in a stream as soon as it is decided and return the exit code."""
    sample_rate, chunks = open_source(options.file, options.device, options.rate, options.encoding)
    stream, came = task.stream(sample_rate), 0

    def show(events: list[EventT]) -> None:
        for event in events:
            sys.stdout.write(task.event_line(event, as_json=options.json) + "\n")
            sys.stdout.flush()  # a pipe should have it now

    with CtrlC() as ctrl_c:
        for chunk in ctrl_c.until(chunks):
            came += len(chunk)
            show(stream.feed(chunk))
        show(stream.finish())
    tell(f"{task.found} in {came / sample_rate:.1f} s")
    return 0
