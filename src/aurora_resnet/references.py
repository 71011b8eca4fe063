"""Things that other packages bring: by ``package.module:name``, by a registered name, or by an entry point.

Only a name is ever stored. What it names is imported from the packages that are installed here, as an ``import``
statement would, and from nowhere else: see SECURITY.md.
"""

from __future__ import annotations

import re
from importlib import import_module, metadata
from typing import Any

from aurora_resnet.runtime.errors import ConfigError

_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_reference(name: str) -> bool:
    """Tell whether a name is a reference to a module's attribute.

    >>> is_reference("own_model.networks:TimeMixer"), is_reference("cnn"), is_reference("c:/models/cnn")
    (True, False, False)
    """
    return _REFERENCE.fullmatch(name) is not None


def load_reference(reference: str) -> Any:
    """Import what ``package.module:name`` names.

    Args:
        reference: module and attribute.

    Raises:
        ConfigError: if the module is not installed, fails to import, or has no such attribute.

    >>> load_reference("math:pi") > 3
    True
    >>> load_reference("no_such_package:Model")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: 'no_such_package:Model' cannot be imported (No module named ...
    """
    module, _, name = reference.partition(":")
    try:
        return getattr(import_module(module), name)
    except AttributeError as error:
        raise ConfigError(f"'{reference}' cannot be imported ({error}); check the name") from None
    except Exception as error:  # a foreign module may raise anything
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f"'{reference}' cannot be imported ({reason}); install the package that brings it, or add its folder to "
            "PYTHONPATH"
        ) from error


def entry_points_of(group: str) -> dict[str, metadata.EntryPoint]:
    """Return what installed packages offer in a group, by name.

    >>> entry_points_of("aurora_resnet.no_such_group")
    {}
    """
    return {point.name: point for point in metadata.entry_points(group=group)}


def load_entry_point(point: metadata.EntryPoint) -> Any:
    """Import what an entry point names.

    Raises:
        ConfigError: if its package is broken.
    """
    try:
        return point.load()
    except Exception as error:  # as above
        raise ConfigError(f"'{point.name}' of {point.value} cannot be imported ({error}); install it anew") from error


def origin_of(thing: Any) -> dict[str, str]:
    """Return where a class or function lives: its module and, if it was installed, the package and its version.

    >>> origin_of(Vocabulary)["module"] if (Vocabulary := type("V", (), {"__module__": "mine"})) else None
    'mine'
    """
    module = str(getattr(thing, "__module__", ""))
    found = {"module": module, "name": str(getattr(thing, "__qualname__", thing))}
    packages = metadata.packages_distributions().get(module.partition(".")[0], [])
    if packages:
        found |= {"package": packages[0], "version": metadata.version(packages[0])}
    return found


def what_to_install(origin: object) -> str:
    """Return what to do where something that was stored with ``origin_of`` is not known here.

    >>> what_to_install({"module": "own_model.net", "name": "Net", "package": "own-model", "version": "0.2"})
    'it is Net of own_model.net, package own-model 0.2: pip install own-model'
    >>> what_to_install({"module": "__main__", "name": "Net"})
    'it is Net of __main__: import or register it before loading'
    """
    if not isinstance(origin, dict) or not isinstance(origin.get("module"), str):
        return ""
    where = f"it is {origin.get('name')} of {origin['module']}"
    if isinstance(origin.get("package"), str):
        return f"{where}, package {origin['package']} {origin.get('version', '')}: pip install {origin['package']}"
    return f"{where}: import or register it before loading"
