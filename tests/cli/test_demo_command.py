"""``aurora-resnet demo`` as a person meets it: in its own process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel

Call = Callable[..., "subprocess.CompletedProcess[str]"]
WITHOUT_MATPLOTLIB = "import sys; sys.modules['matplotlib'] = None; "


def run(*arguments: str, cwd: Path, before: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{before}from aurora_resnet.cli import main; main()", "demo", *arguments]
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mel = MelConfig(sample_rate=8000, n_mels=16)
        network = RecognizerModel(RecognizerConfig("lstm", mel, options={"cells": 8}))
    path = tmp_path / "runs" / "tiny.safetensors"
    save_checkpoint(network, path)
    return path


@pytest.mark.slow
def test_it_prints_tables_and_writes_a_report_beside_other_files(tmp_path: Path, model: Path) -> None:
    """Without figures, and the small network learns; with figures it is the README's first command."""
    out = tmp_path / "aurora-demo"
    out.mkdir()
    (out / "mine.txt").write_text("stays")
    (out / "report.html").write_text("of a former run")
    result = run("--model", str(model), "--threads", "1", cwd=tmp_path, before=WITHOUT_MATPLOTLIB)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in out.iterdir()} == {"mine.txt", "report.html", "cnn.safetensors"}
    assert (out / "mine.txt").read_text() == "stays"
    page = (out / "report.html").read_text(encoding="utf-8")
    for text in ("runs/tiny", "20 dB", "digits backwards", "after it", "synthe"):
        assert text in result.stdout
        assert text in page or text == "after it"
    assert "data:image/png" not in page
    assert "pip install 'aurora-resnet[figures]'" in result.stderr
    learnt = re.search(r"^(\d+) of 176 digits right before the training, (\d+) after it$", result.stdout, re.MULTILINE)
    assert learnt is not None
    assert int(learnt[1]) < 0.25 * 176  # chance is 9 %
    assert int(learnt[2]) > 0.6 * 176
    last = result.stdout.splitlines()[-6:]
    assert str(Path("aurora-demo") / "report.html") in last[0]
    assert "aurora-resnet recognize FILE" in last[1]


def test_a_wrong_folder_or_model_ends_before_the_work(tmp_path: Path, model: Path, call: Call) -> None:
    (tmp_path / "file").write_text("no folder")
    result = call("demo", "--out", "file", "--model", str(model))
    assert result.returncode == 2
    assert "--out file is a file; give the name of a folder" in result.stderr
    result = call("demo", "--model", "resnet5")
    assert result.returncode == 2
    assert "did you mean 'resnet50'" in result.stderr
    assert not (tmp_path / "aurora-demo").exists()
