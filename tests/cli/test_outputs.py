"""Where nothing can be written: said in a line before the work, and what was computed is not lost."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.cli.outputs import write_all
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training import state

Call = Callable[..., "subprocess.CompletedProcess[str]"]
LONG = "a" * 300
# What each command reads is not there: that the output is what is complained about shows that it is checked first.
EVALUATE = ["evaluate", "--model", "none", "--corpus", "fsdd:none"]
FILES = [
    [*EVALUATE, "--json"],
    [*EVALUATE, "--csv"],
    [*EVALUATE, "--predictions"],
    [*EVALUATE, "--figure"],
    ["calibrate", "--model", "none", "--corpus", "fsdd:none", "--out"],
    ["corpus", "fsdd:none", "--manifest"],
    ["export", "--model", "none", "--out"],
]
FOLDERS = [
    [*EVALUATE, "--aurora"],
    ["train", "--config", "none.toml", "--out"],
    ["demo", "--model", "none", "--out"],
    ["download", "fsdd", "--out"],
    ["make-noisy", "--speech", "fsdd:none", "--noise", "none", "--seed", "1", "--out"],
]


@pytest.fixture(autouse=True)
def places(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()


FILE_PLACES = {
    "below": ("file/a.csv", "file is a file"),
    "folder": ("folder", "is a folder; give the name of a file"),
    "long": (LONG, "File name too long"),
    "proc": ("/proc/a.csv", "cannot be written"),
    "full": ("/dev/full", "is a device"),
}
FOLDER_PLACES = {
    "file": ("file", "is a file; give the name of a folder"),
    "below": ("file/a/b", "file is a file"),
    "long": (LONG, "File name too long"),
    "proc": ("/proc/a", "cannot be written"),
    "full": ("/dev/full", "is a device"),
}
CASES = [
    pytest.param(command, place, says, id=f"{command[0]}{command[-1]}-{name}")
    for commands, wrong in ((FILES, FILE_PLACES), (FOLDERS, FOLDER_PLACES))
    for command in commands
    for name, (place, says) in wrong.items()
]


@pytest.mark.parametrize(("command", "place", "says"), CASES)
def test_what_cannot_be_written_is_known_before_the_work(
    command: list[str], place: str, says: str, call: Call, tmp_path: Path
) -> None:
    result = call(*command, place)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {command[-1]} ")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def full(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")


def test_one_output_takes_none_of_the_others_with_it() -> None:
    written: list[Path] = []
    with pytest.raises(
        ConfigError, match=r"^--json a cannot be written \(No space left on device\); the rest is there"
    ):
        write_all("text", ("--json", Path("a"), full), ("--csv", Path("b"), written.append), ("--figure", None, full))
    assert written == [Path("b")]


@pytest.fixture
def few(tmp_path: Path) -> str:
    read_samples().filter(words=["one"], split="test").write_csv(tmp_path / "few.csv")
    return f"manifest:{tmp_path / 'few.csv'}"


def test_evaluate_keeps_what_it_measured_where_the_disk_is_full(
    call: Call, few: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EvaluationReport, "write_json", full)
    result = call("evaluate", "--model", "compact", "--corpus", few, "--json", "a.json", "--csv", "b.csv")
    assert result.returncode == 2
    assert "100.00" in result.stdout
    assert ",16,16,1.0," in (tmp_path / "b.csv").read_text()
    assert result.stderr.splitlines()[-1].startswith("error: --json a.json cannot be written (No space left on device)")


@pytest.fixture
def call_full(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """As ``call``; the output goes to a disk that is full."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        with contextlib.suppress(OSError), Path("/dev/full").open("w") as output, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", output)
            result = call(*arguments)
        return result

    return run


def test_evaluate_writes_its_files_where_its_output_goes_nowhere(call_full: Call, few: str, tmp_path: Path) -> None:
    result = call_full("evaluate", "--model", "compact", "--corpus", few, "--json", "a.json")
    assert result.returncode == 2
    assert "the output cannot be written (No space left on device)" in result.stderr
    assert '"accuracy"' in (tmp_path / "a.json").read_text()


@pytest.mark.parametrize("command", [["recognize", "one.wav"], ["listen", "one.wav"], ["corpus", "samples:"]])
def test_results_that_go_nowhere_end_in_a_line(command: list[str], call_full: Call, tmp_path: Path) -> None:
    word = read_samples().filter(words=["one"], split="test")[0].path
    (tmp_path / "one.wav").write_bytes(word.read_bytes())
    result = call_full(*command)
    assert result.returncode == 2
    assert result.stderr.endswith(
        "error: the output: No space left on device; make room, then run the same command again\n"
    )


@pytest.mark.slow
def test_a_training_on_a_full_disk_goes_on_when_there_is_room(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = ["train", "--config", "quickstart", "--set", "data.share=0.1", "--set", "training.epochs=2", "--out", "run"]
    write = save_checkpoint
    monkeypatch.setattr(
        state, "save_checkpoint", lambda *a, **o: full() if o["info"]["epochs"] == 2 else write(*a, **o)
    )
    result = call(*train)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "stopped; go on with the same command and --resume (finished epochs are in run)" in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "error: somewhere: No space left on device; make room, then run the same command again"
    )
    monkeypatch.setattr(state, "save_checkpoint", write)
    result = call(*train, "--resume")
    assert result.returncode == 0, result.stderr
    assert "2 epochs" in result.stderr
    assert (tmp_path / "run" / "run.json").is_file()
