"""Where the library's messages go while a long command works: to a file and to the terminal."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm.auto import tqdm

from aurora_resnet.runtime.cli.terminal import tell


class _AboveTheBar(logging.Handler):
    """Print log lines without tearing the progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


class _Told(logging.Handler):
    """Print warnings as remarks."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(self.format(record))


class _LogFile(logging.FileHandler):
    """A log that is no reason to stop: what is worth keeping is in the checkpoints."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Leave a line out where the disk is full."""


@contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Send the library's messages to a file, at whose end they are added, and to the terminal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _LogFile(path, encoding="utf-8", errors="backslashreplace")
    file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("aurora_resnet")
    logger.setLevel(logging.INFO)
    before, logger.handlers = logger.handlers, [file, _AboveTheBar()]
    try:
        yield
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers = before


@contextmanager
def warnings_told() -> Iterator[None]:
    """Print the library's warnings, such as what it left out of a folder, on the terminal."""
    logger, handler = logging.getLogger("aurora_resnet"), _Told(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
