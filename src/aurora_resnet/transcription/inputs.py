"""The recordings of a transcription: folders, globs, manifests, lists and Parquet files become pieces of work.

A piece is what one worker does at a time and one file of the table holds. Of a Parquet file it is a run of whole row
groups, so that a worker reads nothing twice; of everything else it is a list of recordings.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from aurora_resnet.corpora.checking import LeftOut
from aurora_resnet.corpora.manifest import raw_format, raw_values
from aurora_resnet.corpora.registry import read_manifest
from aurora_resnet.runtime.audio.kinds import SOUND_SUFFIXES
from aurora_resnet.runtime.audio.reading import Recording, open_file
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.audio.sound_files import RawFormat, SoundBytes
from aurora_resnet.runtime.errors import AudioError, ConfigError
from aurora_resnet.text_files import open_text
from aurora_resnet.transcription.tables import PARQUET, parquet

#: Opens a recording, or raises ``AudioError``.
Opening = Callable[[], Recording]

#: Columns of a Parquet file that may hold the recordings, the first that is there; all but the path as ``datasets``.
AUDIO_COLUMNS = ("audio", "path", "file", "bytes")
MANIFESTS = (".csv", ".jsonl")


@dataclass(frozen=True)
class SoundPath:
    """A sound file; ``raw`` if it is headerless."""

    path: str
    raw: RawFormat | None = None


@dataclass(frozen=True)
class FilePiece:
    """Sound files."""

    files: tuple[SoundPath, ...]

    def __len__(self) -> int:
        return len(self.files)

    def recordings(self) -> Iterator[tuple[str, Opening]]:
        """Yield each recording's name and what opens it."""
        for file in self.files:
            yield file.path, partial(open_file, file.path, file.raw)

    def part(self, position: int) -> FilePiece:
        """Return the piece of one recording."""
        return FilePiece(self.files[position : position + 1])

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"files": [[file.path, None if file.raw is None else raw_values(file.raw)] for file in self.files]}


@dataclass(frozen=True)
class TablePiece:
    """Rows of a Parquet file.

    Attributes:
        table: the file.
        column: with the recordings.
        groups: row groups that are read.
        first_row: number in the file of their first row.
        rows: how many rows the piece has.
        start: how many rows of the groups are passed over before them.
    """

    table: str
    column: str
    groups: tuple[int, ...]
    first_row: int
    rows: int
    start: int = 0

    def __len__(self) -> int:
        return self.rows

    def recordings(self) -> Iterator[tuple[str, Opening]]:
        """Yield each recording's name and what opens it."""
        folder = Path(self.table).parent
        at, end = 0, self.start + self.rows
        try:
            for value in self._cells():
                if self.start <= at < end:
                    yield _of_cell(value, f"{self.table}#{self.first_row + at}", folder)
                at += 1
                if at == end:
                    return
            reason = "it has fewer rows than it had"
        except (OSError, ValueError) as error:  # pyarrow's errors are both
            reason = str(error)
        for row in range(max(at, self.start), end):  # what cannot be read is told row by row
            yield f"{self.table}#{self.first_row + row}", partial(_refuse, f"{self.table} cannot be read: {reason}")

    def _cells(self) -> Iterator[Any]:
        with parquet().ParquetFile(self.table) as file:
            for batch in file.iter_batches(64, row_groups=list(self.groups), columns=[self.column]):
                for value in batch.column(0):
                    yield value.as_py()

    def part(self, position: int) -> TablePiece:
        """Return the piece of one recording."""
        return TablePiece(self.table, self.column, self.groups, self.first_row, 1, self.start + position)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"table": self.table, "column": self.column, "groups": list(self.groups), "first_row": self.first_row,
                "rows": self.rows}  # fmt: skip


InputPiece = FilePiece | TablePiece


def piece_of_dict(values: dict[str, Any]) -> InputPiece:
    """Return the piece that ``to_dict`` wrote.

    >>> piece_of_dict({"files": [["a.raw", {"sample_rate": 8000, "byte_order": "big"}], ["b.wav", None]]}).files[1]
    SoundPath(path='b.wav', raw=None)
    """
    if "files" in values:
        return FilePiece(tuple(SoundPath(path, raw_format(raw) if raw else None) for path, raw in values["files"]))
    return TablePiece(**{**values, "groups": tuple(values["groups"])})


def find_pieces(
    inputs: Sequence[str], size: int, *, column: str | None = None, warn: bool = True
) -> Iterator[InputPiece]:
    """Yield the pieces of inputs, in a fixed order; of what several of them name, each is taken once.

    Args:
        inputs: sound files, folders (searched to the bottom), globs (``**`` too), manifests (``.csv``, ``.jsonl``; see
            ``corpora.manifest``), lists (``.txt``, a path a line) and Parquet files.
        size: recordings of a piece, but for the last one and those of Parquet files.
        column: of Parquet files; the first of ``AUDIO_COLUMNS`` that is there, if not given.
        warn: say what of an input is left out, since its name is not that of a recording.

    Raises:
        ConfigError: for an input that is not there or holds no recordings.
        CorpusError: for a manifest with mistakes.
        MissingDependencyError: for a Parquet file without pyarrow.
    """
    waiting: list[SoundPath] = []
    seen: set[bytes] | None = set() if _may_repeat(inputs) else None
    for text in inputs:
        found, left_out = False, LeftOut()
        for one in _of_input(text, size, column, left_out):
            found = True
            if isinstance(one, TablePiece):
                if seen is None or _is_new(f"{one.table}#{one.first_row}", seen):
                    yield one
            elif seen is None or _is_new(one.path, seen):
                waiting.append(one)
                if len(waiting) == size:
                    yield FilePiece(tuple(waiting))
                    waiting = []
        if warn:
            left_out.warn(text)
        if not found:
            raise ConfigError(
                f"{text}: no recordings there; expected files that end as recordings do (.wav, .mp3, .m4a and so on)"
            )
    if waiting:
        yield FilePiece(tuple(waiting))


