"""Small damage to bytes and texts: what disks, networks and people with bad intentions do to a file.

A place is a byte of the first 128 (headers decide more than samples) or a part of the whole. Hypothesis draws, and so
reports the smallest damage that does harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import Any, Literal

from hypothesis import strategies as st

Change = Callable[[bytes], bytes]
Place = int | float

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
#: Texts that have tripped programs: extreme numbers, other types, deep nesting, odd characters and names.
TOKENS = (
    "inf", "-inf", "nan", "1e400", "-1", "0", "1e30", "5e-324", "8000.0", "1" + "0" * 30, "10" * 40, "9" * 5000,
    "1_000_000", "65536", "1000000000", '""', "null", "true", "[]", "{}", "[1, 2]", '{"a": 1}', "[" * 200,
    "[" * 20000, "{a=" * 200, '{"a":' * 20000, '"\\u0000"', '"\\ud800"', "\x00", "\ufeff", "\u202e", "\udcff",
    "fünf", ",,,,", "\n", '"', "'", "=", "[[x]]", "1970-01-01", "../../../etc/passwd", "/dev/zero", "a" * 300,
    "x" * 100_000,
)  # fmt: skip
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037")

places: st.SearchStrategy[Place] = st.integers(0, 127) | st.floats(0, 1)


def at(place: Place, data: bytes) -> int:
    return min(place if isinstance(place, int) else round(place * len(data)), len(data))


def flip(place: Place, bit: int, data: bytes) -> bytes:
    start = at(place, data)
    return data[:start] + bytes(byte ^ 1 << bit for byte in data[start : start + 1]) + data[start + 1 :]


def overwrite(place: Place, new: bytes, data: bytes) -> bytes:
    start = at(place, data)
    return data[:start] + new + data[start + len(new) :]


def insert(place: Place, new: bytes, data: bytes) -> bytes:
    start = at(place, data)
    return data[:start] + new + data[start:]


def repeat(place: Place, source: Place, length: int, data: bytes) -> bytes:
    """Put a stretch of the data between two others."""
    return insert(place, data[at(source, data) :][:length], data)


def remove(place: Place, length: int, data: bytes) -> bytes:
    start = at(place, data)
    return data[:start] + data[start + length :]


def cut(part: float, data: bytes) -> bytes:
    return data[: at(part, data)]


def splice(place: Place, other: bytes, source: Place, data: bytes) -> bytes:
    """Go on with the rest of another file."""
    return data[: at(place, data)] + other[at(source, other) :]


def set_integer(place: Place, width: int, order: Literal["little", "big"], value: int, data: bytes) -> bytes:
    """Put a number where a length, a rate or a count may stand, at an even place; a small one is added."""
    start = at(place, data) // 2 * 2
    new = value + int.from_bytes(data[start : start + width], order) if abs(value) < 3 else value
    return data[:start] + (new & (1 << 8 * width) - 1).to_bytes(width, order) + data[start + width :]


def exchange(first: float, second: float, how: int, token: str, data: bytes) -> bytes:
    """Put a token, or a stretch of the text itself, in the place of a value, or of some characters behind a break."""
    text = data.decode("utf-8", "surrogateescape")
    breaks = [place for place, character in enumerate(text) if character in "=,:[]{} \n"] or [0]
    start, end = (breaks[min(int(part * len(breaks)), len(breaks) - 1)] for part in (first, second))
    token = text[start:end] if how == -1 else token
    length = next((b for b in breaks if b > start), len(text)) - start - 1 if how == -2 else max(how, 0)
    return (text[: start + 1] + token + text[start + 1 + length :]).encode("utf-8", "surrogateescape")


def changes(others: Sequence[bytes]) -> st.SearchStrategy[Change]:
    """Return a strategy of one change of a file; the rest of one of the others may take the place of its end."""

    def change(function: Callable[..., bytes], *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Change]:
        return st.builds(partial, st.just(function), *arguments)

    part, length, some = st.floats(0, 1), st.integers(1, 256), st.binary(min_size=1, max_size=64)
    value = st.sampled_from(EXTREMES) | st.integers(-2, 2)
    integer = change(set_integer, places, st.sampled_from([1, 2, 4, 8]), st.sampled_from(["little", "big"]), value)
    return st.one_of(
        integer,
        integer,  # twice as often: what a header promises is what readers believe
        change(flip, places, st.integers(0, 7)),
        change(overwrite, places, some),
        change(insert, places, some),
        change(repeat, places, places, length),
        change(remove, places, length),
        change(cut, part),
        change(splice, places, st.sampled_from(others), places),
    )


def damaged(seeds: Mapping[str, bytes]) -> st.SearchStrategy[bytes]:
    """Return a strategy of files with one to three changes."""
    return _changed(seeds, changes(list(seeds.values())))


def damaged_text(seeds: Mapping[str, bytes]) -> st.SearchStrategy[bytes]:
    """Return a strategy of texts with other values, in another encoding, or with other bytes."""
    part = st.floats(0, 1)
    one = st.builds(partial, st.just(exchange), part, part, st.integers(-2, 12), st.sampled_from(TOKENS))
    values = _changed(seeds, one)
    texts = st.sampled_from(sorted(seeds)).map(lambda name: seeds[name].decode())
    encoded = st.builds(lambda text, name: text.encode(name, "replace"), texts, st.sampled_from(ENCODINGS))
    return st.one_of(values, values, values, encoded, damaged(seeds))


def _changed(seeds: Mapping[str, bytes], one: st.SearchStrategy[Change]) -> st.SearchStrategy[bytes]:
    def apply(name: str, several: Sequence[Change]) -> bytes:
        return reduce(lambda data, change: change(data), several, seeds[name])

    return st.builds(apply, st.sampled_from(sorted(seeds)), st.lists(one, min_size=1, max_size=3))
