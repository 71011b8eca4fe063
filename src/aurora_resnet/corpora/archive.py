"""Unpack the zip archive of a corpus without trusting it, and put a downloaded corpus in place whole.

An archive is data from outside: its names could point anywhere, its headers could lie about sizes. Names are
therefore checked one by one, and bytes and files are counted while they are written.
"""

from __future__ import annotations

import shutil
import stat
import sys
import uuid
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from aurora_resnet.corpora.download import fetch_file
from aurora_resnet.runtime.errors import DownloadError

_BLOCK_BYTES = 1 << 16
_SHOWN_PROBLEMS = 10


def extract_zip(
    archive: str | Path,
    folder: str | Path,
    destination: Callable[[str], str | None],
    *,
    max_bytes: int,
    max_files: int,
) -> list[Path]:
    """Extract chosen files of a GitHub-style archive, whose one top folder is stripped from all names.

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
        DownloadError: if the archive is not a readable zip file; if any entry, extracted or not, has an
            absolute name, a drive letter or ``..``, or is a link or a device; or if a limit is exceeded.
        OSError: if the disk refuses (the archive itself may be fine).

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(place / "a.zip", "w") as made:
    ...     made.writestr("top-26eb9aaf/recordings/one.wav", b"...")
    >>> files = extract_zip(place / "a.zip", place, lambda name: name, max_bytes=9, max_files=1)
    >>> (place / "recordings" / "one.wav").read_bytes()
    b'...'
    """
    folder, extracted, total = Path(folder), list[Path](), 0
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            for entry in entries:
                _check_entry(entry)
            if len({entry.filename.split("/")[0] for entry in entries}) != 1:
                raise DownloadError(f"{archive}: expected one top folder in the archive, as GitHub makes it")
            for entry in entries:
                inner = entry.filename.partition("/")[2]
                name = None if entry.is_dir() or not inner else destination(inner)
                if name is None:
                    continue
                if len(extracted) == max_files:
                    raise DownloadError(f"{archive} holds more than {max_files} files to extract, the limit")
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, path.open("xb") as file:
                    while block := source.read(_BLOCK_BYTES):
                        total += len(block)
                        if total > max_bytes:
                            raise DownloadError(f"{archive} expands beyond the limit of {max_bytes} bytes")
                        file.write(block)
                extracted.append(path)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, FileExistsError) as error:
        raise DownloadError(f"{archive}: expected a sound zip archive: {error}; download it again") from error
    return extracted


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse an entry that could be written outside the target folder, on any operating system."""
    parts = entry.filename.removesuffix("/").split("/")  # an empty part: absolute, or so without the top folder
    unsafe = {"", ".", ".."} & set(parts) or {":", "\\"} & set(entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if unsafe or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "points outside the target folder" if unsafe else "is a link or a special file"
        raise DownloadError(f"the archive is refused: its entry {entry.filename!r} {what}")


def download_archive(
    url: str,
    target: str | Path,
    unpack: Callable[[Path, Path], None],
    find_problems: Callable[[Path], list[str]],
    *,
    max_bytes: int,
    progress: bool = True,
) -> Path:
    """Download a zip archive and put its verified contents at ``target``, whole or not at all.

    A target that is complete already is left alone; one that holds anything else is never overwritten. The
    archive lies beside the target (``<target>-download.zip``) until its contents are in place, so that an
    interrupted call can be continued; an archive with wrong contents is removed.

    Args:
        url: the address of the archive.
        target: the folder of the corpus.
        unpack: extracts an archive (first argument) into an empty folder (second).
        find_problems: what is missing or wrong in such a folder, one line each; empty if it is complete.
        max_bytes: limit for the size of the archive itself.
        progress: show a progress bar (on a terminal), or a line on standard error if nothing is to be done.

    Returns:
        ``target``.

    Raises:
        DownloadError: if anything on the way fails; the message says what to do.

    >>> import tempfile
    >>> full = Path(tempfile.mkdtemp())
    >>> _ = (full / "mine.txt").write_text("notes")
    >>> url = "https://example.org/a.zip"
    >>> download_archive(url, full, shutil.unpack_archive, lambda _: ["one.wav is missing"], max_bytes=9)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.DownloadError: ... is not empty and not a complete copy: one.wav is missing; ...
    """
    target = Path(target)
    archive = target.with_name(f"{target.name}-download.zip")
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            if problems := find_problems(target):
                raise DownloadError(
                    f"{target} is not empty and not a complete copy: {_list_problems(problems)}; "
                    f"move it away or choose another folder"
                )
            if progress:
                tqdm.write(f"{target} is complete and verified: nothing to download", file=sys.stderr)
            return target
        fetch_file(url, archive, max_bytes=max_bytes, progress=progress)
        try:
            _check_is_zip(archive, url)
            unfinished.mkdir()
            unpack(archive, unfinished)
            if problems := find_problems(unfinished):
                raise DownloadError(
                    f"{url} is not what was published: {_list_problems(problems)}; "
                    f"run again, and report it if it happens twice"
                )
        except DownloadError:
            archive.unlink()
            raise
        if target.exists():
            target.rmdir()  # empty, or an error
        unfinished.replace(target)
        archive.unlink()
    except OSError as error:
        raise DownloadError(
            f"cannot write {target}: {error.strerror or error}; make room or take another folder and repeat"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _check_is_zip(archive: Path, url: str) -> None:
    """Refuse what is plainly something else, for example the log-in page of a wireless network."""
    if not zipfile.is_zipfile(archive):
        with archive.open("rb") as file:
            start = file.read(40)
        raise DownloadError(f"{url} is not a zip archive: it begins with {start!r}; check the network")


def _list_problems(problems: list[str]) -> str:
    """Join the first problems and the number of the others."""
    more = len(problems) - _SHOWN_PROBLEMS
    return "; ".join(problems[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
