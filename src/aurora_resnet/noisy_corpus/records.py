"""What a builder of noisy speech remembers: its settings, and a row for every utterance.

In SPEECHDATA lie ``settings.json``, ``manifest.csv`` and the hidden file ``.rows.csv``, to which a row is added after
its file was renamed into place. A file with its row is done; a killed build leaves at most a few files without one,
which are made again, bit for bit. Trees of 0.2 have a file of rows for each folder, in ``.rows``.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aurora_resnet.corpora import manifest
from aurora_resnet.corpora.checking import visible
from aurora_resnet.corpora.manifest import PREFIX, csv_row
from aurora_resnet.corpora.sources.aurora2 import MANIFEST, SETTINGS
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.files import atomic_path
from aurora_resnet.noisy_corpus.writer import ATTRIBUTES
from aurora_resnet.runtime.errors import ConfigError, CorpusError

#: Number of the way of building; a tree begun in one way cannot be continued in another.
FORMAT = 1

#: Columns of the manifest; an empty cell says that there is no such thing.
COLUMNS: tuple[str, ...] = (*manifest.COLUMNS, *(PREFIX + name for name in ATTRIBUTES))

#: An utterance as it is remembered: cells by column.
Row = dict[str, str]


class BuildRecords:
    """Settings and rows of one tree.

    Args:
        home: the folder SPEECHDATA.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.manifest = home / MANIFEST
        self._settings = home / SETTINGS
        self._rows = home / ".rows.csv"

    def begin(self, settings: Mapping[str, Any], noises: Mapping[str, str]) -> None:
        """Write the settings, or make sure that the tree was begun with the same ones.

        Args:
            settings: what must be equal.
            noises: a digest by scene; scenes may be added later, but not exchanged.

        Raises:
            ConfigError: naming the settings that differ.
            CorpusError: if the folder has files that no builder wrote.
        """
        now = {"format": FORMAT, **settings, "noises": dict(noises)}
        if self._settings.is_file():
            try:
                before = json.loads(self._settings.read_text(encoding="utf-8"))
                before_noises = dict(before["noises"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                raise CorpusError(f"{self._settings} is damaged ({error}); build into a new folder") from error
            different = [f"{name}: {before.get(name)!r}, now {now[name]!r}" for name in ("format", *settings)
                         if before.get(name) != now[name]]  # fmt: skip
            different += [f"the recordings of {scene}" for scene in noises
                          if before_noises.get(scene, noises[scene]) != noises[scene]]  # fmt: skip
            if different:
                raise ConfigError(
                    f"{self.home} was begun with other settings ({'; '.join(different)}); "
                    "give the same ones, or build into a new folder"
                )
            now["noises"] = before_noises | dict(noises)
        elif self.home.is_dir() and visible(self.home):
            raise CorpusError(f"{self.home} is not empty and has no {self._settings.name}; build into a new folder")
        with atomic_path(self._settings) as temporary:
            temporary.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def resume(self) -> set[Path]:
        """Return the files that are done, and forget the rest."""
        files = (*sorted(self.home.glob(".rows/*.csv")), self._rows)
        kept = {row["path"]: row for file in files for row in _read(file) if self._is_done(row)}
        _write(self._rows, kept.values())
        return {self.home / path for path in kept}

    def append(self, utterances: Iterable[Utterance]) -> None:
        """Remember utterances whose files were written."""
        with self._rows.open("a", **_TEXT) as stream:
            rows = (csv_row(u, u.path.relative_to(self.home).as_posix(), COLUMNS) for u in utterances)
            csv.writer(stream).writerows(rows)

    def write_manifest(self) -> None:
        """Write all rows, in an order that does not tell in which one the files were made."""
        rows = sorted(_read(self._rows), key=lambda row: row["path"])
        _write(self._rows, rows)
        _write(self.manifest, rows)

    def _is_done(self, row: Row) -> bool:
        """Tell whether the file of a row is there as it was written."""
        try:
            size = (self.home / row["path"]).stat().st_size
        except OSError:
            return False
        samples = row[f"{PREFIX}samples"]
        return samples.isdecimal() and size == 2 * int(samples) if row["sample_rate"] else size > 0


_TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}


def _write(file: Path, rows: Iterable[Row]) -> None:
    with atomic_path(file) as temporary, temporary.open("w", **_TEXT) as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _read(file: Path) -> list[Row]:
    """Return the whole rows of a file, none if there is no such file; the last one may have been cut off by a kill."""
    if not file.is_file():
        return []
    with file.open(**_TEXT) as stream:
        text = stream.read()
    rows = list(csv.reader(io.StringIO(text[: text.rfind("\r\n") + 2], newline="")))
    if not rows or tuple(rows[0]) != COLUMNS:
        return []
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:] if len(row) == len(COLUMNS)]
