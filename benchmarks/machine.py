"""Which processor a benchmark ran on."""

from __future__ import annotations

import platform
from pathlib import Path


def processor_name() -> str:
    """Return the name that the processor gives itself.

    >>> len(processor_name()) > 0
    True
    """
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
