"""Records of measurements: jobs that make one each, what every record says, and parts that outlive an interruption."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aurora_resnet.environment import describe_environment, set_threads
from aurora_resnet.files import write_json
from aurora_resnet.runtime.cli.terminal import tell

T = TypeVar("T")
Record = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What the command line says.

    Attributes:
        data: folder of the recordings; instead of the plan's.
        records: folder of the records; ``None`` writes none.
        runs: folder of what is made on the way.
        device: where to compute.
        threads: of torch and onnxruntime on the CPU.
        quick: measure a little of everything, to see that it works.
    """

    data: Path
    records: Path | None
    runs: Path = Path("runs")
    device: str = "cpu"
    threads: int = 1
    quick: bool = False

    def path(self, record: str) -> Path:
        """Return where a record is, or would be."""
        return (self.records or self.runs) / record


def as_json(record: Record) -> str:
    """Return a record as text."""
    return json.dumps(record, indent=2)


@dataclass(frozen=True)
class Job:
    """One record to make.

    Attributes:
        path: of the record.
        make: measures; may be sent to another process.
        done: tells whether a record that is there is of the same thing.
        show: what is printed of it.
    """

    path: Path
    make: Callable[[], Record]
    done: Callable[[Record], bool] = bool
    show: Callable[[Record], str] = as_json

    def is_done(self) -> bool:
        """Tell whether the record is there already."""
        return self.path.is_file() and self.done(json.loads(self.path.read_text(encoding="utf-8")))

    def task(self, settings: Settings) -> Callable[[], str]:
        """Return what measures, writes the record and says what was found."""
        return partial(_measure, self.make, self.show, self.path if settings.records else None, settings.threads)


def _measure(make: Callable[[], Record], show: Callable[[Record], str], path: Path | None, threads: int) -> str:
    set_threads(threads)
    record = make()
    if path:
        write_json(record, path, indent=1)
    return show(record)


def header(device: str = "cpu") -> Record:
    """Return what every record says: when and where it was made."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment(device),
    }


class Parts:
    """Parts of a long measurement, kept in a file until the whole record is there.

    Args:
        folder: where the file is kept; ``None`` keeps nothing.
        about: what is measured: parts of anything else have another file.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> Parts(folder, {"model": "a"})("words", lambda: 1), Parts(folder, {"model": "a"})("words", lambda: 2)
    (1, 1)
    >>> Parts(folder, {"model": "b"})("words", lambda: 2)
    2
    """

    def __init__(self, folder: Path | None, about: Record) -> None:
        digest = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()
        self.file = folder / "measure" / f"{digest[:16]}.json" if folder else None
        self.started = time.perf_counter()
        self.made: Record = {}
        if self.file and self.file.is_file():
            self.made = json.loads(self.file.read_text(encoding="utf-8"))

    def __call__(self, name: str, make: Callable[[], T]) -> T:
        """Return a part that was made before, or make it."""
        if name not in self.made:
            self.made[name] = make()
            if self.file:
                write_json(self.made, self.file)
            tell(f"{time.perf_counter() - self.started:6.0f} s: {name}")
        part: T = self.made[name]
        return part

    def finished(self) -> None:
        """Forget the parts."""
        if self.file:
            self.file.unlink(missing_ok=True)
