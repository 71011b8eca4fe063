"""What ``import aurora_resnet`` does, and what it must not do."""

from __future__ import annotations

import importlib
import subprocess
import sys

import aurora_resnet


def fresh(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout.strip()


def test_importing_loads_no_torch_prints_nothing_and_sets_nothing() -> None:
    code = """
import os, sys, warnings
before = dict(os.environ), list(warnings.filters)
import aurora_resnet
assert (dict(os.environ), list(warnings.filters)) == before
print(sorted({"torch", "torchaudio", "scipy", "matplotlib", "pydantic"} & set(sys.modules)))
"""
    assert fresh(code) == "[]"


def test_every_public_name_loads_without_torchaudio_and_matplotlib() -> None:
    code = """
import sys
sys.modules["torchaudio"] = sys.modules["matplotlib"] = None  # importing them now raises ImportError
import aurora_resnet
names = [name for name in aurora_resnet.__all__ if getattr(aurora_resnet, name) is None]
print(len(aurora_resnet.__all__) > 40, names)
"""
    assert fresh(code) == "True []"


def test_public_names_are_those_of_their_modules() -> None:
    for name in aurora_resnet.__all__:
        if name.startswith("__"):
            continue
        thing = getattr(aurora_resnet, name)
        home = getattr(thing, "__module__", None)
        if home is not None:  # a constant has none
            assert getattr(importlib.import_module(home), name) is thing
