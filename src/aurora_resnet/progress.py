"""How far a long command is: a bar on a terminal; a line every few seconds, with the time left, anywhere else."""

from __future__ import annotations

import io
import sys
from typing import Any

from tqdm.asyncio import tqdm

#: Between two lines, and before the first: what is done sooner says nothing.
SECONDS = 10.0
LINE = "{desc}{n_fmt} of {total_fmt} {unit}s, {elapsed} so far, {remaining} left{postfix}"


def progress_bar(*, total: int, unit: str, show: bool, desc: str = "", initial: int = 0) -> tqdm[Any]:
    """Return what counts things that are done, by ``update``.

    Args:
        total: number of things.
        unit: what one of them is, as ``clip``.
        show: whether to show anything.
        desc: what is done.
        initial: things that were done before.

    >>> with progress_bar(total=2, unit="clip", show=True) as bar:  # too fast to say anything
    ...     bar.update()
    """
    options: dict[str, Any] = {"total": total, "unit": unit, "desc": desc or None, "initial": initial}
    if not show or sys.stderr.isatty():
        return tqdm(**options, disable=not show)
    return tqdm(**options, file=_Lines(), delay=SECONDS, mininterval=SECONDS, maxinterval=SECONDS, bar_format=LINE)


class _Lines(io.TextIOBase):
    """A stream on which what would overwrite a line becomes a line of its own."""

    def write(self, text: str) -> int:
        if line := text.strip():
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        return len(text)
