"""What was done so far, so that an interrupted run goes on: one line of JSON for each finished part."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class Parts:
    """Finished parts by name, kept in a file (or, with ``None``, in memory alone) that belongs to a run's settings."""

    def __init__(self, path: Path | None, settings: dict[str, Any]) -> None:
        self.path, self.done, self.begin = path, dict[str, Any](), time.monotonic()
        if path is not None and path.exists():
            first, *lines = path.read_text(encoding="utf-8").splitlines()
            if json.loads(first) != settings:
                raise SystemExit(f"{path} belongs to a run with other settings, {first}; repeat them, or remove it")
            for line in lines:
                try:
                    self.done |= json.loads(line)
                except ValueError:  # the last one, when the run was killed while writing it
                    continue
        elif path is not None:
            self._append(settings)
        self.before: float = self.done.get("seconds", 0.0)

    def add(self, name: str, value: Any) -> None:
        """Keep a part, and the seconds that all took so far."""
        new = {name: value, "seconds": round(self.before + time.monotonic() - self.begin, 1)}
        self.done |= new
        self._append(new)

    def _append(self, value: Any) -> None:
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(value) + "\n")

    def finish(self) -> None:
        """Forget the file; the record has everything."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
