"""Calls of the C kernels, their constants, and a plan of the memory that they work in.

Activations lie in memory as ``[time][height][channels]``.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(eq=False)
class Buffer:
    """Memory of ``size`` bytes, used by the calls from ``first`` to ``last``; ``kept`` names one that stays."""

    size: int
    first: int = 1 << 30
    last: int = -1
    at: int = 0
    kept: str = ""


@dataclass(eq=False)
class Place:
    """Where the numbers of a value begin: bytes behind the beginning of a buffer."""

    buffer: Buffer
    at: int = 0


@dataclass(frozen=True)
class Value:
    """A tensor ``[time][height][channels]``: floats where ``scale`` is ``None``.

    Attributes:
        axes: what the axes of the graph's tensor are: ``B``, ``C``, ``H``, ``T``.
    """

    place: Place
    axes: str
    time: int
    height: int
    channels: int
    scale: np.float32 | None = None
    zero: int = 0
    at: int = 0

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return self.time * self.height * self.channels

    @property
    def range(self) -> str:
        """Its range in C."""
        return f"(aurora_range){{{c_float(self.scale)}, {self.zero}}}"


@dataclass
class History:
    """Frames that a stream keeps in front of the new ones: the last ``keep`` rows of ``row`` bytes."""

    buffer: Buffer
    keep: int
    new: int
    row: int
    zero: int


@dataclass
class Calls:
    """What the graph became.

    Attributes:
        calls: function and arguments; values become pointers when the memory is planned.
        tables: C definitions of the constants.
        histories: buffers of a stream.
        kept: names and sizes of what else a stream keeps, floats.
        constants: bytes of all tables.
        macs: multiply-accumulates of all calls.
    """

    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)
    constants: int = 0
    macs: int = 0

    def call(self, function: str, *arguments: Any) -> None:
        """Add a call; the buffers of its values are alive in it."""
        for value in arguments:
            if isinstance(value, Value):
                buffer = value.place.buffer
                buffer.first, buffer.last = min(buffer.first, len(self.calls)), len(self.calls)
        self.calls.append((function, arguments))

    def table(self, kind: str, name: str, values: Array) -> str:
        """Add a constant array and return its name."""
        numbers = [c_float(v) if values.dtype == np.float32 else str(v) for v in values.ravel().tolist()]
        lines = [", ".join(numbers[i : i + 16]) for i in range(0, len(numbers), 16)]
        self.tables.append(f"static const {kind} {name}[{len(numbers)}] = {{\n" + ",\n".join(lines) + "};\n")
        self.constants += values.nbytes
        return name

    def arena(self) -> int:
        """Place every buffer, as low as those allow that live at the same time, and return the bytes needed."""
        buffers = {
            id(v.place.buffer): v.place.buffer for _, values in self.calls for v in values if isinstance(v, Value)
        }
        placed: list[Buffer] = []
        for buffer in sorted((b for b in buffers.values() if not b.kept), key=lambda b: -b.size):
            beside = sorted(
                (b for b in placed if b.first <= buffer.last and buffer.first <= b.last), key=lambda b: b.at
            )
            for other in beside:
                if buffer.at + buffer.size <= other.at:
                    break
                buffer.at = max(buffer.at, other.at + other.size)
            placed.append(buffer)
        return max((b.at + b.size for b in placed), default=0)

    def written(self) -> list[str]:
        """Return the calls as C; ``arena`` comes first."""
        return [f"    {name}({', '.join(map(_argument, arguments))});" for name, arguments in self.calls]


def c_float(value: Any) -> str:
    """Return a float32 as a C constant, NAN for ``None``."""
    if value is None:
        return "NAN"
    text = f"{np.float32(value):.9g}"
    return f"{text}{'' if set(text) & set('.e') else '.0'}f"


def _argument(value: object) -> str:
    if not isinstance(value, Value):
        return str(value)
    buffer, at = value.place.buffer, value.place.at + value.at
    if buffer.kept:
        return f"stream->{buffer.kept} + {at}"
    return f"FLOATS({buffer.at + at})" if value.scale is None else f"BYTES({buffer.at + at})"
