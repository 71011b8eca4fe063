"""The header of a WAV file, and how many bytes of samples the file really holds.

A program that writes WAV into a pipe cannot go back to fill the lengths in. It leaves 0 or a number about 2^31 or 2^32
there, which means "to the end"; so does a recorder that was switched off. Chunks are an identifier of four characters
and a length, the data behind them, and a byte more if it is odd.
"""

import struct
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

#: From here on, 16 MB below 2 GB, a length that is not there is a placeholder.
LENGTH_UNKNOWN = 0x7F000000

#: Bytes before the samples; what comes later is not looked for.
LONGEST_HEADER = 1 << 20
PCM, EXTENSIBLE = 1, 0xFFFE
_JUNK_BYTES = 512


class WavHeader(NamedTuple):
    """What stands before the samples: the format of ``fmt``, where they begin, and how many bytes it says they are."""

    order: str
    encoding: int
    channels: int
    sample_rate: int
    bits: int
    data_start: int
    data_length: int


def read_header(read: Callable[[int], bytes]) -> WavHeader | None:
    """Read a header up to the samples, or return ``None`` if it is none.

    Args:
        read: returns the next bytes, as many as it is told unless there are fewer.
    """
    header = read(12)
    order = {b"RIFF": "<", b"RIFX": ">"}.get(header[:4])
    if order is None or header[8:] != b"WAVE":
        return None
    encoding = channels = rate = bits = 0
    at = len(header)
    while at <= LONGEST_HEADER and len(chunk := read(8)) == 8:
        (length,) = struct.unpack_from(order + "I", chunk, 4)
        at += 8
        if chunk[:4] == b"data":
            return WavHeader(order, encoding, channels, rate, bits, at, length)
        if length > LONGEST_HEADER:
            return None
        data = read(length + length % 2)
        at += len(data)
        if chunk[:4] == b"fmt " and len(data) >= 16:
            encoding, channels, rate, _, _, bits = struct.unpack_from(order + "HHIIHH", data)
            if encoding == EXTENSIBLE and len(data) >= 26:
                (encoding,) = struct.unpack_from(order + "H", data, 24)
    return None


def data_bytes(file: BinaryIO, found: WavHeader, size: int) -> int | str:
    """Return how many bytes of samples a file holds, or what is wrong with the length that it states.

    Args:
        file: can be moved about in.
        found: its header.
        size: of the whole file in bytes.
    """
    present = size - found.data_start
    if found.data_length >= LENGTH_UNKNOWN and found.data_length > present:
        return present
    if found.data_length > present:
        return (
            f"it is cut off: its header promises {found.data_length} bytes of samples, {present} are there; copy or "
            "record it again"
        )
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


def bytes_left(file: BinaryIO) -> int:
    """Return how many bytes follow the samples of a stream that begin no chunk; they are read."""
    name = file.read(8)[:4]
    rest = len(name)
    while data := file.read(1 << 16):
        rest += len(data)
    return 0 if rest <= _JUNK_BYTES or _is_name(name) else rest


def _chunks_follow(file: BinaryIO, start: int, size: int, order: str) -> bool:
    """Tell whether there are chunks from ``start`` to the end; the last one may be cut off."""
    while start + 8 <= size:
        file.seek(start)
        name, length = struct.unpack(order + "4sI", file.read(8))
        if not _is_name(name):
            return False
        start += 8 + length + length % 2
    return True


def _is_name(name: bytes) -> bool:
    return all(32 <= byte < 127 for byte in name)
