"""Runs of the study on the real recordings, short ones: they can be repeated, and are not repeated by themselves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from aurora_resnet.training.state import HISTORY
from study.execute import execute
from study.plan import plan
from study.test_set import build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def study_folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's folder with its test and nothing else."""
    out = tmp_path_factory.mktemp("study")
    build(shared, out, quick=True)
    return out


@pytest.mark.slow
@pytest.mark.shared
def test_a_run_again_gives_the_same_numbers(shared: Path, study_folder: Path, tmp_path: Path) -> None:
    changes = {"data.root": str(shared), "data.share": 0.02, "training.epochs": 2}
    (run,) = plan(["q1_systems/lstm-multi"], [2], changes)
    records: list[dict[str, Any]] = []
    for name in ("first", "again"):
        out = Path(shutil.copytree(study_folder, tmp_path / name))
        execute(run, out, out / "record.json", threads=1)
        records.append(json.loads((out / "record.json").read_text()))
    first, again = records
    assert first["answers"] == again["answers"]
    assert first["training_sha256"] == again["training_sha256"]
    assert first["training"]["data"] == again["training"]["data"]
    losses = [[epoch["train_loss"] for epoch in record["history"]] for record in records]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 2


KILLED = """
import sys
from pathlib import Path
from tests.study.test_study_runs import short_run
short_run(*map(Path, sys.argv[1:]))
"""


def short_run(shared: Path, out: Path) -> None:
    changes = {"data.root": str(shared), "data.share": 0.02, "weights": "none"}
    changes |= {"training.epochs": 6, "training.early_stopping": 3}
    execute(plan(["q9_budget/lstm-multi"], [1], changes)[0], out, out / "record.json", threads=1)


@pytest.mark.slow
@pytest.mark.shared
def test_a_killed_run_ends_as_one_that_was_not(shared: Path, study_folder: Path, tmp_path: Path) -> None:
    """With averaged weights and early stopping, whose best epoch answers the test."""
    outs = [Path(shutil.copytree(study_folder, tmp_path / name)) for name in ("whole", "killed")]
    short_run(shared, outs[0])
    history = outs[1] / "runs/q9_budget/lstm-multi/seed1" / HISTORY
    with subprocess.Popen([sys.executable, "-c", KILLED, str(shared), str(outs[1])], cwd=ROOT) as process:
        while process.poll() is None and not (history.exists() and len(history.read_text().splitlines()) > 2):
            time.sleep(0.01)
        process.kill()
    assert not (outs[1] / "record.json").exists()
    short_run(shared, outs[1])
    whole, resumed = (json.loads((out / "record.json").read_text()) for out in outs)
    for name in ("answers", "measured", "training_sha256"):
        assert whole[name] == resumed[name], name
    assert whole["training"]["data"] == resumed["training"]["data"]
    assert [epoch["train_loss"] for epoch in whole["history"]] == [epoch["train_loss"] for epoch in resumed["history"]]
    assert set(whole["measured"]["after"]["bands"]) > {"none"}


@pytest.mark.slow
@pytest.mark.shared
def test_an_interrupted_study_goes_on_with_what_is_missing(shared: Path, study_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(study_folder, tmp_path, dirs_exist_ok=True)
    command = [sys.executable, "-m", "study", "--quick", "--workers", "1"]
    command += ["--only", "q1_systems/lstm-clean", "q1_systems/lstm-multi"]
    command += ["--data", str(shared), "--out", str(tmp_path)]
    # A session of its own, so that the signal reaches the trainings too, as Ctrl-C on a terminal does.
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        records = tmp_path / "records"
        while not list(records.glob("q1_systems/*/seed1.json")) and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    done = list(records.glob("q1_systems/*/seed1.json"))
    assert len(done) == 1
    first = done[0].read_bytes()
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "1 of 2 runs are done" in second
    assert len(list(records.glob("q1_systems/*/seed1.json"))) == 2
    assert done[0].read_bytes() == first
