"""Reading a report back that ``aurora-resnet evaluate --json`` wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.text_files import open_text

Report = TypeVar("Report")


def read_report(path: str | Path, parse: Callable[[Any], Report], *, kind: str, command: str) -> Report:
    """Return what ``parse`` makes of a JSON file.

    Args:
        path: of the file.
        parse: takes what stands in it.
        kind: what the file should be, as in "an evaluation report".
        command: that writes such a file.

    Raises:
        ConfigError: if the file is missing or is none of that kind.

    >>> read_report("none.json", dict, kind="a report", command="evaluate")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: none.json: the report cannot be read (No such file or directory)
    """
    try:
        with open_text(path, strict=True, pipe=True) as file:
            return parse(json.loads(file.read()))
    except OSError as error:
        raise ConfigError(f"{path}: the {kind.split(' ', 1)[1]} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: not {kind} of `{command}` ({error!r})") from None
