"""A row for every recording, the row that ``recognize`` would give, whatever is damaged or killed meanwhile."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from aurora_resnet.corpora.samples import samples_folder
from aurora_resnet.files import locked_folder
from aurora_resnet.runtime.errors import ConfigError, ModelError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.plan import Plan
from aurora_resnet.transcription.strings import Strings
from aurora_resnet.transcription.tables import Row, TableFormat, read_rows
from aurora_resnet.transcription.transcribe import FAILURE, TranscriptionReport, transcribe
from aurora_resnet.transcription.words import Words

VOICE = samples_folder() / "flite-slt"
MODEL = TranscriptionModel("compact", batch=8)


def rows_of(out: Path, suffix: str = "csv") -> dict[str, Row]:
    """Return the rows by recording; none may be there twice."""
    rows = [row for part in sorted((out / "rows").glob(f"*.{suffix}")) for row in read_rows(part, Words.columns)]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row for row in rows}


def small(inputs: list[str], out: Path, **options: Any) -> TranscriptionReport:
    chosen: dict[str, Any] = {"table": "csv", "workers": 1}
    return transcribe(inputs, out, MODEL, **chosen | options)


@pytest.mark.parametrize("table", ["csv", "jsonl", "parquet"])
def test_rows_are_what_the_recognizer_answers(tmp_path: Path, table: TableFormat) -> None:
    if table == "parquet":
        pytest.importorskip("pyarrow")
    report = small([str(VOICE)], tmp_path / "out", table=table)
    rows = rows_of(tmp_path / "out", table)
    files = sorted(VOICE.glob("*.flac"))
    assert report.recordings == len(files) == len(rows)
    recognizer = Recognizer.from_pretrained("compact")
    for file in files:
        answer, clip, row = recognizer.recognize(file), recognizer.clip(file), rows[str(file)]
        assert (row[1], row[2], row[4], row[7]) == (answer.word, answer.digit, answer.accepted, None)
        assert row[3] == pytest.approx(answer.confidence, abs=1e-5)  # other batch, other rounding
        assert row[5:7] == pytest.approx((clip.start_seconds, clip.recording_seconds))


@pytest.mark.parametrize("table", ["csv", "jsonl", "parquet"])
def test_strings_have_rows_of_their_own(tmp_path: Path, table: TableFormat) -> None:
    if table == "parquet":
        pytest.importorskip("pyarrow")
    files = sorted(VOICE.glob("s*.flac"))
    home = tmp_path / "in"
    home.mkdir()
    for file in files:
        shutil.copy(file, home)
    (home / "bad.wav").write_bytes(b"no sound")
    model = TranscriptionModel("string_net", task=Strings(StringRules(lengths=(1, 2))))
    report = transcribe([str(home)], tmp_path / "out", model, table=table, workers=1)
    assert (report.recordings, report.failed) == (len(files) + 1, 1)
    part = tmp_path / "out" / "rows" / f"part-000000.{table}"
    rows = {row[0]: dict(zip(model.task.columns, row, strict=True)) for row in read_rows(part, model.task.columns)}
    recognizer = StringRecognizer.from_pretrained("string_net")
    for file in files:
        answer, row = recognizer.recognize(file, lengths={1, 2}), rows[str(home / file.name)]
        assert row["words"].split() == [word.word for word in answer.words]
        assert (row["text"], row["accepted"], row["reason"]) == (answer.text, answer.accepted, answer.reason)
        assert row["confidence"] == pytest.approx(answer.confidence, abs=1e-5)
        assert row["end_seconds"] == pytest.approx(answer.words[-1].end_seconds, abs=1e-4)
    assert "cannot be read" in rows[str(home / "bad.wav")]["error"]
    with pytest.raises(ConfigError, match="other settings"):
        transcribe(
            [str(home)], tmp_path / "out", TranscriptionModel("string_net", task=Strings()), table=table, workers=1
        )


def test_wrong_questions_about_strings() -> None:
    with pytest.raises(ModelError, match="computed on the CPU"):
        TranscriptionModel("string_net", device="cuda", task=Strings()).load()
    with pytest.raises(ModelError, match="model of single words"):
        TranscriptionModel("compact", task=Strings()).load()


def test_bytes_in_parquet_are_read_as_the_files(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    files = sorted(VOICE.glob("*.flac"))
    cells: list[dict[str, object] | None] = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
    parquet.write_table(pyarrow.table({"audio": [*cells, None]}), tmp_path / "t.parquet", row_group_size=5)
    report = small([str(tmp_path / "t.parquet")], tmp_path / "bytes")
    small([str(VOICE)], tmp_path / "files")
    assert (report.recordings, report.failed) == (len(files) + 1, 1)
    found = list(rows_of(tmp_path / "bytes").values())
    alone = list(rows_of(tmp_path / "files").values())
    assert [(row[1], row[4:]) for row in found[:-1]] == [(row[1], row[4:]) for row in alone]
    assert [row[3] for row in found[:-1]] == pytest.approx([row[3] for row in alone], abs=1e-5)
    assert "the cell is empty" in found[-1][7]


def test_what_cannot_be_read_has_its_reason_and_stops_nothing(tmp_path: Path) -> None:
    home = tmp_path / "in"
    shutil.copytree(VOICE, home)
    (home / "cut.wav").write_bytes(b"RIFF")
    (home / "empty.flac").touch()
    (home / os.fsdecode(b"caf\xe9.wav")).write_bytes(b"no sound")
    report = small([str(home)], tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    failed = {name: row for name, row in rows.items() if row[7] is not None}
    assert report.failed == len(failed) == 3
    assert all(row[1:7] == (None,) * 6 for row in failed.values())
    listed = {name: reason for name, reason in read_rows(report.failures, FAILURE)}  # noqa: C416
    assert listed == {name: row[7] for name, row in failed.items()}
    assert "is empty" in listed[str(home / "empty.flac")]
    again = small([str(home)], tmp_path / "out")  # a later call names them too
    assert (again.already_there, again.failed) == (report.recordings, 3)


def test_another_model_or_table_is_refused_and_so_is_a_second_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    small([str(VOICE)], out)
    with pytest.raises(ConfigError, match=r"was begun with other settings \(table 'csv', now 'jsonl'\)"):
        small([str(VOICE)], out, table="jsonl")
    with pytest.raises(ConfigError, match=r"model 'compact', now 'resnet50'; sha256"):
        transcribe([str(VOICE)], out, TranscriptionModel("resnet50"), table="csv", workers=1)
    with pytest.raises(ConfigError, match="inputs"):
        small([str(VOICE.parent)], out)
    with pytest.raises(ModelError, match="no model 'compat'"):
        transcribe([str(VOICE)], tmp_path / "other", TranscriptionModel("compat"), table="csv")
    with locked_folder(out, ValueError()), pytest.raises(ConfigError, match="another transcription works in"):
        small([str(VOICE)], out)


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TranscriptionModel, "fewest", 4)
    out = tmp_path / "out"
    small([str(VOICE)], out)
    whole = rows_of(out)
    parts = sorted((out / "rows").iterdir())
    assert len(parts) > 2
    kept = {part: part.stat().st_mtime_ns for part in parts[1:]}
    lost = len(list(read_rows(parts[0], Words.columns)))
    parts[0].unlink()
    assert small([str(VOICE)], out).already_there == len(whole) - lost
    assert rows_of(out) == whole
    assert {part: part.stat().st_mtime_ns for part in kept} == kept


DEADLY = """
import os, signal
from aurora_resnet.runtime.audio import recordings
from aurora_resnet.transcription import inputs
real = recordings.open_file
def open_file(path, raw=None):
    if "deadly" in str(path):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(path, raw)
