"""What all tests share: settings of hypothesis and torch."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from aurora_resnet.cli import main
from aurora_resnet.corpora.samples import read_samples

Call = Callable[..., "subprocess.CompletedProcess[str]"]

# A time limit per example would test the machine. CI draws more, and the same every time: a red run is repeatable.
settings.register_profile("local", deadline=None, max_examples=10)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("ci" if os.environ.get("CI") else "local")

os.fsync = lambda fd: None  # noqa: ARG005 - what tests write need not outlast a power cut
torch.set_num_threads(1)  # small tensors; also, tests run side by side in CI

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the real recordings; tests that ask for it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("the real recordings in ../shared/data are not here")
    return SHARED


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the packaged words for exports that are not asked how near int8 comes to float."""
    few = replace(read_samples(), utterances=read_samples().utterances[::4])
    monkeypatch.setattr("aurora_resnet.export.recordings.read_samples", lambda: few)


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """``call("train", "--out", "x")`` in the test's folder; starting Python and torch each time would take seconds."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("NO_COLOR", "1")
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *capfd.readouterr())

    return run
