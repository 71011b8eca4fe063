"""The two lengths in the header of a WAV file, and what they should be.

A program that writes WAV into a pipe cannot go back to fill them in. It leaves 0 or a number about 2^31 or 2^32
there, which means "to the end"; so does a recorder that was switched off. Here such lengths are found and mended;
libsndfile decodes. Chunks are an identifier of four characters and a length, the data behind them, and a byte more if
it is odd.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

LENGTH_UNKNOWN = 0x7F000000
"""From here on, 16 MB below 2 GB, a length that is not there is a placeholder."""

LONGEST_HEADER = 1 << 20
"""Bytes before the samples; what comes later is not looked for."""
_MOST = 0xFFFFFFFF
_JUNK_BYTES = 512


class WavHeader(NamedTuple):
    """Where the samples of a WAV file begin, and how many bytes it says they are."""

    order: str
    format_start: int
    riff_length: int
    data_start: int
    data_length: int


def find_data(read: Callable[[int], bytes]) -> tuple[WavHeader, bytes] | None:
    """Read a header up to the samples; return it and its bytes, or ``None`` if it is none.

    Args:
        read: returns the next bytes, as many as it is told unless there are fewer.
    """
    header = read(12)
    order = {b"RIFF": "<", b"RIFX": ">"}.get(header[:4])
    if order is None or header[8:] != b"WAVE":
        return None
    (riff_length,) = struct.unpack_from(order + "I", header, 4)
    format_start = 0
    while len(header) <= LONGEST_HEADER:
        chunk = read(8)
        header += chunk
        if len(chunk) < 8:
            return None
        (length,) = struct.unpack_from(order + "I", chunk, 4)
        if chunk[:4] == b"data":
            return WavHeader(order, format_start, riff_length, len(header), length), header
        if length > LONGEST_HEADER:
            return None
        if chunk[:4] == b"fmt ":
            format_start = len(header)
        header += read(length + length % 2)
    return None


def mended(header: bytes, found: WavHeader, data_length: int) -> bytes:
    """Return a header with the true length of the samples."""
    data = struct.pack(found.order + "I", min(data_length, _MOST))
    riff = struct.pack(found.order + "I", min(found.data_start + data_length + data_length % 2 - 8, _MOST))
    return header[:4] + riff + header[8:-4] + data


def true_length(file: BinaryIO, found: WavHeader, size: int) -> int | str:
    """Return how many bytes of samples a file holds, or what is wrong with the length that it states.

    Args:
        file: can be moved about in.
        found: its header.
        size: of the whole file in bytes.
    """
    present = size - found.data_start
    if found.data_length > present:
        return present if found.data_length >= LENGTH_UNKNOWN else found.data_length
    behind = found.data_start + found.data_length + found.data_length % 2
    if behind >= size or _chunks_follow(file, behind, size, found.order):
        return found.data_length
    if found.data_length == 0:
        return present
    file.seek(behind)
    junk = size - behind
    if junk <= _JUNK_BYTES or not file.read(LONGEST_HEADER).strip(b"\0"):
        return found.data_length
    return (
        f"its header promises {found.data_length} bytes of samples, but {junk} more follow that are no chunk of a WAV "
        "file; the length is wrong, or something was put behind: write it again"
    )


def _chunks_follow(file: BinaryIO, start: int, size: int, order: str) -> bool:
    """Tell whether there are chunks from ``start`` to the end; the last one may be cut off."""
    while start + 8 <= size:
        file.seek(start)
        name, length = struct.unpack(order + "4sI", file.read(8))
        if not all(32 <= byte < 127 for byte in name):
            return False
        start += 8 + length + length % 2
    return True


class WavStream:
    """A WAV stream that cannot be moved about in, for the standard library's ``wave``; a placeholder is mended.

    A header with the extended form of the format (``WAVE_FORMAT_EXTENSIBLE``) gets the plain form if it is PCM.

    Args:
        file: from its beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._head = b""
        found = find_data(self._keep)
        self.data_bytes: int | None = None
        """Length of the samples, ``None`` if the header does not say it."""
        if found is None:
            return
        header, head = found
        if 0 < header.data_length < LENGTH_UNKNOWN:
            self.data_bytes = header.data_length
        else:
            head = mended(head, header, _MOST)
        at = header.format_start
        if head[at : at + 2] == b"\xfe\xff" and head[at + 24 : at + 26] == b"\x01\x00":
            head = head[:at] + b"\x01\x00" + head[at + 2 :]
        self._head = head

    def _keep(self, size: int) -> bytes:
        data = self._file.read(size)
        self._head += data
        return data

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data, self._head = self._head[:size], self._head[size:]
        return data + self._file.read(size - len(data)) if len(data) < size else data

    def left(self) -> int:
        """Return how many bytes are left that begin no chunk; they are read."""
        name = self._file.read(8)[:4]
        rest = len(name)
        while data := self._file.read(1 << 16):
            rest += len(data)
        return 0 if rest <= _JUNK_BYTES or all(32 <= byte < 127 for byte in name) else rest


class MendedFile:
    """A file whose first bytes are others than those that are stored, for soundfile.

    Args:
        file: the file, open; it is closed with this one.
        head: stands in the place of as many bytes.
    """

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file, self._head = file, head
        self.seek, self.tell = file.seek, file.tell
        file.seek(0)

    def __del__(self) -> None:
        self._file.close()  # soundfile closes what it opened itself, and only that

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        start = self._file.tell()
        data = self._file.read(size)
        return self._head[start : start + len(data)] + data[max(0, len(self._head) - start) :]