inputs.open_file = open_file
"""


@pytest.mark.slow
def test_a_recording_that_ends_its_process_is_lost_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "in"
    shutil.copytree(VOICE, home)
    shutil.copy(next(VOICE.glob("*.flac")), home / "deadly.flac")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(DEADLY)  # for the workers, which are processes of their own
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *sys.path]))
    report = small([str(home)], tmp_path / "out", workers=2)
    rows = rows_of(tmp_path / "out")
    assert (report.recordings, report.failed) == (23, 1)
    assert "died 2 times" in rows[str(home / "deadly.flac")][7]


@pytest.mark.slow
def test_killed_again_and_again_no_row_is_lost_and_none_is_there_twice(tmp_path: Path) -> None:
    home = tmp_path / "in"
    shutil.copytree(samples_folder(), home)
    small([str(home)], tmp_path / "whole")
    out, chance, killed = tmp_path / "out", random.Random(17), 0
    command = [sys.executable, "-m", "aurora_resnet", "transcribe", str(home), "--model", "compact", "--format", "csv",
               "--batch", "8", "--workers", "2", "--out", str(out)]  # fmt: skip
    for _ in range(60):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            before = len(list(out.glob("rows/[!.]*")))
            if killed < 4:
                until = time.monotonic() + 60
                while (
                    len(list(out.glob("rows/[!.]*"))) == before and process.poll() is None and time.monotonic() < until
                ):
                    time.sleep(0.01)  # until it has done something
                time.sleep(chance.uniform(0, 0.2))
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    killed += 1
            said = process.communicate()[0]
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, said
    assert process.returncode == 0
    assert killed >= 2
    assert rows_of(out) == rows_of(tmp_path / "whole")
    assert not list(out.glob("rows/.*"))
    assert len(list(Plan(out, ".csv", most=1, fewest=1).jobs())) == len(list(out.glob("rows/*")))
