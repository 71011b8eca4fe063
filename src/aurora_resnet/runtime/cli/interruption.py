"""Ctrl-C in ``listen``."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Self

from .sources import Chunks


class CtrlC:
    """Ctrl-C breaks off the wait for the next chunk, never the work on one."""

    def __init__(self) -> None:
        self._came = self._waiting = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(self, *_reason: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
        if self._waiting:
            raise KeyboardInterrupt

    def until(self, chunks: Chunks) -> Chunks:
        """Yield the chunks until Ctrl-C comes."""
        while not self._came:
            try:
                self._waiting = True
                chunk = next(chunks, None)
                self._waiting = False
            except KeyboardInterrupt:
                return
            if chunk is None:
                return
            yield chunk
