"""Download ESC-10, 400 environmental recordings in ten classes (CC BY), out of the public ESC-50 archive.

Source: K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM Multimedia 2015. The
archive of ESC-50 (about 650 MB; CC BY-NC as a whole) is fetched, only the recordings that its table
``meta/esc50.csv`` marks ``esc10`` are extracted, and the archive is removed.

What is verified: the address names one fixed commit, over https; each extracted file has the CRC-32 of the
archive; there are exactly 40 recordings in each of the ten classes. What is not: the contents of the recordings, of
which no SHA-256 values are published.
"""

import re
from collections import Counter
from pathlib import Path

from aurora_resnet.corpora.archive import extract
from aurora_resnet.corpora.checking import read_table
from aurora_resnet.corpora.download import download_archive
from aurora_resnet.runtime.errors import CorpusError, DownloadError

ESC50_COMMIT = "33c8ce9eb2cf0b1c2f8bcf322eb349b6be34dbb6"
ESC50_URL = f"https://github.com/karolpiczak/ESC-50/archive/{ESC50_COMMIT}.zip"
#: The classes of ESC-10, under their names in ESC-50; each becomes a folder.
ESC10_CLASSES: tuple[str, ...] = (
    "chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog", "helicopter", "rain", "rooster",
    "sea_waves", "sneezing",
)  # fmt: skip

RECORDINGS_PER_CLASS = 40
_MAX_ARCHIVE_BYTES = 1_000_000_000  # it had 646 MB
_MAX_EXTRACTED_BYTES = 250_000_000  # 400 recordings of 441 kB
_TABLE = "meta/esc50.csv"
_DOCUMENTS = {_TABLE: "esc50.csv", "README.md": "README.md", "LICENSE": "LICENSE"}  # the credits of each clip


def download_esc10(target: str | Path, *, url: str = ESC50_URL, progress: bool = True) -> Path:
    """Download ESC-10 into the folder ``target``, one sub-folder per class.

    ``target`` appears only when everything is there; a complete ``target`` is checked and left alone. See the
    module for what is verified.

    Args:
        target: the folder to make: ``<target>/rain/1-17367-A-10.wav`` and so on, with ESC-50's table, README
            and licence.
        url: the zip archive of ESC-50, with one top folder around its contents.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: if there is no network, the address or the archive is wrong, a recording is missing
            or is not 5 s at 44.1 kHz, the disk is full, or ``target`` holds something else.

    >>> import tempfile
    >>> mine = Path(tempfile.mkdtemp())
    >>> _ = (mine / "notes.txt").write_text("not ESC-10")
    >>> download_esc10(mine)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... is not empty and not a complete copy: esc50.csv is missing; ...
    """
    limit = _MAX_ARCHIVE_BYTES
    return download_archive(url, target, _unpack, _find_problems, max_bytes=limit, progress=progress)


def _unpack(archive: Path, folder: Path) -> None:
    """Extract the table first, then the recordings that it marks, each into the folder of its class."""
    extract(archive, folder, lambda name: _DOCUMENTS.get(name.partition("/")[2]), max_bytes=10_000_000)
    if not (folder / "esc50.csv").is_file():
        raise DownloadError(f"{archive}: expected the table {_TABLE} of ESC-50 in the archive; it has none")
    places = {f"audio/{name}": f"{category}/{name}" for name, category in read_esc10_table(folder / "esc50.csv")}
    extract(archive, folder, lambda name: places.get(name.partition("/")[2]), max_bytes=_MAX_EXTRACTED_BYTES)


def read_esc10_table(path: str | Path) -> list[tuple[str, str]]:
    r"""Return file name and class of each row of ESC-50's table whose column ``esc10`` is True.

    Raises:
        DownloadError: if the table is no CSV, lacks a column, or names a file or class that ESC-10 cannot have.

    >>> import tempfile
    >>> table = Path(tempfile.mkdtemp()) / "esc50.csv"
    >>> _ = table.write_text("filename,category,esc10\n1-17367-A-10.wav,rain,True\n1-137-A-32.wav,wind,False")
    >>> read_esc10_table(table)
    [('1-17367-A-10.wav', 'rain')]
    """
    try:
        table = read_table(Path(path), "ESC-50's table", ["filename", "category", "esc10"])
        rows = [(row["filename"], row["category"]) for _, row in table if row["esc10"] == "True"]
    except CorpusError as error:
        raise DownloadError(str(error)) from error
    for name, category in rows:
        if not re.fullmatch(r"\d-\d+-[A-Z]-\d+\.wav", name or "") or category not in ESC10_CLASSES:
            raise DownloadError(f"{path}: '{name}' of class '{category}' cannot be a recording of ESC-10")
    return rows


def _find_problems(folder: Path) -> list[str]:
    """Name what is missing or wrong in a folder that should hold ESC-10."""
    if not (folder / "esc50.csv").is_file():
        return ["esc50.csv is missing"]
    rows = read_esc10_table(folder / "esc50.csv")
    counts = Counter(category for _, category in set(rows))
    problems = [
        f"expected {RECORDINGS_PER_CLASS} recordings of {category} in esc50.csv, found {counts[category]}"
        for category in ESC10_CLASSES
        if counts[category] != RECORDINGS_PER_CLASS
    ]
    places = [f"{category}/{name}" for name, category in rows]
    return problems + [f"{place} is missing" for place in places if not (folder / place).is_file()]
