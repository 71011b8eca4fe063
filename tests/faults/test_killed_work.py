"""Killed work goes on when it is called again, and ends with the bits of work that nobody disturbed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults import kills
from tests.faults.conftest import KILLS
from tests.faults.kills import contents, kill_and_repeat

STEPS = 4
#: Of the kills.
SHARES = {"training": 0.4, "make-noisy": 0.3, "download": 0.2, "make-noisy, 2 workers": 0.05, "export": 0.05}
SLOW = ("training", "make-noisy, 2 workers", "export")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in SHARES]
)
def test_killed_work_ends_as_undisturbed_work_does(name: str, record: dict[str, Any]) -> None:
    number = max(1, round(KILLS * SHARES[name]))
    kills.clips()  # read before processes are forked: reading them is not what is to be killed
    with kills.downloads() as download:
        scenarios = {
            "training": kills.train, "make-noisy": kills.build, "download": download,
            "make-noisy, 2 workers": kills.build_beside, "export": kills.export,
        }  # fmt: skip
        rounds = kill_and_repeat(scenarios[name], number, seed=0)
    faults = dict.fromkeys(("unequal", "failed", "left_over", "alive"), 0)  # each would have been raised
    record["kills"][name] = {"kills": number, "rounds": rounds, **faults}


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "fault"),
    [
        (careless, "other bits"),
        (littering, "left over"),
        (lambda folder: steadily(folder, once=True), "did not go on"),
        (lambda folder: steadily(folder, forked=True), "lived on"),
    ],
    ids=["other bits", "left over", "failed", "alive"],
)
def test_what_a_kill_leaves_is_seen(
    scenario: Callable[[Path], None], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "OUTLIVE_SECONDS", 0.1)
    with pytest.raises(AssertionError, match=fault):
        kill_and_repeat(scenario, 5, seed=0)


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
