"""Text files of users: lists, manifests, tables and settings, in any Unicode encoding."""

import codecs
import errno
import io
import stat
from pathlib import Path

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_text(
    path: str | Path, *, newline: str | None = None, strict: bool = False, pipe: bool = False
) -> io.TextIOWrapper:
    r"""Open a text file for reading: UTF-8 with a byte order mark or without, or UTF-16 or -32 with one.

    Args:
        path: the file.
        newline: as for ``open``; the csv module wants ``""``.
        strict: raise ``UnicodeDecodeError`` for bytes that are no text; they are kept otherwise (as ``surrogateescape``
            does), since names of files may be any bytes.
        pipe: read a pipe too, for paths that the user named; reading one found in a folder could block for ever.

    Raises:
        OSError: if it cannot be opened, is no regular file, or holds zero bytes as UTF-16 without a mark does.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "list.txt"
    >>> _ = file.write_text("a.wav\nb.wav\n", encoding="utf-16")
    >>> with open_text(file) as lines:
    ...     [line.strip() for line in lines]
    ['a.wav', 'b.wav']
    """
    path = Path(path)
    if not pipe and not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    stream = path.open("rb")
    head = stream.peek(4)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8-sig")
    if encoding == "utf-8-sig" and b"\0" in head[:4]:
        stream.close()
        raise OSError(errno.EINVAL, "it is UTF-16 without a byte order mark, or no text; save it as UTF-8", str(path))
    lenient = "surrogateescape" if encoding == "utf-8-sig" else "replace"
    return io.TextIOWrapper(stream, encoding=encoding, errors="strict" if strict else lenient, newline=newline)
