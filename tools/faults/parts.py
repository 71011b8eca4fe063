"""What was done so far, so that an interrupted run goes on: one line of JSON for each finished part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Parts:
    """Finished parts by name.

    Args:
        path: where they are kept; ``None`` keeps them in memory.
        settings: of the run. Parts of a run with others are not its own.

    Raises:
        SystemExit: if the file is of a run with other settings.

    >>> parts = Parts(None, {})
    >>> parts.add("threads", {"unequal": 0})
    >>> "threads" in parts.done
    True
    """

    def __init__(self, path: Path | None, settings: dict[str, Any]) -> None:
        self.path, self.done = path, dict[str, Any]()
        if path is None:
            return
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings) + "\n", encoding="utf-8")
        first, *lines = path.read_text(encoding="utf-8").splitlines()
        if json.loads(first) != settings:
            raise SystemExit(f"{path} belongs to a run with other settings, {first}; repeat them, or remove it")
        for line in lines:
            try:
                self.done |= json.loads(line)
            except ValueError:  # the last one, when the run was killed while writing it
                continue

    def add(self, name: str, value: Any) -> None:
        """Keep a part."""
        self.done[name] = value
        if self.path:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" * (not self._ends_whole()) + json.dumps({name: value}) + "\n")

    def finish(self) -> None:
        """Forget the file; the record has everything."""
        if self.path:
            self.path.unlink(missing_ok=True)

    def _ends_whole(self) -> bool:
        assert self.path
        return self.path.read_bytes().endswith(b"\n")
