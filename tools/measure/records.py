"""Records of measurements: jobs that make one each, and what every record says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora_resnet.environment import describe_environment

Record = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What the command line says.

    Attributes:
        data: folder of the recordings.
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


@dataclass(frozen=True)
class Job:
    """One record to make.

    Attributes:
        path: of the record.
        make: measures.
        sha256: of the file that is measured, where it is one; the record names it.
    """

    path: Path
    make: Callable[[], Record]
    sha256: str = ""

    def is_done(self) -> bool:
        """Tell whether a record of the same file is there already."""
        return self.path.is_file() and self.sha256 in self.path.read_text(encoding="utf-8")


def header(device: str = "cpu") -> Record:
    """Return what every record says: when and where it was made."""
    return {"created": datetime.now(UTC).isoformat(timespec="seconds"), "environment": describe_environment(device)}
