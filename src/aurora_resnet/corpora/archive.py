"""Unpack the archive of a corpus, zip or tar, without trusting it.

An archive is data from outside: its names could point anywhere, its headers could lie about sizes. Names are
therefore checked one by one, and bytes and files are counted while they are written.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from aurora_resnet.runtime.errors import DownloadError

_BLOCK_BYTES = 1 << 16
# Whatever the libraries raise when bytes are not what they should be. OSError is among it: bad gzip data, bad offsets.
_DAMAGE = (
    OSError, EOFError, ValueError, RuntimeError, OverflowError, zlib.error, lzma.LZMAError, struct.error,
    zipfile.BadZipFile, tarfile.TarError,
)  # fmt: skip


def extract_zip(
    archive: str | Path,
    folder: str | Path,
    destination: Callable[[str], str | None],
    *,
    max_bytes: int,
    max_files: int,
) -> list[Path]:
    """Extract chosen files of a GitHub-style zip archive, whose one top folder is stripped from all names.

    Args:
        archive: a zip file.
        folder: where the files go; created if needed.
        destination: gets a name without the top folder (``recordings/0_george_0.wav``) and returns the name
            that the file gets inside ``folder``, or None to leave it out.
        max_bytes: limit for the sum of the extracted bytes, counted while they are written.
        max_files: limit for the number of extracted files.

    Returns:
        The paths of the extracted files, in the order of the archive.

    Raises:
        DownloadError: if the archive is not a sound zip file; if any entry, extracted or not, has an absolute
            name, a drive letter or ``..``, or is a link or a device; or if a limit is exceeded.
        OSError: if the disk refuses (the archive itself may be fine).

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(place / "a.zip", "w") as made:
    ...     made.writestr("top-26eb9aaf/recordings/one.wav", b"...")
    >>> files = extract_zip(place / "a.zip", place, lambda name: name, max_bytes=9, max_files=1)
    >>> (place / "recordings" / "one.wav").read_bytes()
    b'...'
    """
    archive = Path(archive)
    target = _Target(archive, "zip", Path(folder), max_bytes, max_files)
    with archive.open("rb") as file:
        with target.blames_archive():
            opened = zipfile.ZipFile(file)
        entries = opened.infolist()
        for entry in entries:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            _check_entry(entry.filename, is_plain=kind in (0, stat.S_IFREG, stat.S_IFDIR))
        if len({entry.filename.split("/")[0] for entry in entries}) != 1:
            raise DownloadError(f"{archive}: expected one top folder in the archive, as GitHub makes it")
        for entry in entries:
            inner = entry.filename.partition("/")[2]
            name = None if entry.is_dir() or not inner else destination(inner)
            if name is not None:
                with target.blames_archive():
                    source = opened.open(entry)
                target.write(name, source)
    return target.written


def extract_tar(
    archive: str | Path,
    folder: str | Path,
    destination: Callable[[str], str | None],
    *,
    max_bytes: int,
    max_files: int,
) -> list[Path]:
    """Extract chosen files of a gzipped tar archive.

    Arguments, result and errors are those of ``extract_zip``, but nothing is stripped from the names except a
    ``./`` at their beginning, and an entry is checked when its turn comes: what stands before a bad one is
    extracted already.

    >>> import io, tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with tarfile.open(place / "a.tar.gz", "w:gz") as made:
    ...     entry = tarfile.TarInfo("./two/one.wav")
    ...     entry.size = 3
    ...     made.addfile(entry, io.BytesIO(b"..."))
    >>> files = extract_tar(place / "a.tar.gz", place, lambda name: name, max_bytes=9, max_files=1)
    >>> (place / "two" / "one.wav").read_bytes()
    b'...'
    """
    archive = Path(archive)
    target = _Target(archive, "tar.gz", Path(folder), max_bytes, max_files)
    with archive.open("rb") as file, gzip.GzipFile(fileobj=file) as stream:
        with target.blames_archive():
            opened = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115 (only what reads is to be blamed)
        while True:
            with target.blames_archive():
                entry = opened.next()
            if entry is None:
                break
            inner = entry.name.removeprefix("./")
            if inner in ("", "."):
                continue
            _check_entry(inner, is_plain=entry.isreg() or entry.isdir())
            name = None if entry.isdir() else destination(inner)
            if name is not None:
                with target.blames_archive():
                    source = opened.extractfile(entry)
                assert source is not None  # it is a plain file
                target.write(name, source)
        with target.blames_archive():
            while stream.read(_BLOCK_BYTES):  # gzip's checksum stands at the very end
                pass
    return target.written


@dataclass
class _Target:
    """The folder that files are extracted into, and what may still be written there."""

    archive: Path
    kind: str
    folder: Path
    max_bytes: int
    max_files: int
    written: list[Path] = field(default_factory=list)
    total_bytes: int = 0

    @contextmanager
    def blames_archive(self) -> Iterator[None]:
        """Report what goes wrong while the archive is read as its fault, apart from what the disk refuses to write."""
        try:
            yield
        except _DAMAGE as error:
            raise DownloadError(
                f"{self.archive}: expected a sound {self.kind} archive: {error or type(error).__name__}; "
                "it is damaged, download it again"
            ) from error

    def write(self, name: str, source: IO[bytes]) -> None:
        """Write one file, block by block."""
        if len(self.written) == self.max_files:
            raise DownloadError(f"{self.archive} holds more than {self.max_files} files to extract, the limit")
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb")
        except (FileExistsError, NotADirectoryError) as error:  # a name that is there twice, as file and as folder
            raise DownloadError(
                f"{self.archive}: expected a sound {self.kind} archive: {error}; it is damaged, download it again"
            ) from error
        with file, source:
            while True:
                with self.blames_archive():
                    block = source.read(_BLOCK_BYTES)
                if not block:
                    break
                self.total_bytes += len(block)
                if self.total_bytes > self.max_bytes:
                    raise DownloadError(f"{self.archive} expands beyond the limit of {self.max_bytes} bytes")
                file.write(block)
        self.written.append(path)


def _check_entry(name: str, *, is_plain: bool) -> None:
    """Refuse an entry that could be written outside the target folder, on any operating system."""
    parts = name.removesuffix("/").split("/")  # an empty part: absolute, or so without the top folder
    unsafe = {"", ".", ".."} & set(parts) or {":", "\\", "\0"} & set(name)
    if unsafe or not is_plain:
        what = "points outside the target folder" if unsafe else "is a link or a special file"
        raise DownloadError(f"the archive is refused: its entry {name!r} {what}")
