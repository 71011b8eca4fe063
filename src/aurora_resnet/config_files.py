"""Frozen dataclasses from TOML files and ``key=value`` arguments, strictly.

Unknown keys, wrong types and impossible values are reported all at once. Types are checked by pydantic in strict
mode: ``"3"`` is no number and ``1`` no truth value.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from aurora_resnet.runtime.errors import ConfigError, did_you_mean

T = TypeVar("T")


def from_mapping(cls: type[T], values: Mapping[str, Any], source: str = "configuration") -> T:
    """Build a (nested) dataclass from plain values such as those of a TOML file.

    Args:
        cls: the dataclass.
        values: its fields; those of nested dataclasses as mappings.
        source: what the error names, for instance the file.

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
    problems = _unknown_keys(cls, values, "")
    try:
        built = TypeAdapter(cls).validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        problems += [_describe(problem) for problem in error.errors(include_url=False)]
    except ConfigError as error:
        problems.append(str(error))
    else:
        if not problems:
            return built
    raise ConfigError(f"{source}: " + "; ".join(problems))


def to_mapping(options: Any) -> dict[str, Any]:
    """Return a dataclass as plain JSON values; ``from_mapping`` reads them back.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Options:
    ...     words: tuple[str, ...] = ("one", "two")
    >>> to_mapping(Options())
    {'words': ['one', 'two']}
    """
    values: dict[str, Any] = TypeAdapter(type(options)).dump_python(options, mode="json")
    return values


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: if the file is missing or not TOML; the message names file and line.
    """
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def apply_overrides(values: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return the values with ``section.key=value`` arguments set; the value is TOML, or else a string.

    A number picks a table out of a list of tables, counted from 0, as in ``data.train.0.split=train``.

    Raises:
        ConfigError: for an argument without ``=`` or a path through something that is no section.

    >>> apply_overrides({"training": {"epochs": 3}}, ["training.epochs=5", "model.name=cnn"])
    {'training': {'epochs': 5}, 'model': {'name': 'cnn'}}
    """
    result: dict[str, Any] = json.loads(json.dumps(values, default=str))
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
    except tomllib.TOMLDecodeError:
        return text


def _describe(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function-"))
    message = problem["msg"].removeprefix("Value error, ")
    got = problem.get("input")
    if problem["type"] in ("missing", "value_error") or isinstance(got, dict):
        return f"{place}: {message}" if place else message
    return f"{place}: {message}, got {got!r}"


def _unknown_keys(cls: Any, values: Any, prefix: str) -> list[str]:
    """Pydantic ignores unknown fields of standard dataclasses, so they are found here."""
    nested = [c for c in (cls, *typing.get_args(cls)) if dataclasses.is_dataclass(c)]
    if typing.get_origin(cls) is tuple and nested and isinstance(values, list):
        return [p for i, value in enumerate(values) for p in _unknown_keys(nested[0], value, f"{prefix}{i}.")]
    if typing.get_origin(cls) is Mapping and nested and isinstance(values, Mapping):
        return [p for key, value in values.items() for p in _unknown_keys(nested[0], value, f"{prefix}{key}.")]
    if not nested or not isinstance(values, Mapping):
        return []
    hints = typing.get_type_hints(nested[0])
    known = [field.name for field in dataclasses.fields(nested[0])]
    problems = []
    for key, value in values.items():
        if key not in known:
            problems.append(f"unknown key '{prefix}{key}'{did_you_mean(key, known)}")
        else:
            problems += _unknown_keys(hints[key], value, f"{prefix}{key}.")
    return problems
