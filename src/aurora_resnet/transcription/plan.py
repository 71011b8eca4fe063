"""What a transcription has to do, written before it begins, so that a killed one goes on and does nothing twice.

A folder of a transcription holds ``settings.json`` (what must not change), ``plan.jsonl`` (a piece a line), and
``rows/part-000000.parquet`` and so on, a file a piece. A piece is done when its file is there, and a file gets its name
when it is whole. So a kill loses the pieces on their way, and no row is there twice.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from aurora_resnet.files import atomic_path, write_json
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.transcription.inputs import InputPiece, find_pieces, piece_of_dict

FORMAT = 1
#: Where there are few recordings, the pieces are so small that each worker has so many.
PIECES_A_WORKER = 8


@dataclass(frozen=True)
class Job:
    """A piece, its number, and the file of the table that it becomes."""

    number: int
    piece: InputPiece
    part: Path


class Plan:
    """The plan of a folder.

    Args:
        out: the folder.
        suffix: of the files of the table, as in ``.csv``.
        most: recordings of a piece where there are many: a few seconds of work.
        fewest: recordings of a piece where there are few.
    """

    def __init__(self, out: Path, suffix: str, *, most: int, fewest: int) -> None:
        self.out, self.suffix, self.most, self.fewest = out, suffix, most, fewest
        self.rows = out / "rows"
        self._settings, self._pieces = out / "settings.json", out / "plan.jsonl"

    def begin(self, settings: Mapping[str, Any], inputs: Sequence[str], *, workers: int, column: str | None) -> None:
        """Make the plan, or take up the one that is there.

        Args:
            settings: all that the rows depend on; plain JSON values.
            inputs: see ``find_pieces``; a plan that is there is not made again, whatever was added to a folder since.
            workers: that will share the work.
            column: of Parquet files.

        Raises:
            ConfigError: for other settings than the folder was begun with, or inputs without recordings.
        """
        now = {"format": FORMAT, "inputs": [_absolute(text) for text in inputs], "column": column, **settings}
        if self._settings.is_file():
            try:
                before = json.loads(self._settings.read_text(encoding="utf-8"))
            except (ValueError, RecursionError) as error:
                raise self._damaged(self._settings, error) from error
            _check_same(before, now, self.out)
        elif self._pieces.exists() or self.rows.exists():
            raise ConfigError(
                f"{self.out} has no {self._settings.name}, but files of a transcription; choose another folder"
            )
        if not self._pieces.is_file():
            with atomic_path(self._pieces) as temporary, temporary.open("w", encoding="utf-8") as stream:
                for piece in self._sized(inputs, workers, column):
                    stream.write(json.dumps(piece.to_dict()) + "\n")
                write_json(now, self._settings)

    def jobs(self) -> Iterator[Job]:
        """Yield all pieces, one in memory at a time.

        Raises:
            ConfigError: if the plan is damaged.
        """
        try:
            with self._pieces.open(encoding="utf-8") as stream:
                for number, line in enumerate(stream):
                    yield Job(number, piece_of_dict(json.loads(line)), self.rows / f"part-{number:06d}{self.suffix}")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CorpusError) as error:
            raise self._damaged(self._pieces, error) from error

    def _sized(self, inputs: Sequence[str], workers: int, column: str | None) -> Iterable[InputPiece]:
        """Return the pieces, smaller ones where a few big ones would leave workers idle."""
        pieces = find_pieces(inputs, self.most, column=column)
        first = list(islice(pieces, PIECES_A_WORKER * workers))
        recordings = sum(map(len, first))
        if len(first) == PIECES_A_WORKER * workers or recordings <= self.fewest:
            return chain(first, pieces)
        size = max(self.fewest, -(-recordings // (PIECES_A_WORKER * workers)))
        return find_pieces(inputs, size, column=column, warn=False)

    def _damaged(self, path: Path, error: Exception) -> ConfigError:
        return ConfigError(f"{path} is damaged ({error}); choose another folder, or remove {self.out} to begin anew")


def _absolute(text: str) -> str:
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111  (a glob is no path)


def _check_same(before: Any, now: Mapping[str, Any], out: Path) -> None:
    known = before if isinstance(before, dict) else {}
    different = [
        f"{name} {str(known.get(name))[:80]!r}, now {str(value)[:80]!r}"
        for name, value in now.items()
        if known.get(name) != value
    ]
    if different:
        raise ConfigError(
            f"{out} was begun with other settings ({'; '.join(different)}); give the same ones, or another folder"
        )
