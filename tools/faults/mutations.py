"""Small damage to bytes: what disks, networks and people with bad intentions do to a file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Generator = np.random.Generator

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
HEADER_BYTES = 512
"""Half of all places are drawn from here: headers decide more than samples."""


def _place(data: bytearray, generator: Generator) -> int:
    reach = min(len(data), HEADER_BYTES) if generator.random() < 0.5 else len(data)
    return int(generator.integers(max(1, reach)))


def flip_bits(data: bytearray, generator: Generator) -> None:
    """Turn 1 to 16 bits round."""
    for _ in range(int(generator.integers(1, 17))):
        if data:
            data[_place(data, generator)] ^= 1 << int(generator.integers(8))


def overwrite(data: bytearray, generator: Generator) -> None:
    """Put random bytes over a stretch."""
    place, length = _place(data, generator), int(generator.integers(1, 65))
    data[place : place + length] = generator.bytes(min(length, max(0, len(data) - place)))


def set_integer(data: bytearray, generator: Generator) -> None:
    """Put an extreme number where a length or a rate may stand."""
    width = int(generator.choice([1, 2, 4, 8]))
    value = EXTREMES[int(generator.integers(len(EXTREMES)))] & (1 << 8 * width) - 1
    place = _place(data, generator)
    order = "little" if generator.random() < 0.5 else "big"
    data[place : place + width] = value.to_bytes(width, order)  # type: ignore[arg-type]


def cut(data: bytearray, generator: Generator) -> None:
    """Drop the end."""
    del data[int(generator.integers(len(data) + 1)) :]


def remove(data: bytearray, generator: Generator) -> None:
    """Drop a stretch in the middle."""
    place = _place(data, generator)
    del data[place : place + int(generator.integers(1, 257))]


def insert(data: bytearray, generator: Generator) -> None:
    """Put random bytes, or a stretch of the file itself, between two others."""
    place = _place(data, generator)
    length = int(generator.integers(1, 257))
    source = _place(data, generator)
    data[place:place] = generator.bytes(length) if generator.random() < 0.5 else data[source : source + length]


MUTATIONS: tuple[Callable[[bytearray, Generator], None], ...] = (
    flip_bits,
    overwrite,
    set_integer,
    cut,
    remove,
    insert,
)


def mutate(seed: bytes, generator: Generator) -> bytes:
    """Return a seed after one to three mutations; the same generator gives the same bytes.

    >>> original = bytes(range(64))
    >>> mutate(original, np.random.default_rng(0)) == mutate(original, np.random.default_rng(0)) != original
    True
    """
    data = bytearray(seed)
    for _ in range(int(generator.integers(1, 4))):
        MUTATIONS[int(generator.integers(len(MUTATIONS)))](data, generator)
    return bytes(data)


TOKENS = (
    "inf", "-inf", "nan", "1e400", "-1", "0", "10" * 40, "9" * 5000, '""', "true", "[]", "{}", "[" * 200, "{a=" * 200,
    '"\\u0000"', "\x00", "\ufeff", "\u202e", ",,,,", "\n", '"', "=", "[[x]]", "1970-01-01", "../../../etc/passwd",
)  # fmt: skip
"""Texts that have tripped programs."""


def mutate_text(seed: bytes, generator: Generator) -> bytes:
    """Return a text in which values were exchanged, or bytes as ``mutate`` changes them.

    >>> mutate_text(b"a = 1", np.random.default_rng(3)) != b"a = 1"
    True
    """
    if generator.random() < 0.3:
        return mutate(seed, generator)
    text = seed.decode("utf-8")
    for _ in range(int(generator.integers(1, 4))):
        token = TOKENS[int(generator.integers(len(TOKENS)))]
        breaks = [i for i, c in enumerate(text) if c in "=,:[]{} \n"] or [0]
        first = breaks[int(generator.integers(len(breaks)))]
        length = int(generator.integers(0, 12))
        text = text[: first + 1] + token + text[first + 1 + length :]
    return text.encode("utf-8", "surrogateescape")
