"""Work for the engines' tests; worker processes import it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aurora_resnet.runtime.errors import ConfigError


@dataclass(frozen=True)
class Squares:
    """Squares numbers; dies at some of them, always or at the first attempt.

    Attributes:
        folder: remembers which numbers were tried.
        deadly: always end the worker.
        dangerous: end it once.
        wrong: raise an error.
    """

    folder: Path
    deadly: frozenset[int] = frozenset()
    dangerous: frozenset[int] = frozenset()
    wrong: frozenset[int] = frozenset()

    def __call__(self) -> Callable[[int], tuple[int, int]]:
        return self.work

    def work(self, number: int) -> tuple[int, int]:
        """Return the square and the process."""
        tried = self.folder / f"{number}"
        first = not tried.exists()
        tried.touch()
        if number in self.deadly or (first and number in self.dangerous):
            os.kill(os.getpid(), signal.SIGKILL)
        if number in self.wrong:
            raise ConfigError(f"{number} is no number to square")
        return number * number, os.getpid()
