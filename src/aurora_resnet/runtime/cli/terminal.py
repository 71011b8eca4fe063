"""How commands speak: results on the standard output, everything else on the standard error stream; exit codes."""

import errno
import sys
import time
from collections.abc import Callable
from io import TextIOWrapper
from typing import NoReturn

from ..errors import AuroraError

#: Exit code of a command that did its work but had to leave something out, which it named.
PROBLEMS = 1
USAGE_ERROR = 2
INTERRUPTED = 130


def complain(message: str) -> None:
    """Print an error on the standard error stream."""
    print("error:", printable(message, keep="\n"), file=sys.stderr)  # noqa: T201


def tell(message: str) -> None:
    """Print a remark on the standard error stream, so that the standard output holds results only."""
    print(printable(message, keep="\n"), file=sys.stderr)  # noqa: T201


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text that any terminal shows on its line: control characters and stray bytes become escapes.

    >>> printable("a\nb"), printable("caf\udce9")
    ('a\\nb', 'caf\\udce9')
    """
    shown = (
        character if character in keep or character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
    return "".join(shown)


def exit_with(run: Callable[[], int | None]) -> NoReturn:
    """Run a command and exit: its code or 0 done, 1 done but with problems named, 2 wrong input, 130 interrupted."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # whatever a file is called, and whatever letters there are
    try:
        code = run() or 0
        sys.stdout.flush()  # where the disk is full it is said now
    except AuroraError as error:
        complain(str(error))
        code = USAGE_ERROR
    except KeyboardInterrupt:
        complain("interrupted")
        code = INTERRUPTED
    except BrokenPipeError:  # who reads the output left, as "head" does
        sys.stdout = None  # nothing may be flushed at the end
        code = 0
    except OSError as error:
        complain(f"{printable(str(error.filename or 'the output'))[:200]}: {error.strerror or error}; {_advice(error)}")
        code = USAGE_ERROR
    except MemoryError:
        complain("the memory of this machine is not enough; take fewer or shorter recordings, or a smaller model")
        code = USAGE_ERROR
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        sys.stdout = None  # it was said; what cannot be written is not tried again at the end
    sys.exit(code)


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room, then run the same command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "give a place where you may read and write"
    return "check the path"


class Progress:
    """A line on a terminal that says how far the work is; nothing where it is no terminal, or where results are seen.

    Args:
        total: of the things to do.
        what: they are, in the plural.
    """

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what, self.done = total, what, 0
        self.shown = sys.stderr.isatty() and not sys.stdout.isatty()
        self.started = self.last = time.monotonic()

    def update(self) -> None:
        """Count one more."""
        self.done += 1
        now = time.monotonic()
        if self.shown and (now - self.last > 0.2 or self.done == self.total):
            self.last = now
            rate = self.done / (now - self.started)
            left = (self.total - self.done) / rate
            line = f"\r{self.done} of {self.total} {self.what}, {rate:.0f} a second, {left:.0f} s left "
            sys.stderr.write(line if self.done < self.total else "\r" + " " * len(line) + "\r")
            sys.stderr.flush()
