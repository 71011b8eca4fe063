"""Killed work, full disks, threads and streams: what goes wrong is counted, what goes right is not."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.cli.terminal import complain
from tools.faults import disks, kills, steadiness
from tools.faults.disks import Command, run_command
from tools.faults.kills import contents, kill_and_repeat

STEPS = 4


def steadily(folder: Path, *, once: bool = False, forked: bool = False) -> None:
    """Write some files, each whole; a second call goes on."""
    folder.mkdir(exist_ok=True)
    if once and (folder / "0").exists():
        raise ValueError("cannot go on")
    if forked and os.fork() == 0:
        time.sleep(30)
    for number in range(STEPS):
        if not (folder / str(number)).exists():
            (folder / str(number)).write_text(str(number))
        time.sleep(0.02)


def careless(folder: Path) -> None:
    """Append, so that what a killed call did is there twice."""
    folder.mkdir(exist_ok=True)
    for number in range(STEPS):
        with (folder / "log").open("a") as file:
            file.write(f"{number}\n")
        time.sleep(0.02)


def littering(folder: Path) -> None:
    """Leave a file under a name that nobody takes up."""
    folder.mkdir(exist_ok=True)
    temporary = folder / f".{time.monotonic_ns()}"
    temporary.touch()
    time.sleep(0.2)
    temporary.rename(folder / "done")


@pytest.mark.parametrize(
    ("scenario", "fault"),
    [
        (steadily, None),
        (careless, "unequal"),
        (littering, "left_over"),
        (lambda folder: steadily(folder, once=True), "failed"),
        (lambda folder: steadily(folder, forked=True), "alive"),
    ],
    ids=["resumes", "unequal", "left over", "failed", "alive"],
)
@pytest.mark.slow
def test_what_a_kill_leaves_is_counted(
    scenario: Callable[[Path], None], fault: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "OUTLIVE_SECONDS", 0.1)
    killed: list[int] = []
    report = kill_and_repeat(scenario, 3, seed=0, on_kill=lambda: killed.append(1))
    assert report.kills == len(killed) == 3
    assert (report.faults > 0) == (fault is not None)
    if fault:
        assert getattr(report, fault) > 0


def test_times_are_no_difference_but_missing_records_are(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("now")
    (tmp_path / "weights").write_text("w")
    before = contents(tmp_path)
    (tmp_path / "run.json").write_text("later")
    assert contents(tmp_path) == before
    (tmp_path / "weights").write_text("v")
    assert contents(tmp_path) != before
    (tmp_path / "run.json").unlink()
    assert "run.json" not in contents(tmp_path)


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
def test_a_command_on_a_full_disk_is_judged(
    how: str, problem: str, mounted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not mounted:  # as where mounting is not permitted
        refused = subprocess.CompletedProcess[bytes]([], 1)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    monkeypatch.setattr(disks, "main", lambda arguments: _write(arguments, how=how))
    problems, way = run_command(Command("{disk}/old", "old"))
    assert way == "limit" or mounted
    assert any(text.startswith(problem) for text in problems) if problem else not problems


def test_a_full_standard_output_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def printing(_: list[str]) -> None:
        print("word")  # noqa: T201
        raise SystemExit(0)

    monkeypatch.setattr(disks, "main", printing)
    problems, _ = run_command(Command("recognize", to_output=True))
    assert problems[0] == "exit code 120 instead of 2"


def test_answers_that_threads_disturb_are_counted() -> None:
    class Answer:
        def __init__(self, value: Any) -> None:
            self.value = value

        def to_dict(self) -> Any:
            return self.value

    class Recognizer:
        def __init__(self, *, steady: bool) -> None:
            self.steady, self.calls = steady, itertools.count()

        def recognize(self, path: Path) -> Answer:
            return Answer(path if self.steady else next(self.calls))

    for steady in (True, False):
        counts = steadiness.compare_threads(48, Recognizer(steady=steady))  # type: ignore[arg-type]
        assert counts == {"calls": 48, "threads": 16, "unequal": 0 if steady else 48}


def test_memory_that_grows_is_seen() -> None:
    assert not steadiness.grew([300.0, 300.2, 300.1, 300.3])
    assert not steadiness.grew([300.0, 320.0, 300.0, 305.0])  # what was needed for a while was given back
    assert steadiness.grew([300.0, 310.0, 320.0, 330.0])
