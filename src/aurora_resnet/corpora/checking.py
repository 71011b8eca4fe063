"""Checks that every reader of this room shares."""

import csv
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from aurora_resnet.runtime.audio.kinds import SOUND_SUFFIXES
from aurora_resnet.runtime.errors import AuroraError, CorpusError, listed
from aurora_resnet.text_files import open_text

Row = TypeVar("Row")
Read = TypeVar("Read")

logger = logging.getLogger(__name__)

#: How many files a message names before it only counts.
NAMED = 5
#: How many problems a message lists before it only counts.
LISTED = 10


def is_recording(path: Path) -> bool:
    """Return whether a path in a folder is taken for a recording: by its ending, and only if it is a regular file."""
    return path.suffix.lower() in SOUND_SUFFIXES and path.is_file()


class LeftOut:
    """What lies in a searched folder and is taken for no recording.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("a.opus", "notes.txt"):
    ...     (folder / name).touch()
    >>> left_out = LeftOut()
    >>> [path.name for path in left_out.recordings(folder, visible(folder))], left_out.names
    (['a.opus'], ['notes.txt'])
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def recordings(self, folder: Path, paths: Iterable[Path]) -> list[Path]:
        """Return the recordings among what lies in a folder, and warn of what is left out; folders are passed over."""
        found = []
        for path in paths:
            if is_recording(path):
                found.append(path)
            elif not path.is_dir():
                self.names.append(path.name)
        self.warn(folder)
        return found

    def warn(self, where: str | Path) -> None:
        """Say what was left out, if anything was."""
        if self.names:
            told = "%s: left out, no recording by name or no regular file: %d, %s"
            logger.warning(told, where, len(self.names), listed(self.names, NAMED))


def check_folder(folder: str | Path, what: str) -> Path:
    """Return ``folder`` as a path if it is a folder.

    Args:
        folder: where the corpus should be.
        what: what was looked for, for the message.

    Raises:
        CorpusError: if there is no such folder.

    >>> check_folder("no/such/place", "the FSDD folder")
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: no/such/place: the FSDD folder is not there; check the path
    """
    path = Path(folder)
    if path.is_file():
        raise CorpusError(f"{path}: {what} should be a folder, and this is a file")
    if not path.is_dir():
        raise CorpusError(f"{path}: {what} is not there; check the path")
    return path


def visible(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted by name, without hidden entries (``.DS_Store``).

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b", "a", ".hidden"):
    ...     (folder / name).touch()
    >>> [path.name for path in visible(folder)]
    ['a', 'b']
    """
    return sorted((path for path in folder.iterdir() if path.name[0] != "."), key=lambda path: path.name)


def read_table(path: Path, what: str, columns: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    r"""Yield line number and row of a CSV file with a header.

    Args:
        path: the file.
        what: what it is, for messages.
        columns: that it must have.

    Raises:
        CorpusError: if it cannot be read, is no CSV, or lacks a column or a field.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m.csv"
    >>> _ = file.write_text("word,speaker\none,me\n")
    >>> list(read_table(file, "the list", ["word"]))
    [(2, {'word': 'one', 'speaker': 'me'})]
    """
    try:
        with open_text(path, newline="", strict=True) as stream:
            reader = csv.DictReader(stream, strict=True)
            found = reader.fieldnames or []
            if missing := [column for column in columns if column not in found]:
                raise CorpusError(
                    f"{path}: {what} lacks {', '.join(missing)}; it has {', '.join(found) or 'no columns'}"
                )
            for row in reader:
                if None in row or None in row.values():
                    raise CorpusError(f"{path}: line {reader.line_num}: expected {len(found)} fields")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: {what} cannot be read: {error}") from error


def raise_together(where: Path, problems: Sequence[str]) -> None:
    """Raise one error that lists the problems of a file or folder, or return if there are none.

    Raises:
        CorpusError: if ``problems`` is not empty; the first ten are listed, the rest is counted.

    >>> raise_together(Path("m.csv"), ["line 2: no words", "line 3: no path"])
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: m.csv: 2 problems
      line 2: no words
      line 3: no path
    """
    if not problems:
        return
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    more = [f"and {len(problems) - LISTED} more"] if len(problems) > LISTED else []
    raise CorpusError("\n  ".join([f"{where}: {count}", *problems[:LISTED], *more]))


def read_each(path: Path, numbered: Iterable[tuple[int, Row]], read: Callable[[Row], Read]) -> tuple[Read, ...]:
    """Return what is read from each row of a file; bad lines are reported together.

    Args:
        path: the file.
        numbered: its rows, each with the number of its line.
        read: reads one.

    Raises:
        CorpusError: listing the lines that could not be read.

    >>> read_each(Path("m.csv"), [(2, "1"), (3, "2")], int)
    (1, 2)
    """
    found, problems = [], []
    for number, row in numbered:
        try:
            found.append(read(row))
        except AuroraError as error:
            problems.append(f"line {number}: {error}")
    raise_together(path, problems)
    return tuple(found)
