"""Download a corpus and put it in place whole, or not at all."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tqdm.auto import tqdm

from aurora_resnet.corpora.checking import LISTED
from aurora_resnet.files import LOCK, atomic_path, locked_folder
from aurora_resnet.runtime.errors import DownloadError, listed


def download_archive(
    url: str | Sequence[str],
    target: str | Path,
    unpack: Callable[[Path, Path], None],
    find_problems: Callable[[Path], list[str]],
    *,
    max_bytes: int,
    sha256: str | None = None,
    progress: bool = True,
) -> Path:
    """Download an archive and put its verified contents at ``target``, whole or not at all.

    A target that is complete already is left alone; one that holds anything else is never overwritten. The work
    is done beside the target, in the folder ``.<target>.aurora-download``. Nothing stays there but an archive
    that could not be unpacked yet, because the call was interrupted or the disk was full: the next call takes it
    up. A damaged or wrong archive is removed.

    Args:
        url: the address of the archive, or those of its parts in order.
        target: the folder of the corpus.
        unpack: extracts an archive (first argument) into an empty folder (second).
        find_problems: what is missing or wrong in such a folder, one line each; empty if it is complete.
        max_bytes: limit for the size of the archive itself.
        sha256: of the archive, in hexadecimal; without it ``find_problems`` alone verifies what is in it.
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
    # pooch and requests take a third of a second to load, and every reader of a corpus stands beside its download.
    from aurora_resnet.corpora.fetching import fetch_file

    urls = [url] if isinstance(url, str) else url
    target = Path(target)
    place = target.absolute()  # so that "." has a name
    work = place.with_name(f".{place.name}.aurora-download")
    archive, unpacked = work / f"{place.name}.archive", work / "unpacked"
    try:
        if _is_complete(target, find_problems):
            if progress:
                tqdm.write(f"{target} is complete and verified: nothing to download", file=sys.stderr)
            archive.unlink(missing_ok=True)  # of a call that was killed when all was in place
            return target
        with locked_folder(work, DownloadError(f"another download puts {target} in place; wait for its end")):
            try:
                if len(urls) == 1:
                    fetch_file(urls[0], archive, max_bytes=max_bytes, progress=progress)
                elif not archive.exists():
                    pieces = [archive.with_suffix(f".{number}") for number in range(len(urls))]
                    for address, piece in zip(urls, pieces, strict=True):
                        fetch_file(address, piece, max_bytes=max_bytes, progress=progress)
                    _join(pieces, archive)
                shutil.rmtree(unpacked, ignore_errors=True)  # of a call that was killed
                _unpack_verified(urls[0], archive, unpacked, unpack, find_problems, sha256)
                if place.exists():
                    place.rmdir()  # empty, or an error
                unpacked.replace(place)
                archive.unlink()
            finally:
                for path in work.iterdir():
                    if path.is_dir():
                        shutil.rmtree(path, ignore_errors=True)
                    elif path not in (archive, work / LOCK):
                        path.unlink()
    except OSError as error:
        raise DownloadError(
            f"cannot write {target}: {error.strerror or error}; make room or take another folder and repeat"
        ) from error
    finally:
        with suppress(OSError):
            work.rmdir()  # empty, unless an archive waits for the next call
    return target


def _join(pieces: Sequence[Path], archive: Path) -> None:
    """Write the pieces of an archive one after the other."""
    with atomic_path(archive, durable=False) as temporary, temporary.open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as file:
                shutil.copyfileobj(file, whole)


def _is_complete(target: Path, find_problems: Callable[[Path], list[str]]) -> bool:
    """Return whether the corpus is there already; anything else there is an error."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    if problems := find_problems(target):
        wrong = listed(problems, LISTED, "; ")
        raise DownloadError(
            f"{target} is not empty and not a complete copy: {wrong}; move it away or choose another folder"
        )
    return True


def _unpack_verified(
    url: str,
    archive: Path,
    unpacked: Path,
    unpack: Callable[[Path, Path], None],
    find_problems: Callable[[Path], list[str]],
    sha256: str | None,
) -> None:
    """Verify a fetched archive, unpack it and verify what was in it; a damaged or wrong archive is removed."""
    try:
        with archive.open("rb") as file:
            start = file.read(40)
            file.seek(0)
            if sha256 is not None and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise DownloadError(
                    f"{url} is not the published archive (its SHA-256 differs): it begins with {start!r}; "
                    "check the network and run this again"
                )
        unpacked.mkdir()
        unpack(archive, unpacked)
        if problems := find_problems(unpacked):
            wrong = listed(problems, LISTED, "; ")
            raise DownloadError(
                f"{url} is not what was published: {wrong}; run again, and report it if it happens twice"
            )
    except DownloadError:
        archive.unlink()
        raise
    if hasattr(os, "sync"):
        os.sync()  # before the name, so that a power cut leaves all or nothing; one by one, 100,000 files take minutes
