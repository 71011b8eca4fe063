"""``aurora-resnet serve`` in a process of its own, for tests and benchmarks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server(model: str) -> Iterator[tuple[str, int]]:
    """Run the server while the block lasts; yields its address and its process."""
    with started(model) as (address, process):
        yield address, process.pid


@contextmanager
def started(model: str, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """As ``server``; yields what may be waited for."""
    command = [sys.executable, "-u", "-m", "aurora_resnet", "serve", "--model", model, "--port", "0", "--threads", "1"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[0], process
        finally:
            process.terminate()


def megabytes(process: int, what: str) -> float:
    """Return the resident set of a process: ``VmRSS`` now, ``VmHWM`` at most so far."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6
