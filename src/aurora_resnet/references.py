"""Things that other packages bring: by ``package.module:name``, by a registered name, or by an entry point.

Only a name is ever stored. What it names is imported from the packages that are installed here, as an ``import``
statement would, and from nowhere else. A file may name what is built in, registered or an entry point; a reference that
comes out of a file is imported only where the user trusts its code: see SECURITY.md.
"""

import inspect
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import metadata
from types import FunctionType
from typing import Any

from aurora_resnet.runtime.errors import ConfigError

_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
#: What a file may say of a package and have repeated in an error: no options of pip, no lines of its own.
_PLAIN = re.compile(r"[\w<][\w.<>+\-]{0,199}")

#: Whether the references of a file may be imported, or which of them.
TrustCode = bool | Collection[str | None]

_TRUSTED: ContextVar[TrustCode] = ContextVar("trusted", default=True)


@contextmanager
def names_from_file(trust_code: TrustCode) -> Iterator[None]:
    """Take names as those of a file: ``load_reference`` refuses what the user does not trust.

    Outside, references are those of a program, which is trusted to name its own code.

    >>> with names_from_file(trust_code=False):
    ...     load_reference("torch.nn:Linear", object)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: 'torch.nn:Linear' is code that a file names, which is not imported ...
    """
    token = _TRUSTED.set(trust_code)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def is_reference(name: str) -> bool:
    """Return whether a name is a reference to a module's attribute.

    >>> is_reference("own_model.networks:TimeMixer"), is_reference("cnn"), is_reference("c:/models/cnn")
    (True, False, False)
    """
    return _REFERENCE.fullmatch(name) is not None


def load_reference(reference: str, kind: type) -> Any:
    """Import what ``package.module:name`` names, and call nothing.

    Args:
        reference: module and attribute.
        kind: what the class must be a subclass of; ``FunctionType`` for a function.

    Raises:
        ConfigError: if it comes out of a file whose code is not trusted, if the module is not installed, is a program
            (``__main__``), fails to import or has no such attribute, or if that is of another kind.

    >>> load_reference("collections:OrderedDict", dict)
    <class 'collections.OrderedDict'>
    >>> load_reference("os:system", dict)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: 'os:system' must be a subclass of builtins.dict, got a ...
    >>> load_reference("no_such_package:Model", dict)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: 'no_such_package:Model' cannot be imported (No module named ...
    """
    trusted = _TRUSTED.get()
    if not (trusted if isinstance(trusted, bool) else reference in trusted):
        raise ConfigError(
            f"'{reference}' is code that a file names, which is not imported unless you trust it: then give "
            "trust_code=True (--trust-code); expected a name that is built in, registered or an entry point"
        )
    if "__main__" in reference.partition(":")[0].split("."):
        raise ConfigError(f"'{reference}' is refused: importing __main__ runs a program; name the class's own module")
    found = load_entry_point(metadata.EntryPoint(reference, reference, ""))
    wanted = "function" if kind is FunctionType else f"subclass of {kind.__module__}.{kind.__qualname__}"
    if not (inspect.isfunction(found) if kind is FunctionType else inspect.isclass(found) and issubclass(found, kind)):
        raise ConfigError(f"'{reference}' must be a {wanted}, got a {type(found).__name__}")
    return found


def entry_points_of(group: str) -> dict[str, metadata.EntryPoint]:
    """Return what installed packages offer in a group, by name.

    >>> entry_points_of("aurora_resnet.no_such_group")
    {}
    """
    return {point.name: point for point in metadata.entry_points(group=group)}


def load_entry_point(point: metadata.EntryPoint) -> Any:
    """Import what an entry point names.

    Raises:
        ConfigError: if its package is not there, is broken or lacks the name.
    """
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a foreign module may raise anything, SystemExit too
        reason = str(error).partition("\n")[0] or type(error).__name__
        of = "" if point.name == point.value else f" of {point.value}"
        raise ConfigError(
            f"'{point.name}'{of} cannot be imported ({reason}); check the name, and install the package that brings "
            "it, or add its folder to PYTHONPATH"
        ) from error


def origin_of(thing: Any) -> dict[str, str]:
    """Return where a class or function lives: its module and, if it was installed, the package and its version.

    >>> origin_of(Vocabulary)["module"] if (Vocabulary := type("V", (), {"__module__": "mine"})) else None
    'mine'
    """
    module = str(getattr(thing, "__module__", ""))
    found = {"module": module, "name": str(getattr(thing, "__qualname__", thing))}
    if package := _package_of(module.partition(".")[0]):
        found |= {"package": package, "version": metadata.version(package)}
    return found


@cache  # it takes a second, for which every checkpoint would wait
def _package_of(module: str) -> str:
    """Return the installed package that brings a module; empty if there is none."""
    return next(iter(metadata.packages_distributions().get(module, [])), "")


def what_to_install(origin: object) -> str:
    """Return what to do where something that was stored with ``origin_of`` is not known here.

    >>> what_to_install({"module": "own_model.net", "name": "Net", "package": "own-model", "version": "0.2"})
    'it is Net of own_model.net, package own-model 0.2: pip install own-model'
    >>> what_to_install({"module": "__main__", "name": "Net"})
    'it is Net of __main__: import or register it before loading'
    """
    values = {key: text for key, text in origin.items() if _plain(text)} if isinstance(origin, dict) else {}
    if not {"module", "name"} <= values.keys():
        return ""
    where = f"it is {values['name']} of {values['module']}"
    if "package" in values:
        return f"{where}, package {values['package']} {values.get('version', '')}: pip install {values['package']}"
    return f"{where}: import or register it before loading"


def _plain(text: object) -> bool:
    return isinstance(text, str) and _PLAIN.fullmatch(text) is not None
