"""Parts by name: built in, registered, an entry point of another package, or ``package.module:Class``."""

from collections.abc import Callable
from typing import Any, TypeVar

from aurora_resnet.bounds import shown
from aurora_resnet.references import entry_points_of, is_reference, load_entry_point, load_reference
from aurora_resnet.runtime.errors import ConfigError, did_you_mean

T = TypeVar("T")


def register(table: dict[str, T], what: str, name: str, part: T) -> None:
    """Add a part to a table.

    Args:
        table: of parts by name.
        what: a part is called, as ``model``.
        name: not taken yet.
        part: what the name stands for.

    Raises:
        ConfigError: if the name is taken or empty.

    >>> register({"cnn": 1}, "model", "cnn", 2)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: a model needs a name of its own, got 'cnn'
    """
    if not name or name in table:
        raise ConfigError(f"{'an' if what[0] in 'aeiou' else 'a'} {what} needs a name of its own, got '{name}'")
    table[name] = part


def named(table: dict[str, Any], what: str, name: str, *, kind: type, group: str = "") -> Any:
    """Return what a name stands for.

    Args:
        table: of parts that are built in or registered.
        what: a part is called.
        name: from a program or a file.
        kind: of what ``package.module:Class`` names, as ``load_reference`` takes it.
        group: of entry points.

    Raises:
        ConfigError: if there is nothing of that name, or it cannot be imported.

    >>> named({"cnn": 1}, "model", "cmn", kind=object)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: unknown model 'cmn' (did you mean 'cnn'?), known: cnn, or ...
    """
    if isinstance(name, str):
        if name in table:
            return table[name]
        if is_reference(name):
            return load_reference(name, kind)
    points = entry_points_of(group) if group else {}  # which reads what every installed package says
    if isinstance(name, str) and name in points:
        return load_entry_point(points[name])
    known = list(dict.fromkeys((*table, *points)))
    hint = did_you_mean(str(name), known)
    raise ConfigError(
        f"unknown {what} {shown(name)}{hint}, known: {', '.join(known) or 'none'}, or package.module:Class"
    )


def unknown(find: Callable[[str], object], name: str) -> list[str]:
    """Return what to say of a name of which nothing is found, as a list that is empty otherwise."""
    try:
        find(name)
    except ConfigError as error:
        return [str(error)]
    return []
