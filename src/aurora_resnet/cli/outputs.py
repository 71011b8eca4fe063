"""What a command writes: refused before the work where it cannot be written, and never lost to another output."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import typer

from aurora_resnet.runtime.errors import ConfigError


def check_file(path: Path | None, option: str) -> None:
    """Refuse the name of a file that cannot be written, before the work begins; nothing is made.

    Args:
        path: where the file shall be, ``None`` for nowhere.
        option: what the user typed before it.

    Raises:
        ConfigError: for a folder, a device, a place below a file, and where nothing can be written.

    >>> check_file(Path(__file__) / "report.json", "--json")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: --json .../outputs.py/report.json cannot be written (...outputs.py is a
    file); give another place
    """
    if path is not None:
        # Files get their name when they are whole; until then it is a longer one.
        longer = path.with_name(f".{path.stem}.{'0' * 8}{path.suffix}") if path.name else path
        _check(path, longer, option, "file", path.is_file)


def check_folder(path: Path | None, option: str) -> None:
    """Refuse a folder in which nothing can be written, as ``check_file`` refuses files."""
    if path is not None:
        _check(path, path / "0", option, "folder", path.is_dir)


def write_all(text: str, *outputs: tuple[str, Path | None, Callable[[Path], object]]) -> None:
    """Print a result, and write files one after the other; one that cannot be written leaves the rest as it is.

    Args:
        text: the result.
        outputs: option, path (``None`` for nowhere) and what writes there.

    Raises:
        ConfigError: afterwards, naming all that could not be written.
    """
    writing: list[tuple[str, Callable[[], object]]] = [("the output", partial(typer.echo, text))]
    writing += [(f"{option} {path}", partial(write, path)) for option, path, write in outputs if path is not None]
    problems = []
    for name, write in writing:
        try:
            write()
        except BrokenPipeError:
            raise
        except OSError as error:
            problems.append(f"{name} cannot be written ({error.strerror or error})")
    if problems:
        raise ConfigError("; ".join(problems) + "; the rest is there: make room or give another place")


def _check(path: Path, example: Path, option: str, wanted: str, is_wanted: Callable[[], bool]) -> None:
    try:
        if path.exists() and not is_wanted():
            kind = "a folder" if path.is_dir() else "a file" if path.is_file() else "a device"
            raise ConfigError(f"{option} {path} is {kind}; give the name of a {wanted}")
        example.exists()  # raises for names that are too long
        there = next(parent for parent in example.absolute().parents if parent.exists())
        if not there.is_dir():
            raise NotADirectoryError(0, f"{there} is a file")
        with tempfile.TemporaryFile(dir=there):
            pass
    except ConfigError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{option} {str(path)[:200]} cannot be written ({reason}); give another place") from None
