"""``aurora-resnet recognize`` as a person meets it: shipped models without torch, exported files, checkpoints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.model_reference import EXPORTED, resolve

Call = Callable[..., "subprocess.CompletedProcess[str]"]

WITHOUT_TORCH = """
import sys
from aurora_resnet.cli import main
sys.modules["torch"] = None  # importing it fails
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def words() -> list[Path]:
    return [u.path for u in read_samples().filter(split="test", take="1", engine="flite")][:24]


@pytest.mark.parametrize("model", ["accurate", "compact"])
def test_shipped_models_answer_without_torch(model: str, words: list[Path]) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, "recognize", "--model", model, "--json", *map(str, words[:3]), "-"]
    result = subprocess.run(command, input=words[3].read_bytes(), capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (0, b"")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    recognizer = DigitRecognizer.from_pretrained(model)
    assert [answer["file"] for answer in found] == [*map(str, words[:3]), "-"]
    for answer, path in zip(found, words, strict=False):
        expected = recognizer.recognize(path)
        assert (answer["word"], answer["digit"], answer["accepted"]) == (
            expected.word,
            expected.digit,
            expected.accepted,
        )
        assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)


def test_the_default_is_the_accurate_model(words: list[Path], call: Call) -> None:
    plain, named = (
        call("recognize", "--json", str(words[0])),
        call("recognize", "--json", "--model", EXPORTED[0], str(words[0])),
    )
    assert plain.stdout == named.stdout != ""


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_the_answers_do_not_depend_on_the_threads(words: list[Path], threads: str, call: Call) -> None:
    files = list(map(str, words))
    expected = call("recognize", "--model", "compact", "--json", *files)
    assert call("recognize", "--model", "compact", "--json", "--threads", threads, *files).stdout == expected.stdout
    assert len(expected.stdout.splitlines()) == len(files)


def test_an_exported_file_and_a_checkpoint_are_given_by_path(words: list[Path], tmp_path: Path, call: Call) -> None:
    exported, checkpoint = tmp_path / "mine.onnx", tmp_path / "best.safetensors"
    shipped, trained = resolve("compact").path, load_checkpoint("compact")
    exported.write_bytes(shipped.read_bytes())
    save_checkpoint(trained.model, checkpoint, calibration=trained.calibration)
    files = list(map(str, words[:5]))
    by_name = call("recognize", "--model", "compact", *files)
    assert call("recognize", "--model", str(exported), *files).stdout == by_name.stdout
    by_torch = call("recognize", "--model", str(checkpoint), *files, "--threads", "1")
    assert by_torch.returncode == 0, by_torch.stderr
    said = [[line.split("\t")[1] for line in result.stdout.splitlines()] for result in (by_name, by_torch)]
    assert said[0] == said[1]


def test_it_goes_on_after_a_bad_file_and_rejects_silence(words: list[Path], tmp_path: Path, call: Call) -> None:
    silence, bad = tmp_path / "silence.wav", tmp_path / "bad\nname.wav"
    write_audio(np.zeros(4000, np.float32), silence, 8000)
    bad.write_text("no sound")
    result = call("recognize", "--model", "compact", str(words[0]), str(bad), str(silence))
    assert result.returncode == 1
    assert [line.split("\t")[-1] for line in result.stdout.splitlines()] == ["accepted", "rejected"]
    assert len(result.stderr.splitlines()) == 1
    assert r"bad\nname.wav" in result.stderr.replace("\n", r"\n")
