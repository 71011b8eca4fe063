"""Small damage to bytes and texts: what disks, networks and people with bad intentions do to a file.

Everything is drawn from the generator that is given: the same generator gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Generator = np.random.Generator

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
HEADER_BYTES = 128
"""Half of all places are drawn from here: headers decide more than samples."""


def _place(data: bytearray, generator: Generator) -> int:
    reach = min(len(data), HEADER_BYTES) if generator.random() < 0.5 else len(data)
    return int(generator.integers(max(1, reach)))


def flip_bits(data: bytearray, _other: bytes, generator: Generator) -> None:
    """Turn 1 to 16 bits round."""
    for _ in range(int(generator.integers(1, 17))):
        if data:
            data[_place(data, generator)] ^= 1 << int(generator.integers(8))


def overwrite(data: bytearray, _other: bytes, generator: Generator) -> None:
    """Put random bytes over a stretch."""
    place, length = _place(data, generator), int(generator.integers(1, 65))
    data[place : place + length] = generator.bytes(min(length, max(0, len(data) - place)))


def set_integer(data: bytearray, _other: bytes, generator: Generator) -> None:
    """Put an extreme number, or one near what stands there, where a length, a rate or a count may stand."""
    width = int(generator.choice([1, 2, 4, 8]))
    place = _place(data, generator) // 2 * 2  # fields of headers stand at even places
    order = "little" if generator.random() < 0.5 else "big"
    if generator.random() < 0.3:
        value = int.from_bytes(data[place : place + width], order) + int(generator.integers(-2, 3))  # type: ignore[arg-type]
    else:
        value = EXTREMES[int(generator.integers(len(EXTREMES)))]
    data[place : place + width] = (value & (1 << 8 * width) - 1).to_bytes(width, order)  # type: ignore[arg-type]


def cut(data: bytearray, _other: bytes, generator: Generator) -> None:
    """Drop the end."""
    del data[int(generator.integers(len(data) + 1)) :]


def remove(data: bytearray, _other: bytes, generator: Generator) -> None:
    """Drop a stretch in the middle."""
    place = _place(data, generator)
    del data[place : place + int(generator.integers(1, 257))]


def insert(data: bytearray, _other: bytes, generator: Generator) -> None:
    """Put random bytes, or a stretch of the file itself, between two others."""
    place = _place(data, generator)
    length = int(generator.integers(1, 257))
    source = _place(data, generator)
    data[place:place] = generator.bytes(length) if generator.random() < 0.5 else data[source : source + length]


def splice(data: bytearray, other: bytes, generator: Generator) -> None:
    """Go on with the rest of another file."""
    data[_place(data, generator) :] = other[_place(bytearray(other), generator) :]


MUTATIONS: tuple[Callable[[bytearray, bytes, Generator], None], ...] = (
    flip_bits,
    overwrite,
    set_integer,
    set_integer,  # twice as often: what a header promises is what readers believe
    cut,
    remove,
    insert,
    splice,
)


def mutate(seed: bytes, other: bytes, generator: Generator) -> bytes:
    """Return a seed after one to three mutations.

    Args:
        seed: the undamaged data.
        other: another seed of the kind, of which the end may be taken.
        generator: of everything random.

    >>> original = bytes(range(64))
    >>> once, again = (mutate(original, b"", np.random.default_rng(0)) for _ in range(2))
    >>> once == again != original
    True
    """
    data = bytearray(seed)
    for _ in range(int(generator.integers(1, 4))):
        MUTATIONS[int(generator.integers(len(MUTATIONS)))](data, other, generator)
    return bytes(data)


TOKENS = (
    "inf", "-inf", "nan", "1e400", "-1", "0", "1e30", "5e-324", "8000.0", "1" + "0" * 30, "10" * 40, "9" * 5000, "1_000_000",
    "65536", "1000000000", '""', "null", "true", "[]", "{}", "[1, 2]", '{"a": 1}', "[" * 200, "[" * 20000, "{a=" * 200,
    '{"a":' * 20000, '"\\u0000"', '"\\ud800"', "\x00", "\ufeff", "\u202e", "\udcff", "fünf", ",,,,", "\n", '"', "'", "=", "[[x]]",
    "1970-01-01", "../../../etc/passwd", "/dev/zero", "a" * 300, "x" * 100_000,
)  # fmt: skip
"""Texts that have tripped programs: extreme numbers, other types, deep nesting, odd characters and names."""

ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037")


def mutate_text(seed: bytes, other: bytes, generator: Generator) -> bytes:
    """Return a text in which values were exchanged, in another encoding, or bytes as ``mutate`` changes them.

    >>> mutate_text(b"a = 1", b"", np.random.default_rng(3)) != b"a = 1"
    True
    """
    kind = generator.random()
    if kind < 0.25:
        return mutate(seed, other, generator)
    text = seed.decode("utf-8")
    if kind < 0.3:
        return text.encode(ENCODINGS[int(generator.integers(len(ENCODINGS)))], "replace")
    for _ in range(int(generator.integers(1, 4))):
        breaks = [i for i, c in enumerate(text) if c in "=,:[]{} \n"] or [0]
        first, second = (breaks[int(generator.integers(len(breaks)))] for _ in range(2))
        length = int(generator.integers(0, 12))
        token = TOKENS[int(generator.integers(len(TOKENS)))]
        if generator.random() < 0.2:
            token = text[first:second]  # a stretch of its own, there twice
        elif generator.random() < 0.3:  # exactly one value goes, so that the rest stays what it was
            length = next((b for b in breaks if b > first), len(text)) - first - 1
        text = text[: first + 1] + token + text[first + 1 + length :]
    return text.encode("utf-8", "surrogateescape")
