"""``aurora-resnet demo``: what it prints and writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.demo.demo import Demonstration
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from tests.demo.conftest import demonstrate
from tests.made_once import made_once

Call = Callable[..., "subprocess.CompletedProcess[str]"]


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
def test_it_prints_tables_and_writes_a_report_beside_other_files(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, model: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without figures; with them, and with its training, it is the README's first command."""
    made = made_once(tmp_path_factory, "demonstration", demonstrate)

    def run_demo(*_: object, on_reports: Callable[[object], object], **__: object) -> Demonstration:
        on_reports(made.reports)
        return made

    monkeypatch.setattr("aurora_resnet.cli.demo.run_demo", run_demo)
    for name in ("matplotlib", "matplotlib.figure"):  # the latter may have been imported before
        monkeypatch.setitem(sys.modules, name, None)
    out = tmp_path / "aurora-demo"
    out.mkdir()
    (out / "mine.txt").write_text("stays")
    (out / "report.html").write_text("of a former run")
    result = call("demo", "--model", str(model))
    assert result.returncode == 0, result.stderr
    assert {path.name for path in out.iterdir()} == {"mine.txt", "report.html"}
    assert (out / "mine.txt").read_text() == "stays"
    page = (out / "report.html").read_text(encoding="utf-8")
    for text in ("second", "20 dB", "noise accepted", "after it", "synthe"):
        assert text in result.stdout
        assert text in page or text == "after it"
    assert "data:image/png" not in page
    assert "pip install 'aurora-resnet[figures]'" in result.stderr
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