def _of_input(text: str, size: int, column: str | None, left_out: LeftOut) -> Iterator[SoundPath | TablePiece]:
    path = Path(text).expanduser()
    if path.is_dir():
        yield from _below(path, size, column, left_out)
    elif path.is_file():
        yield from _of_file(path, size, column)
    elif any(sign in text for sign in "*?["):
        home = Path(path.anchor)  # pathlib follows no links to folders in "**", which may go round in circles
        for file in sorted(home.glob(str(path.relative_to(home)))):
            if any(part.startswith(".") for part in set(file.parts) - set(path.parts)):
                continue
            if not file.is_dir():
                yield from _of_file(file, size, column)
            elif "**" not in text:
                left_out.names.append(f"{file.name}{os.sep}")
    elif path.exists():
        raise ConfigError(
            f"{text} is no regular file; expected sound files, folders, globs, manifests or Parquet files"
        )
    else:
        raise ConfigError(f"there is no '{text}'; expected sound files, folders, globs, manifests or Parquet files")


def _of_file(path: Path, size: int, column: str | None) -> Iterator[SoundPath | TablePiece]:
    suffix = path.suffix.lower()
    if suffix == PARQUET:
        yield from _table_pieces(path, size, column)
    elif suffix in MANIFESTS:
        yield from (SoundPath(os.fspath(one.path.absolute()), one.raw) for one in read_manifest(path, words=False))
    elif suffix == ".txt":
        try:
            with open_text(path) as lines:
                names = (line.rstrip("\n") for line in lines)
                yield from (SoundPath(os.fspath((path.parent / name).absolute())) for name in names if name)
        except OSError as error:
            raise ConfigError(f"{path}: the list cannot be read ({error.strerror})") from None
    else:
        yield SoundPath(os.fspath(path.absolute()))


def _below(folder: Path, size: int, column: str | None, left_out: LeftOut) -> Iterator[SoundPath | TablePiece]:
    """Yield the sound files and the Parquet files of a folder and all below it, in order; hidden ones are not."""
    for home, folders, names in os.walk(folder.absolute()):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  (a Path for each of millions takes minutes)
            if name.startswith("."):
                continue
            if suffix in SOUND_SUFFIXES:
                yield SoundPath(f"{home}{os.sep}{name}")
            elif suffix == PARQUET:
                yield from _table_pieces(Path(home) / name, size, column)
            else:
                left_out.names.append(os.path.relpath(f"{home}{os.sep}{name}", folder))


def _table_pieces(path: Path, size: int, column: str | None) -> Iterator[TablePiece]:
    if not path.is_file():
        raise ConfigError(f"{path} is no regular file; expected Parquet")
    try:
        with parquet().ParquetFile(path) as file:
            names, counts = file.schema_arrow.names, [
                file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)
            ]  # fmt: skip
    except (OSError, ValueError) as error:  # pyarrow's errors are both
        raise ConfigError(f"{path} cannot be read as Parquet ({error})") from None
    wanted = (column,) if column else AUDIO_COLUMNS
    chosen = next((name for name in wanted if name in names), None)
    if chosen is None:
        raise ConfigError(
            f"{path} has no column {' or '.join(wanted)}, it has {', '.join(names[:12])}; name one with --column"
        )
    groups: list[int] = []
    first = rows = 0
    for number, count in enumerate(counts):
        groups.append(number)
        rows += count
        if rows >= size or (number == len(counts) - 1 and rows):
            yield TablePiece(os.fspath(path.absolute()), chosen, tuple(groups), first, rows)
            first, rows, groups = first + rows, 0, []


def _of_cell(value: Any, name: str, folder: Path) -> tuple[str, Opening]:
    """Return name and opening of a path relative to the table's folder, of bytes, or of a mapping of ``datasets``."""
    if isinstance(value, dict) and value.get("array") is None:
        value = value.get("bytes") or value.get("path")
    if isinstance(value, str):
        path = os.fspath(folder / value)
        return path, partial(open_file, path)
    if isinstance(value, bytes):
        return name, partial(open_file, SoundBytes(value, name))
    return name, partial(_open_value, value, name)


def _open_value(value: Any, name: str) -> Recording:
    return _refuse(f"{name}: the cell is empty") if value is None else open_recording(value)


def _refuse(reason: str) -> NoReturn:
    raise AudioError(reason)


def _may_repeat(inputs: Sequence[str]) -> bool:
    """Tell whether a recording may be named twice; a folder alone names none twice, and needs no memory to know."""
    return len(inputs) > 1 or not Path(inputs[0]).expanduser().is_dir()


def _is_new(path: str, seen: set[bytes]) -> bool:
    digest = hashlib.blake2b(os.fsencode(path), digest_size=12).digest()
    new = digest not in seen
    seen.add(digest)
    return new
