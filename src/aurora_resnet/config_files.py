"""Frozen dataclasses from TOML files and ``key=value`` arguments, strictly.

Unknown keys, wrong types and impossible values are reported all at once. Pydantic checks them in strict mode: ``"3"``
is no number and ``1`` no truth value. Ranges and choices are checked where a value is made, see ``bounds``.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from aurora_resnet.bounds import shown
from aurora_resnet.references import TrustCode, names_from_file
from aurora_resnet.runtime.errors import ConfigError, did_you_mean
from aurora_resnet.text_files import open_text

T = TypeVar("T")
Place = tuple[int | str, ...]
_UNKNOWN_KEY = "unexpected_keyword_argument"


def from_mapping(
    cls: type[T], values: Mapping[str, Any], source: str = "configuration", *, trust_code: TrustCode = False
) -> T:
    """Build a (nested) dataclass from plain values such as those of a TOML file.

    Args:
        cls: the dataclass.
        values: its fields; those of nested dataclasses as mappings.
        source: what the error names, for instance the file.
        trust_code: whether the values may name code, as ``package.module:Class``.

    Raises:
        ConfigError: names every unknown key, every missing one and every value of a wrong type or range.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Options:
    ...     epochs: int = 3
    >>> from_mapping(Options, {"epochs": 5})
    Options(epochs=5)
    >>> from_mapping(Options, {"epoch": 5})
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: configuration: unknown key 'epoch' (did you mean 'epochs'?)
    """
    plain = _plain(values, source)
    with names_from_file(trust_code):
        built, errors = _validate(cls, plain)
        unknown = sorted((error["loc"] for error in errors if error["type"] == _UNKNOWN_KEY), key=len)
        if unknown:  # a value with an unknown key is not made, so its ranges are only checked without that key
            for place in unknown:
                _remove(plain, place)
            _, errors = _validate(cls, plain)
    if built is not None:
        return typing.cast(T, built)
    problems = [_describe_unknown(cls, place) for place in unknown] + [_describe(error) for error in errors]
    raise ConfigError(f"{source}: " + "; ".join(problems))


def to_mapping(options: Any) -> dict[str, Any]:
    """Return a dataclass as plain JSON values; ``from_mapping`` reads them back.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Options:
    ...     words: tuple[str, ...] = ("one", "two")
    >>> to_mapping(Options())
    {'words': ['one', 'two']}
    """
    cls: Any = type(options)
    values: dict[str, Any] = _adapter(cls).dump_python((options,), mode="json")[0]
    return values


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: if the file is missing or not TOML; the message names file and line.
    """
    path = Path(path)
    try:
        with open_text(path, strict=True, pipe=True) as file:
            return tomllib.loads(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:  # not TOML, a number of thousands of digits, thousands of brackets
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def apply_overrides(
    values: Mapping[str, Any], overrides: Iterable[str], source: str = "configuration"
) -> dict[str, Any]:
    """Return the values with ``section.key=value`` arguments set; the value is TOML, or else a string.

    A number picks a table out of a list of tables, counted from 0, as in ``data.train.0.split=train``.

    Args:
        values: as ``read_toml`` returns them.
        overrides: one text each.
        source: what the error names if a value cannot be used.

    Raises:
        ConfigError: for an argument without ``=`` or a path through something that is no section.

    >>> apply_overrides({"training": {"epochs": 3}}, ["training.epochs=5", "model.name=cnn"])
    {'training': {'epochs': 5}, 'model': {'name': 'cnn'}}
    """
    result = _plain(values, source)
    for override in overrides:
        key, separator, text = override.partition("=")
        parts = [part.strip() for part in key.split(".")]
        if not separator or not all(parts):
            raise ConfigError(f"--set takes section.key=value, got '{override}'")
        section: Any = result
        for part in parts[:-1]:
            if isinstance(section, list):
                if not part.isdigit() or int(part) >= len(section):
                    raise ConfigError(f"--set {override}: expected a number from 0 to {len(section) - 1}, got '{part}'")
                section = section[int(part)]
            else:
                section = section.setdefault(part, {})
            if not isinstance(section, dict | list):
                raise ConfigError(f"--set {override}: '{part}' is a value, not a section")
        if isinstance(section, list):
            raise ConfigError(f"--set {override}: name a key of the list's table, as in {key.rpartition('.')[0]}.0.KEY")
        section[parts[-1]] = _parse_value(text.strip())
    return result


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _plain(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return a copy that holds JSON values only; dates become text."""
    try:
        copy: dict[str, Any] = json.loads(json.dumps(values, default=str))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source}: some values cannot be used: {error}") from None
    return copy


@cache
def _adapter(cls: Any) -> TypeAdapter[tuple[Any]]:
    # Dataclasses inherit the options of what holds them, and pydantic takes options for a tuple, not for a dataclass.
    return TypeAdapter(tuple[cls], config=ConfigDict(extra="forbid", strict=True))


def _validate(cls: Any, values: dict[str, Any]) -> tuple[Any, list[ErrorDetails]]:
    """Return the value, or what is wrong; places begin below the value."""
    try:
        return _adapter(cls).validate_json(json.dumps([values]))[0], []
    except ValidationError as error:
        return None, [{**each, "loc": each["loc"][1:]} for each in error.errors(include_url=False)]


def _remove(values: Any, place: Place) -> None:
    for part in place[:-1]:
        values = values[part]
    del values[place[-1]]


def _describe(error: ErrorDetails) -> str:
    place = ".".join(map(str, error["loc"]))
    message = error["msg"].removeprefix("Value error, ")
    got = error.get("input")
    if error["type"] not in ("missing", "value_error") and not isinstance(got, dict):
        message += f", got {shown(got)}"
    return f"{place}: {message}" if place else message


def _describe_unknown(cls: Any, place: Place) -> str:
    key = str(place[-1])
    return f"unknown key '{'.'.join(map(str, place))}'{did_you_mean(key, _known_keys(cls, place))}"


def _known_keys(cls: Any, place: Place) -> list[str]:
    """Return the keys that could stand at a place inside a dataclass."""
    for part in place[:-1]:
        if dataclasses.is_dataclass(cls):
            cls = typing.get_type_hints(cls)[str(part)]
            if typing.get_origin(cls) in (Union, UnionType):  # or None
                cls = next(each for each in typing.get_args(cls) if each is not type(None))
        else:  # a list of values, or a table of them by name
            cls = typing.get_args(cls)[1 if issubclass(typing.get_origin(cls), Mapping) else 0]
    return [field.name for field in dataclasses.fields(cls)]
