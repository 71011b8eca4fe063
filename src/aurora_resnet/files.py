"""Write files whole or not at all, and keep two runs out of one folder."""

import errno
import json
import os
import shutil
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

#: Name of the file that marks a folder as taken, see ``locked_folder``.
LOCK = ".lock"
_UNWRITTEN = 0  # nanoseconds: the age of a temporary file before its writer has touched it


@contextmanager
def atomic_path(path: str | Path, *, durable: bool = True, new: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    The folder is created if needed. The temporary name keeps the suffix of ``path``, since writers choose the format by
    it. If the block raises, the temporary file is removed and ``path`` stays as it was. What a killed process left of
    the same file is removed by the next one that writes it; a lock shows whether its process is alive.

    A link stays a link: what it points to is written. A file that was there keeps its permissions, and its owner where
    the system allows. Devices and pipes (``/dev/stdout``) are written into, not replaced.

    Args:
        path: the file.
        durable: wait until the disk has the file, so that a power cut finds the old one or the new one, whole. Who
            writes thousands of files that can be made again may instead call ``flush_to_disk`` once for many.
        new: never replace a file, even one that appears meanwhile.

    Raises:
        FileExistsError: with ``new``, if there is such a file, from the beginning or at the end.
        OSError: if the system refuses, or if the block wrote nothing.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "a.txt").read_text(), len(list(folder.iterdir()))
    ('whole', 1)
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    before = target.stat() if target.exists() else None
    if new and before is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    if before is not None and not stat.S_ISREG(before.st_mode):
        with _copied_into(target) as temporary:
            yield temporary
        return
    if before is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    temporary, descriptor = _create_beside(target, 0o666 if before is None else 0o600)
    try:
        os.utime(temporary, ns=(_UNWRITTEN, _UNWRITTEN))
        if sys.platform == "win32":  # which renames no open file
            os.close(descriptor)
        yield temporary
        if temporary.stat().st_mtime_ns == _UNWRITTEN:
            raise FileNotFoundError(errno.ENOENT, "nothing was written to", str(target))
        if before is not None:
            if sys.platform != "win32":
                with suppress(OSError):
                    os.chown(temporary, before.st_uid, before.st_gid)
            temporary.chmod(stat.S_IMODE(before.st_mode))
        if durable:
            _sync(temporary)
        if new:
            _name_new(temporary, target)
        else:
            temporary.replace(target)
        if durable:
            _sync(target.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:  # after a rename the temporary name may be another writer's already
        if sys.platform != "win32":
            os.close(descriptor)


def flush_to_disk(paths: Iterable[Path]) -> None:
    """Wait until the disk has files that were written with ``durable=False``, which is cheap for many at once.

    >>> with atomic_path(Path(tempfile.mkdtemp()) / "a.txt", durable=False) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> flush_to_disk([])
    """
    paths = list(paths)
    for path in [*paths, *{path.parent for path in paths}]:
        _sync(path)


def write_json(value: Any, path: str | Path, *, indent: int = 2) -> None:
    """Write plain values as a JSON file, whole or not at all; folders are made as ``atomic_path`` makes them.

    >>> file = Path(tempfile.mkdtemp()) / "a.json"
    >>> write_json({"seed": 3}, file)
    >>> json.loads(file.read_text())
    {'seed': 3}
    """
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value, indent=indent) + "\n", encoding="utf-8")


@contextmanager
def locked_folder(folder: str | Path, otherwise: Exception) -> Iterator[None]:
    """Keep a folder to one run while the block lasts; the lock ends with the process, however that ends.

    Where the file system knows no locks, and on Windows, nothing is kept out.

    Args:
        folder: it is created if needed; while the block lasts it holds the file ``.lock``.
        otherwise: raised if another run, of any process or thread, has the folder.

    >>> place = Path(tempfile.mkdtemp())
    >>> with locked_folder(place, ValueError("taken")), locked_folder(place, ValueError("taken")):
    ...     pass
    Traceback (most recent call last):
    ValueError: taken
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    lock = Path(folder) / LOCK
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        free = True
        with suppress(OSError):
            free = _is_locked(descriptor, lock)
        if not free:
            raise otherwise
        try:
            yield
        finally:
            with suppress(OSError):  # a process that waits for it sees that it lost its name
                lock.unlink()
    finally:
        os.close(descriptor)


@contextmanager
def _copied_into(target: Path) -> Iterator[Path]:
    """Yield a file in the system's folder for temporary ones; copy it into a device or a pipe at the end."""
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / target.name
        yield temporary
        with temporary.open("rb") as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)


def _create_beside(target: Path, mode: int) -> tuple[Path, int]:
    """Create the temporary file of a target and hold its lock; another living writer of the target has another file."""
    usual = target.with_name(f".{target.stem}.partial{target.suffix}")
    other = target.with_name(f".{target.stem}.{uuid.uuid4().hex[:8]}{target.suffix}")
    for temporary in (usual, usual, other):  # the second time after what a killed process left is gone
        try:
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            _remove_if_dead(temporary)
            continue
        mine = True  # also where the file system knows no locks
        with suppress(OSError):
            mine = _is_locked(descriptor, temporary)
        if mine:
            return temporary, descriptor
        os.close(descriptor)  # another writer took it for dead between creation and lock
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def _name_new(temporary: Path, target: Path) -> None:
    """Give a temporary file its name if nothing has it; of all who try at once, one succeeds."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without second names: an empty file claims it
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        temporary.replace(target)
    else:
        temporary.unlink()


def _remove_if_dead(temporary: Path) -> None:
    """Remove a temporary file whose process has ended: its lock is free."""
    if sys.platform == "win32":
        return  # where a file that is open cannot be renamed, its lock ends too early
    with suppress(OSError):
        descriptor = os.open(temporary, os.O_RDWR | os.O_NOFOLLOW)
        try:
            if _is_locked(descriptor, temporary):
                temporary.unlink()
        finally:
            os.close(descriptor)


def _is_locked(descriptor: int, path: Path) -> bool:
    """Lock an open file until it is closed; return whether that was possible and the file still has its name.

    Raises:
        OSError: if the file system knows no locks.
    """
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sync(path: Path) -> None:
    """Wait for the disk; a folder only where the system can."""
    descriptor = None
    try:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
    except OSError as error:
        if path.is_dir() and error.errno not in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
            return
        raise
    finally:
        if descriptor is not None:
            os.close(descriptor)
