"""Where models lie: those that the package carries, by their names, and others by the path of a file."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from .errors import ModelError, did_you_mean

SUFFIX = ".onnx"
EXPORTED_FOLDER = Path(__file__).with_name("exported")
EXPORTED = ("resnet50", "compact")
"""The exported models of single words that this package carries, in int8: the accurate one and the small, fast one."""
EXPORTED_STRINGS = ("string_net",)
"""The exported models of strings that it carries; ``strings.model`` computes them."""


def model_file(name_or_path: str | Path, shipped: Collection[str]) -> Path:
    """Return the file of an exported model: by the name of a shipped one, or the path as it is.

    Args:
        name_or_path: what somebody asked for.
        shipped: the names that it may have.

    Raises:
        ModelError: for what is neither.
    """
    if (path := exported_path(name_or_path)) is not None:
        return path
    path = Path(name_or_path)
    if path.suffix != SUFFIX and not is_file(path) and not os.path.isdir(path):  # noqa: PTH112
        hint = did_you_mean(str(name_or_path), shipped)
        raise ModelError(
            f"there is no model '{name_or_path}'{hint}; shipped: {', '.join(shipped)}; others by the path of a file"
        )
    return path


def exported_path(name: str | Path) -> Path | None:
    """Return the file of a shipped model, of words or of strings; ``None`` for any other name.

    >>> exported_path("compact").name, exported_path("cnn")
    ('compact.onnx', None)
    """
    return EXPORTED_FOLDER / f"{name}{SUFFIX}" if os.fspath(name) in (*EXPORTED, *EXPORTED_STRINGS) else None


def is_file(path: str | Path) -> bool:
    r"""Tell whether there is such a file; a name that no file can have is none either, however long it is.

    >>> is_file("a" * 10_000), is_file("a\0b"), is_file(__file__)
    (False, False, True)
    """
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file raises for long names)
