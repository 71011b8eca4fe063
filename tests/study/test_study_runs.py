"""Runs of the study on the real recordings, short ones: they can be repeated, and are not repeated by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from study.execute import execute
from study.plan import plan
from study.self_supervised import evaluate
from study.test_set import StudyTest, build
from torch import nn

from aurora_resnet.features.self_supervised import SelfSupervisedFrontend

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.shared
def test_a_run_again_gives_the_same_numbers(shared: Path, tmp_path: Path) -> None:
    changes = {"data.root": str(shared), "data.share": 0.05, "training.epochs": 2}
    (run,) = plan(["q1_systems/cnn_lstm-multi"], [2], changes)
    records: list[dict[str, Any]] = []
    for out in (tmp_path / "first", tmp_path / "again"):
        build(shared, out, quick=True)
        execute(run, out, out / "record.json", threads=1)
        records.append(json.loads((out / "record.json").read_text()))
    first, again = records
    assert first["answers"] == again["answers"]
    assert first["training_sha256"] == again["training_sha256"]
    assert first["training"]["data"] == again["training"]["data"]
    losses = [[epoch["train_loss"] for epoch in record["history"]] for record in records]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 2


@pytest.mark.slow
@pytest.mark.shared
def test_what_has_a_record_is_skipped(shared: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.study", "--quick", "--only", "q1_systems/lstm-clean"]
    command += ["--data", str(shared), "--out", str(tmp_path)]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert "0 of 1 runs are done" in first
    assert "1 of 1 runs are done" in second


@pytest.mark.slow
@pytest.mark.shared
def test_a_self_supervised_encoder_takes_the_same_test(shared: Path, tmp_path: Path, tiny_encoder: nn.Module) -> None:
    test = StudyTest.load(build(shared, tmp_path, quick=True))
    answers = evaluate(SelfSupervisedFrontend(tiny_encoder, layer=2), test, shared, share=0.05)
    truth = {condition: row["words"] for condition, row in test.truth().items()}
    assert {condition: len(heard) for condition, heard in answers.items()} == {c: len(str(w)) for c, w in truth.items()}
    assert len(set("".join(answers.values()))) > 1  # the head tells clips apart; random weights promise no more
