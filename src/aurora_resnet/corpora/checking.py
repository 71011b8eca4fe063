"""Checks that every reader of this room shares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aurora_resnet.runtime.errors import CorpusError

LISTED = 10
"""How many problems a message lists before it only counts."""


SOUND_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})
"""Endings, in lower case, of the files that the readers take for recordings."""


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


def raise_together(where: Path, problems: Sequence[str]) -> None:
    """Raise one error that lists the problems of a file or folder, or return if there are none.

    Raises:
        CorpusError: if ``problems`` is not empty; the first ten are listed, the others counted.

    >>> raise_together(Path("m.csv"), ["line 2: no words", "line 3: no path"])
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.CorpusError: m.csv: 2 problems
      line 2: no words
      line 3: no path
    """
    if not problems:
        return
    lines = [f"{where}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"]
    lines += [f"  {problem}" for problem in problems[:LISTED]]
    if len(problems) > LISTED:
        lines.append(f"  and {len(problems) - LISTED} more")
    raise CorpusError("\n".join(lines))
