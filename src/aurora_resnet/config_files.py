"""Frozen dataclasses from TOML files and ``key=value`` arguments, strictly.

Unknown keys, wrong types and impossible values are reported all at once; ``bounds`` says which they are.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from aurora_resnet.bounds import STRICT, problems
from aurora_resnet.references import TrustCode, names_from_file
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.text_files import open_text

T = TypeVar("T")


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

    >>> from aurora_resnet.bounds import configuration
    >>> @configuration()
    ... class Options:
    ...     epochs: int = 3
    >>> from_mapping(Options, {"epochs": 5})
    Options(epochs=5)
    >>> from_mapping(Options, {"epoch": 5})
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: configuration: unknown key 'epoch' (did you mean 'epochs'?)
    """
    kind: Any = cls
    try:
        with names_from_file(trust_code):
            read: T = _adapter(kind).validate_json(json.dumps([_plain(values, source)]))[0]
    except ValidationError as error:
        raise ConfigError(f"{source}: {'; '.join(problems(error, cls, within=1))}") from None
    return read


def to_mapping(options: Any) -> dict[str, Any]:
    """Return a dataclass as plain JSON values; ``from_mapping`` reads them back.

    >>> from aurora_resnet.bounds import configuration
    >>> @configuration()
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
    return TypeAdapter(tuple[cls], config=STRICT)
