"""A pytest plugin: the installed ``aurora_resnet_runtime`` is found as ``aurora_resnet.runtime`` too.

The tests and the examples in the docstrings are written once, for the name that the package has in the whole library.
Both names are the same modules, loaded once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from hypothesis import settings

ALIAS, PACKAGE = "aurora_resnet.runtime", "aurora_resnet_runtime"


class AliasLoader(Loader):
    """Loads a module under its own name and lets it be."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module of the package."""
        self.module = importlib.import_module(PACKAGE + spec.name.removeprefix(ALIAS))
        self.spec = self.module.__spec__
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own description back; it was executed under its own name."""
        module.__spec__ = self.spec


class AliasFinder(MetaPathFinder):
    """Finds the alias and the modules in it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module of the alias, ``None`` for every other one."""
        del path, target
        if fullname != ALIAS and not fullname.startswith(f"{ALIAS}."):
            return None
        found = find_spec(PACKAGE + fullname.removeprefix(ALIAS))
        return found and ModuleSpec(fullname, AliasLoader(), is_package=found.submodule_search_locations is not None)


def install() -> None:
    """Make the alias known, unless the whole library is installed, which would then be tested instead.

    Raises:
        RuntimeError: if it is.
    """
    if find_spec("aurora_resnet") is not None:
        raise RuntimeError("aurora_resnet is installed here; test the runtime's wheel in an environment without it")
    library = ModuleType("aurora_resnet")
    library.__path__ = []
    sys.modules["aurora_resnet"] = library
    sys.meta_path.insert(0, AliasFinder())


install()
settings.register_profile("runtime", deadline=None)  # a time limit per example would test the machine
settings.load_profile("runtime")
