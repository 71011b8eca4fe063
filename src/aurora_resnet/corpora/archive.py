"""Unpack the archive of a corpus, zip or tar, without trusting it.

An archive is data from outside: its names could point anywhere, its headers could lie about sizes. What is written
where is up to ``zipfile`` and to the filter ``tarfile.data_filter`` (PEP 706), which let nothing out of the folder.
"""

import errno
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aurora_resnet.runtime.errors import DownloadError

#: What the libraries raise, besides ``TarError`` and ``OSError``, when bytes are not what they should be.
_DAMAGE = (
    EOFError, IndexError, ValueError, RuntimeError, OverflowError, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
)  # fmt: skip


def extract(archive: Path, folder: Path, destination: Callable[[str], str | None], *, max_bytes: int) -> None:
    """Extract chosen files of an archive, zip or gzipped tar.

    Args:
        archive: the file.
        folder: where the files go; created if needed.
        destination: gets the name of an entry (``top/recordings/0_george_0.wav``) and returns the name that the file
            gets inside ``folder``, or None to leave it out.
        max_bytes: limit for the sum of the extracted bytes.

    Raises:
        DownloadError: if the archive is damaged or expands beyond the limit, or if a chosen entry is a link or a device
            or would leave the folder.
        OSError: if the disk refuses (the archive itself may be fine).

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(place / "a.zip", "w") as made:
    ...     made.writestr("top-26eb9aaf/recordings/one.wav", b"...")
    >>> extract(place / "a.zip", place, lambda name: name.partition("/")[2], max_bytes=9)
    >>> (place / "recordings" / "one.wav").read_bytes()
    b'...'
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    room = max_bytes

    def chosen(entry_name: str, size: int) -> str | None:
        nonlocal room
        name = destination(entry_name)
        room -= 0 if name is None else size
        if room < 0:
            raise DownloadError(f"{archive} expands beyond the limit of {max_bytes} bytes")
        return name

    def tar_filter(entry: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        name = None if entry.isdir() else chosen(entry.name, entry.size)
        if name is not None and not entry.isreg():
            raise DownloadError(f"{archive} is refused: its entry {entry.name!r} is a link or a special file")
        return None if name is None else tarfile.data_filter(entry.replace(name=name, deep=False), path)

    with _blamed(archive):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                for entry in opened.infolist():
                    name = None if entry.is_dir() else chosen(entry.filename, entry.file_size)
                    if name is not None:
                        entry.filename = name  # extract() takes "..", drives and roots out of it
                        opened.extract(entry, folder)
        elif not hasattr(tarfile, "data_filter"):
            raise DownloadError(f"{archive}: unpacking a tar archive needs Python 3.11.4 or newer; update Python")
        else:
            with tarfile.open(archive, "r:gz") as unzipped:
                unzipped.extractall(folder, filter=tar_filter)
                while unzipped.fileobj is not None and unzipped.fileobj.read(1 << 16):
                    pass  # gzip's checksum stands at the very end


@contextmanager
def _blamed(archive: str | Path) -> Iterator[None]:
    """Report faults of the archive as such; those of the disk, which have an error number, pass."""
    try:
        yield
    except (*_DAMAGE, tarfile.TarError, OSError) as error:
        disk = isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)  # a place before 0
        if disk and not isinstance(error, tarfile.TarError):
            raise
        raise DownloadError(
            f"{archive}: expected a sound archive, zip or tar.gz: {error or type(error).__name__}; it is damaged or "
            "something else, download it again"
        ) from error
