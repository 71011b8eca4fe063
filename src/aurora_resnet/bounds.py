"""Configurations: frozen dataclasses whose fields pydantic checks, wherever the values come from.

>>> @configuration()
... class Wheel:
...     spokes: int = 32
...     spare: bool = False
>>> Wheel(spokes=3.5, spare=1)
Traceback (most recent call last):
aurora_resnet.runtime.errors.ConfigError: spokes must be a whole number, got 3.5; spare must be true or false, got 1

Ranges and choices are ``Annotated[int, Between(3, 72)]`` and ``Literal["red", "green"]``.

A method ``_misfits`` of a configuration yields what else is wrong, such as fields that do not fit each other; it runs
where every field alone is right.
"""

import re
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields, is_dataclass
from functools import wraps
from types import UnionType
from typing import Any, TypeVar, Union, dataclass_transform

import numpy as np
import pydantic.dataclasses
from pydantic import ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from aurora_resnet.runtime.errors import ConfigError, did_you_mean

T = TypeVar("T")
#: Unknown names are refused, ``"3"`` is no number, ``1`` no truth value, and all numbers are finite.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_UNKNOWN = "unexpected_keyword_argument"
LONGEST_SHOWN = 80
#: What a field must be, by pydantic's name of the error.
_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "dict_type": "a table",
    "mapping_type": "a table",
    "dataclass_type": "a table",
    "dataclass_exact_type": "a {class_name}",
    "literal_error": "{expected}",
    "too_long": "at most {max_length} values",
}


class _Rule:
    """A further check of a value whose type is right; stands in ``Annotated[type, rule]``."""

    def problem(self, value: Any) -> str:
        """Return what is wrong with a value, without its name; empty if nothing is."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: Any) -> Any:
            if problem := self.problem(value):
                raise ValueError(problem)
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))


@dataclass(frozen=True)
class Between(_Rule):
    """The range of a number.

    Attributes:
        low: least value.
        high: greatest value.
        above: whether ``low`` itself is too low.
        below: whether ``high`` itself is too high.

    >>> Between(0, 1).problem(1), Between(0, 1, below=True).problem(1)
    ('', 'must lie from 0 to below 1, got 1')
    """

    low: float
    high: float
    _: KW_ONLY
    above: bool = False
    below: bool = False

    def problem(self, value: Any) -> str:
        """Say that a number is too low or too high, or none."""
        high_enough = self.low < value if self.above else self.low <= value
        low_enough = value < self.high if self.below else value <= self.high
        return "" if high_enough and low_enough else f"must lie {self}, got {shown(value)}"

    def __str__(self) -> str:
        low = f"above {self.low:.12g} and" if self.above else f"from {self.low:.12g} to"
        high = f"below {self.high:.12g}" if self.below else f"{self.high:.12g}"
        return f"{low} up to {high}" if self.above and not self.below else f"{low} {high}"


@dataclass(frozen=True, eq=False)
class OneOf(_Rule):
    """The names that a text may be one of, where they are known only at run time."""

    known: Collection[str]

    def problem(self, value: Any) -> str:
        """Say that there is no such name."""
        if value in self.known:
            return ""
        return f"must be one of {', '.join(self.known)}, got {shown(value)}{did_you_mean(value, self.known)}"


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def configuration(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Make a class a frozen dataclass that raises ``ConfigError`` for fields of wrong names, types or values.

    Lists become tuples, and numbers of NumPy those of Python.

    Args:
        kw_only: as for ``dataclasses.dataclass``.
    """

    def decorate(cls: type[T]) -> type[T]:
        if hasattr(cls, "_misfits"):
            cls.__post_init__ = _check_misfits  # type: ignore[attr-defined]
        made: Any = pydantic.dataclasses.dataclass(frozen=True, kw_only=kw_only, config=STRICT)(cls)
        validated = made.__init__

        @wraps(validated)
        def init(self: Any, /, *values: Any, **named: Any) -> None:
            try:
                validated(self, *map(_plain, values), **{name: _plain(value) for name, value in named.items()})
            except ValidationError as error:
                raise ConfigError("; ".join(problems(error, made))) from None

        made.__init__ = init
        return typing.cast(type[T], made)

    return decorate


def check_values(**values: tuple[float, Between]) -> None:
    """Check numbers that are arguments of a function, each with its range.

    Raises:
        ConfigError: names everything that is wrong.

    >>> check_values(cells=(0, Between(1, 8192)), layers=(2, Between(1, 16)))
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: cells must lie from 1 to 8192, got 0
    """
    wrong = [f"{name} {problem}" for name, (value, rule) in values.items() if (problem := rule.problem(value))]
    if wrong:
        raise ConfigError("; ".join(wrong))


def problems(error: ValidationError, cls: Any, *, within: int = 0) -> list[str]:
    """Return an error of pydantic in our words, unknown names first: where, what was expected, what came.

    Args:
        error: as pydantic raised it.
        cls: the dataclass.
        within: how many parts of each place to leave out, of what holds the dataclass.
    """
    names = [each.name for each in fields(cls)]  # for places of arguments by position, which are numbers
    found: list[ErrorDetails] = []
    for each in error.errors(include_url=False):
        first, rest = each["loc"][within : within + 1], each["loc"][within + 1 :]
        found.append({**each, "loc": (*(names[part] if isinstance(part, int) else part for part in first), *rest)})
    unknown = sorted((each["loc"] for each in found if each["type"] == _UNKNOWN), key=len)
    return [
        f"unknown key '{'.'.join(map(str, place))}'{did_you_mean(str(place[-1]), _known_names(cls, place))}"
        for place in unknown
    ] + [_described(each) for each in found if each["type"] != _UNKNOWN]


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


def _described(error: ErrorDetails) -> str:
    place, kind, context = ".".join(map(str, error["loc"])), error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"{place} is missing"
    if kind == "value_error":  # of a rule, which begins with "must", or of _misfits, which names the fields itself
        message = str(context["error"])
        return f"{place}{' ' if message.startswith('must ') else ': '}{message}" if place else message
    expected = f"must be {_EXPECTED[kind]}".format_map(context) if kind in _EXPECTED else error["msg"]
    hint = did_you_mean(str(error["input"]), re.findall("'(.*?)'", expected)) if kind == "literal_error" else ""
    return f"{place} {expected}, got {shown(error['input'])}{hint}"


def _known_names(cls: Any, place: tuple[int | str, ...]) -> list[str]:
    """Return the names that could stand at a place inside a dataclass."""
    for part in place[:-1]:
        if is_dataclass(cls):
            cls = typing.get_type_hints(cls)[str(part)]
            if typing.get_origin(cls) in (Union, UnionType):  # or None
                cls = next(each for each in typing.get_args(cls) if each is not type(None))
        else:  # a list of values, or a table of them by name
            cls = typing.get_args(cls)[1 if issubclass(typing.get_origin(cls), Mapping) else 0]
    return [each.name for each in fields(cls)]


def _check_misfits(options: Any) -> None:
    if misfits := list(options._misfits()):
        raise ConfigError("; ".join(misfits))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value
