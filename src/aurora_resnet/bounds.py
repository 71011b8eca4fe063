"""What values the fields of a configuration may have: stated beside each field, checked when the value is made.

>>> @dataclass(frozen=True)
... class Wheel:
...     spokes: Annotated[int, Between(3, 72)] = 32
...     colour: Literal["red", "green"] = "red"
...
...     def __post_init__(self) -> None:
...         check_fields(self)
>>> Wheel(spokes=100, colour="gren")
Traceback (most recent call last):
aurora_resnet.runtime.errors.ConfigError: spokes must lie from 3 to 72, got 100; colour must be 'red' or 'green', ...
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from types import UnionType
from typing import Annotated, Any, Literal, Union

from aurora_resnet.runtime.errors import ConfigError, did_you_mean

LONGEST_SHOWN = 80


@dataclass(frozen=True)
class Between:
    """The range of a number; stands in ``Annotated[int, Between(1, 100)]``.

    Attributes:
        low: least value.
        high: greatest value.
        above: whether ``low`` itself is too low.
        below: whether ``high`` itself is too high.

    >>> 1 in Between(0, 1), 1 in Between(0, 1, below=True), math.nan in Between(0, 1)
    (True, False, False)
    """

    low: float
    high: float
    _: KW_ONLY
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        return (self.low < value if self.above else self.low <= value) and (
            value < self.high if self.below else value <= self.high
        )

    def __str__(self) -> str:
        low = f"above {self.low:.12g} and" if self.above else f"from {self.low:.12g} to"
        high = f"below {self.high:.12g}" if self.below else f"{self.high:.12g}"
        return f"{low} up to {high}" if self.above and not self.below else f"{low} {high}"


@dataclass(frozen=True, eq=False)
class OneOf:
    """The names that a text may be one of, where they are known only at run time; stands in ``Annotated[str, ...]``."""

    known: Collection[str]


def check_fields(options: Any, further: Callable[[], Iterable[str]] = tuple) -> None:
    """Check the fields of a dataclass against their types: choices of ``Literal``, whole and finite numbers, ranges.

    Args:
        options: an instance, in its ``__post_init__``.
        further: returns what else is wrong, such as fields that do not fit each other.

    Raises:
        ConfigError: names everything that is wrong.
    """
    cls: Any = type(options)
    hints = _hints(cls)
    problems = [problem for name in hints for problem in _problems(name, getattr(options, name), hints[name])]
    try:
        problems += further()
    except (TypeError, ValueError, ArithmeticError):
        if not problems:
            raise  # with fields of wrong types or values, nothing else can be said
    if problems:
        raise ConfigError("; ".join(problems))


def check_values(**values: tuple[float, Between]) -> None:
    """Check numbers that are arguments of a function, each with its range.

    Raises:
        ConfigError: names everything that is wrong.

    >>> check_values(cells=(0, Between(1, 8192)), layers=(2, Between(1, 16)))
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: cells must lie from 1 to 8192, got 0
    """
    problems = [problem for name, (value, bound) in values.items() for problem in _beyond(name, value, bound)]
    if problems:
        raise ConfigError("; ".join(problems))


@cache
def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}


def _problems(name: str, value: Any, hint: Any) -> Iterator[str]:
    """Yield what is wrong with a value of a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        wrong = list(_problems(name, value, arguments[0])) or [
            p for m in arguments[1:] for p in _beyond(name, value, m)
        ]
        yield from wrong
    elif origin in (Union, UnionType):
        if value is not None:
            yield from _problems(name, value, next(each for each in arguments if each is not type(None)))
    elif origin is Literal:
        if value not in arguments:
            choices = " or ".join(", ".join(map(repr, arguments)).rsplit(", ", 1))
            yield f"{name} must be {choices}, got {shown(value)}{did_you_mean(str(value), map(str, arguments))}"
    elif origin is tuple:
        yield from _items(name, value, arguments)
    elif hint in _KINDS:
        kind, what = _KINDS[hint]
        if not isinstance(value, kind) or (isinstance(value, bool) and hint is not bool):
            yield f"{name} must be {what}, got {shown(value)}"
        elif hint is float and not _is_finite(value):
            yield f"{name} must be a finite number, got {shown(value)}"
    elif is_dataclass(hint) and not isinstance(value, typing.cast(type, hint)):
        yield f"{name} must be a {getattr(hint, '__name__', hint)}, got {shown(value)}"
    elif origin is not None and issubclass(origin, Mapping) and not isinstance(value, Mapping):
        yield f"{name} must be a table, got {shown(value)}"


def _items(name: str, value: Any, arguments: tuple[Any, ...]) -> Iterator[str]:
    if not isinstance(value, tuple | list):
        yield f"{name} must be a list, got {shown(value)}"
        return
    of_one_kind = arguments[-1] is Ellipsis
    if not of_one_kind and len(value) != len(arguments):
        yield f"{name} must have {len(arguments)} values, got {shown(value)}"
        return
    for number, item in enumerate(value):
        yield from _problems(f"{name}[{number}]", item, arguments[0] if of_one_kind else arguments[number])


def _beyond(name: str, value: Any, bound: Any) -> Iterator[str]:
    if isinstance(bound, Between):
        if value is not None and value not in bound:
            yield f"{name} must lie {bound}, got {shown(value)}"
    elif isinstance(bound, OneOf) and value is not None and value not in bound.known:
        yield f"{name} must be one of {', '.join(bound.known)}, got {shown(value)}{did_you_mean(value, bound.known)}"


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def shown(value: object) -> str:
    """Return a value as messages show it: on one line and never long.

    >>> shown("a" * 100)[-5:], shown(10**5000)
    ('a ...', 'a number of thousands of digits')
    """
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out very long numbers
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 4]} ..."


_KINDS: dict[Any, tuple[type, str]] = {
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    bool: (bool, "true or false"),
    str: (str, "a text"),
}
