"""A pytest plugin: the installed ``aurora_resnet_runtime`` is found as ``aurora_resnet.runtime`` too.

The tests and the examples in the docstrings are written once, for the name that the package has in the whole library.
Both names are the same modules, loaded once.
"""

import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from types import ModuleType

from hypothesis import settings

ALIAS, PACKAGE = "aurora_resnet.runtime", "aurora_resnet_runtime"


def install() -> None:
    """Make the alias known, unless the whole library is installed, which would then be tested instead.

    Raises:
        RuntimeError: if it is.
    """
    if find_spec("aurora_resnet") is not None:
        raise RuntimeError("aurora_resnet is installed here; test the runtime's wheel in an environment without it")
    package = import_module(PACKAGE)
    library = sys.modules["aurora_resnet"] = ModuleType("aurora_resnet")
    library.__path__ = []
    library.runtime = sys.modules[ALIAS] = package  # type: ignore[attr-defined]
    missing = import_module(f"{PACKAGE}.errors").MissingDependencyError
    for found in walk_packages(package.__path__, f"{PACKAGE}."):
        if not found.name.endswith("__main__"):
            with suppress(missing):  # of an extra
                sys.modules[ALIAS + found.name.removeprefix(PACKAGE)] = import_module(found.name)


install()
settings.register_profile("runtime", deadline=None)  # a time limit per example would test the machine
settings.load_profile("runtime")
