"""``aurora-resnet transcribe``: what it prints, writes and ends with."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from aurora_resnet.corpora.samples import samples_folder
from tests.cli.test_app import imported

Call = Callable[..., "subprocess.CompletedProcess[str]"]
VOICE = samples_folder() / "flite-slt"


def test_it_imports_no_torch(tmp_path: Path) -> None:
    options = ("--model", "compact", "--format", "csv", "--workers", "1", "--out", str(tmp_path / "out"))
    code, names = imported("transcribe", str(VOICE), *options)
    assert code == 0
    assert "onnxruntime" in names
    assert "torch" not in names


def test_failures_are_named_and_the_exit_code_says_so(call: Call, tmp_path: Path) -> None:
    shutil.copytree(VOICE, tmp_path / "in")
    (tmp_path / "in" / "empty.wav").touch()
    options = ("in", "--model", "compact", "--format", "jsonl", "--workers", "1", "--out", "out")
    result = call("transcribe", *options)
    assert result.returncode == 1
    assert "23 recordings, 23 of them now" in result.stdout
    assert "empty.wav' is empty (0 bytes)" in result.stderr
    assert "1 recordings could not be read; all are in out/failed.csv" in result.stderr
    assert "23 recordings, 1 of them failed" in (tmp_path / "out" / "run.log").read_text()
    assert "0 of them now" in call("transcribe", *options).stdout


def test_wrong_inputs_are_two_lines_and_exit_code_two(call: Call) -> None:
    result = call("transcribe", "nothing-*.wav", "--format", "csv", "--out", "out")
    assert result.returncode == 2
    assert "nothing-*.wav: no recordings there" in result.stderr


def test_strings_are_heard_with_their_own_model(call: Call, tmp_path: Path) -> None:
    options = (str(VOICE / "seven_1.flac"), "--format", "csv", "--workers", "1", "--out", "out")
    result = call("transcribe", "--string", "--length", "1", *options)
    assert result.returncode == 0, result.stderr
    lines = (tmp_path / "out" / "rows" / "part-000000.csv").read_text().splitlines()
    assert lines[0] == "recording,text,words,confidence,accepted,reason,start_seconds,end_seconds,error"
    assert lines[1].split(",")[1:3] == ["7", "seven"]
    result = call("transcribe", "--length", "1", *options)
    assert result.returncode == 2
    assert "--length is about strings; add --string" in result.stderr
