"""Commands on a full disk: one line, exit code 2, and the file that was there before as it was."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.cli.terminal import complain
from tests.faults import disks
from tests.faults.conftest import RECORD
from tests.faults.disks import COMMANDS, Command, run_command


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if each.heavy else [])
        for name, each in COMMANDS.items()
        if RECORD or not each.longest
    ],
)
def test_a_full_disk_loses_nothing(name: str, record: dict[str, Any]) -> None:
    command = COMMANDS[name]
    problems, way = run_command(command)
    assert problems == []
    full = "/dev/full" if command.to_output else way
    record["full_disk"].append({"name": name, "full": full, "old_file": bool(command.old), "problems": problems})


def _write(arguments: list[str], *, how: str) -> None:
    """Be a command that writes more than there is room for."""
    path = Path(arguments[-1])
    try:
        if how == "in place":
            path.write_bytes(bytes(100_000))
        elif how == "litter":
            path.with_name(".old.1").write_bytes(bytes(100_000))
        with atomic_path(path) as temporary:
            temporary.write_bytes(bytes(100_000))
    except OSError as error:
        if how == "traceback":
            raise
        complain(f"{path}: {error.strerror}")
        raise SystemExit(1 if how == "exit 1" else 2) from None


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("well", ""),
        ("in place", "the old file is lost"),
        ("litter", "left .old.1"),
        ("traceback", "a traceback: OSError"),
        ("exit 1", "exit code 1 instead of 2"),
    ],
)
@pytest.mark.parametrize("mounted", [True, False])
def test_a_careless_command_is_seen(how: str, problem: str, mounted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not mounted:  # as where mounting is not permitted
        refused = subprocess.CompletedProcess[bytes]([], 1)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    monkeypatch.setattr(disks, "main", lambda arguments: _write(arguments, how=how))
    problems, way = run_command(Command("{disk}/old", "old"))
    assert way == "limit" or mounted
    assert any(text.startswith(problem) for text in problems) if problem else not problems
