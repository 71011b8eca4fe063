"""Files of any name, and pipes: none stops a batch, breaks a line or is taken for markup."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import CheckpointError
from aurora_resnet.runtime.model_reference import resolve

Call = Callable[..., "subprocess.CompletedProcess[str]"]
ODD = [os.fsdecode(b"caf\xe9.wav"), "two\nlines\t.wav", "[bold]one[bold].wav", "\x1b[31mred.wav", "ünï 七.wav"]


@pytest.fixture
def odd(tmp_path: Path) -> list[str]:
    word = read_samples().filter(words=["seven"], split="test")[0].path
    for name in ODD:
        shutil.copy(word, tmp_path / name)
    return [*ODD, "a" * 300 + ".wav", "none\nhere.wav"]


def test_a_batch_of_odd_names_is_recognised(call: Call, odd: list[str]) -> None:
    result = call("recognize", "--model", "compact", *odd)
    assert result.returncode == 1  # the last two are not there
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [line[1:2] for line in lines] == [["seven"]] * 5
    assert [line[0] for line in lines] == [
        r"caf\udce9.wav", r"two\nlines\t.wav", ODD[2], r"\x1b[31mred.wav", ODD[4],
    ]  # fmt: skip
    assert len(result.stderr.splitlines()) == 2
    assert "File name too long" in result.stderr
    assert r"none\nhere.wav" in result.stderr
    answers = [json.loads(line) for line in call("recognize", "--json", *odd[:5]).stdout.splitlines()]
    assert [answer["word"] for answer in answers] == ["seven"] * 5


def test_models_and_corpora_may_have_odd_names(call: Call, odd: list[str], tmp_path: Path) -> None:
    home = tmp_path / os.fsdecode(b"caf\xe9")
    (home / "seven").mkdir(parents=True)
    shutil.copy(tmp_path / odd[0], home / "seven" / odd[0])
    shutil.copy(resolve("compact", format="checkpoint").path, home / "mine.safetensors")
    shipped = resolve("compact").path
    shutil.copy(shipped, home / "mine.onnx")
    sound = tmp_path / odd[4]
    assert DigitRecognizer.from_pretrained(home / "mine.onnx").recognize(sound).word == "seven"
    with pytest.raises(CheckpointError, match="not valid UTF-8"):  # safetensors' own limit
        load_checkpoint(home / "mine.safetensors")
    result = call("corpus", f"folder:{home}", "--manifest", "m.csv")
    assert result.returncode == 0, result.stderr
    assert [utterance.path for utterance in Corpus.from_csv(tmp_path / "m.csv")] == [home / "seven" / odd[0]]
    result = call(
        "evaluate", "--model", str(home / "mine.onnx"), "--corpus", f"folder:{home}", "--predictions", "p.csv",
        "--json", "r.json", "--csv", "c.csv",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert b"caf\xe9" in (tmp_path / "p.csv").read_bytes()


def test_words_are_no_markup(call: Call, odd: list[str], tmp_path: Path) -> None:
    for word in ("[red]one[", "[link=x]"):
        (tmp_path / "words" / word).mkdir(parents=True)
        shutil.copy(tmp_path / odd[0], tmp_path / "words" / word / "a.wav")
    shown = call("corpus", "folder:words").stdout
    assert "[red]one[" in shown
    assert "[link=x]" in shown


def pipe(path: Path, data: bytes) -> Path:
    """Make a named pipe and write into it when it is opened for reading."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
    return path


def test_a_named_pipe_is_a_recording(call: Call, odd: list[str], tmp_path: Path) -> None:
    write_audio(read_audio(tmp_path / odd[0])[0], tmp_path / "seven.wav", 8000)
    data = (tmp_path / "seven.wav").read_bytes()
    result = call("recognize", "--model", "compact", str(pipe(tmp_path / "pipe", data)), "seven.wav")
    assert result.returncode == 0, result.stderr
    first, second = (line.split("\t") for line in result.stdout.splitlines())
    assert first[1:] == second[1:]

    expected = call("listen", "seven.wav")
    result = call("listen", str(pipe(tmp_path / "again", data)))
    assert (result.returncode, result.stdout) == (0, expected.stdout)
    raw = str(pipe(tmp_path / "raw", data[44:]))
    assert call("listen", "--rate", "8000", raw).stdout == expected.stdout
    assert "is empty" in call("listen", str(pipe(tmp_path / "empty", b""))).stderr

    manifest = tmp_path / "m.csv"
    manifest.write_text("path,words\nmeasured,seven\nseven.wav,seven\n")
    pipe(tmp_path / "measured", data)
    result = call("evaluate", "--model", str(resolve("compact").path), "--corpus", f"manifest:{manifest}")
    assert result.returncode == 1  # a list may name a pipe that nobody ever writes into
    assert "measured' is no regular file" in result.stderr


@pytest.mark.slow
def test_a_shells_substitution_is_a_recording(tmp_path: Path) -> None:
    word = read_samples().filter(words=["seven"], split="test")[0].path
    command = f"{sys.executable} -m aurora_resnet recognize --model compact <(cat '{word}')"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stderr
    assert "\tseven\t" in result.stdout
