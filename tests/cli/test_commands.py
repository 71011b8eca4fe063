"""The command line as a person meets it: in its own process, output, files and exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.cli import main
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.evaluation.evaluator import Evaluator

Call = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = ["--config", "quickstart", "--set", "training.epochs=2", "--set", "data.share=0.1", "--threads", "1"]


def run(*arguments: str, cwd: Path | None = None, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from aurora_resnet.cli import main; main()", *arguments]
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    result = subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, env=environment, check=False)
    output, errors = (stream.decode() for stream in (result.stdout, result.stderr))
    return subprocess.CompletedProcess(command, result.returncode, output, errors)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "quick"
    with redirect_stderr(io.StringIO()) as errors, pytest.raises(SystemExit) as ended:
        main(["train", *SMALL, "--out", str(out)])
    assert ended.value.code == 0, errors.getvalue()
    assert "next:            aurora-resnet evaluate --model" in errors.getvalue()
    return out


def test_a_training_leaves_checkpoints_history_log_record_and_figure(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    wanted = {"best.safetensors", "last.safetensors", "history.jsonl", "train.log", "run.json", "learning_curves.png"}
    assert wanted <= names
    record = json.loads((trained / "run.json").read_text())
    assert record["epochs"] == 2
    assert record["environment"]["threads"] == 1
    train, validation = (record["data"][part]["clips"] for part in ("train", "validation"))
    assert 10 * train + validation == pytest.approx(418, rel=0.1)
    assert "epoch 2/2" in (trained / "train.log").read_text()


@pytest.mark.slow
def test_evaluate_prints_and_writes_the_same_accuracy(trained: Path, tmp_path: Path, call: Call) -> None:
    outputs = {name: tmp_path / f"report.{name}" for name in ("json", "csv")}
    figure, predictions = tmp_path / "confusion.png", tmp_path / "predictions.csv"
    result = call(
        "evaluate", "--model", str(trained / "best.safetensors"), "--corpus", "samples:", "--split", "test",
        "--json", str(outputs["json"]), "--csv", str(outputs["csv"]), "--figure", str(figure),
        "--predictions", str(predictions),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    report = json.loads(outputs["json"].read_text())["overall"]
    assert report["clips"] == 176
    assert f"{100 * report['accuracy']:.2f}" in result.stdout
    assert figure.read_bytes().startswith(b"\x89PNG")
    lines = predictions.read_text().splitlines()
    assert len(lines) == 177
    columns = lines[0].split(",")
    spoken, heard = columns.index("word"), columns.index("predicted")
    agree = sum(line.split(",")[spoken] == line.split(",")[heard] for line in lines[1:])
    assert agree == report["correct"]


@pytest.mark.slow
def test_evaluate_divides_by_an_attribute(trained: Path, call: Call) -> None:
    result = call(
        "evaluate", "--model", str(trained / "best.safetensors"), "--corpus", "samples:", "--split", "test",
        "--by", "engine",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "engine=espeak" in result.stdout
    assert "engine=flite" in result.stdout


def test_evaluate_names_unreadable_recordings_and_scores_the_rest(trained: Path, tmp_path: Path, call: Call) -> None:
    for number, word in enumerate(("one", "two", "three")):
        tone = 0.1 * np.sin(np.arange(8000) * (number + 1) / 10)
        write_audio(tone.astype(np.float32), tmp_path / "digits" / word / "a.wav", 8000)
    (tmp_path / "digits" / "two" / "a.wav").write_bytes(b"")
    folder = f"folder:{tmp_path / 'digits'}"
    result = call("evaluate", "--model", str(trained / "best.safetensors"), "--corpus", folder)
    assert result.returncode == 1
    assert str(Path("two") / "a.wav") in result.stderr
    assert "|     2 |" in result.stdout


def test_corpora_of_one_name_are_conditions_of_their_own(trained: Path, tmp_path: Path, call: Call) -> None:
    for number, place in enumerate(("here", "there")):
        for word in ("one", "two")[: 1 + number]:
            tone = 0.1 * np.sin(np.arange(8000) * (number + 1) / 10)
            write_audio(tone.astype(np.float32), tmp_path / place / "mine" / word / "a.wav", 8000)
    names = [f"folder:{tmp_path / place / 'mine'}" for place in ("here", "there")]
    outputs = tmp_path / "report.json"
    read_samples().filter(words="one").write_csv(tmp_path / "few.csv")
    corpora = ("--corpus", names[0], "--corpus", names[1], "--corpus", f"manifest:{tmp_path / 'few.csv'}")
    result = call("evaluate", "--model", str(trained / "best.safetensors"), *corpora, "--json", str(outputs))
    assert result.returncode == 0, result.stderr
    conditions = json.loads(outputs.read_text())["conditions"]
    assert {each["name"]: each["clips"] for each in conditions} == {names[0]: 1, names[1]: 2, "few": 54}


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sounds without a word."""
    folder = tmp_path_factory.mktemp("sounds") / "noise"
    generator = np.random.default_rng(0)
    for number in range(12):
        samples = 0.1 * generator.standard_normal(8000).clip(-3, 3)
        write_audio(samples.astype(np.float32), folder / "deep" / f"{number}.wav", 8000)
    return folder


@pytest.mark.slow
def test_calibrate_keeps_the_weights_and_moves_the_operating_point(
    trained: Path, noise: Path, tmp_path: Path, call: Call
) -> None:
    model, out = trained / "best.safetensors", tmp_path / "calibrated.safetensors"
    asked = ("--corpus", "samples:", "--split", "test", "--negatives", str(noise))
    result = call("calibrate", "--model", str(model), *asked, "--words-refused", "0.1", "--out", str(out))
    assert result.returncode == 0, result.stderr
    before, after = load_file(model), load_file(out)
    assert before.keys() == after.keys()
    assert all(before[name].equal(after[name]) and before[name].dtype == after[name].dtype for name in before)
    checkpoint = load_checkpoint(out)
    negatives = Corpus("noise", tuple(Utterance(path, (), "") for path in noise.rglob("*.wav")))
    report = Evaluator(checkpoint).evaluate(read_samples().filter(split="test"), negatives=negatives).rejection
    assert report is not None
    assert 0.05 < report.words_refused.share <= 0.1
    point = checkpoint.info["operating_point"]
    assert point["asked"] == {"words_refused": 0.1}
    counts = report.words_refused.count, report.negatives_accepted.count
    assert (point["words_refused"]["count"], point["negatives_accepted"]["count"]) == counts
    assert point["corpora"].keys() == {"samples test", "noise"}
    lines = result.stdout.splitlines()
    shares = [line.split("|")[1].strip() for line in lines[2:5]]
    assert shares == ["1", "2.5", "5"]
    refused = [float(line.split("|")[3]) for line in lines[2:5]]
    assert all(share <= float(bound) for share, bound in zip(refused, shares, strict=True))
    chosen = next(line for line in lines if line.startswith("| words refused: samples test"))
    assert [cell.strip() for cell in chosen.split("|")][2:4] == ["176", str(report.words_refused.count)]

    other = call("calibrate", "--model", str(model), *asked, "--negatives-accepted", "0.25", "--out", str(out))
    assert other.returncode == 0, other.stderr
    assert load_checkpoint(out).info["operating_point"]["negatives_accepted"]["count"] == 3  # of 12
    evaluated = call("evaluate", "--model", str(out), *asked)
    assert evaluated.returncode == 0, evaluated.stderr
    accepted = next(line for line in evaluated.stdout.splitlines() if line.startswith("| negatives accepted: noise"))
    assert [cell.strip() for cell in accepted.split("|")][2:4] == ["12", "3"]


def test_calibrate_without_an_operating_point_leaves_the_threshold_out(
    trained: Path, tmp_path: Path, call: Call
) -> None:
    out = tmp_path / "calibrated.safetensors"
    model = str(trained / "best.safetensors")
    result = call("calibrate", "--model", model, "--corpus", "samples:", "--split", "test", "--out", str(out))
    assert result.returncode == 0, result.stderr
    calibration = load_checkpoint(out).calibration
    assert calibration.threshold is None
    assert calibration.temperature != 1
    assert "threshold none" in result.stderr


def test_negatives_of_a_corpus_are_its_other_words(trained: Path, tmp_path: Path, call: Call) -> None:
    tone = 0.1 * np.sin(np.arange(8000) / 10).astype(np.float32)
    for word in ("one", "tree", "dog"):
        write_audio(tone, tmp_path / "mixed" / word / "a.wav", 8000)
    arguments = ("--corpus", "samples:", "--split", "test", "--negatives", f"folder:{tmp_path / 'mixed'}")
    result = call("evaluate", "--model", str(trained / "best.safetensors"), *arguments)
    assert result.returncode == 0, result.stderr
    assert "1 recordings of the model's words left out" in result.stderr
    accepted = next(line for line in result.stdout.splitlines() if line.startswith("| negatives accepted: mixed "))
    assert accepted.split("|")[2].strip() == "2"


def test_recognize_says_words_and_goes_on_after_a_bad_file(trained: Path, tmp_path: Path, call: Call) -> None:
    recording = read_samples()[0]
    silence = tmp_path / "silence.wav"
    write_audio(np.zeros(4000, np.float32), silence, 8000)
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    arguments = ["recognize", "--model", str(trained / "best.safetensors"), str(recording.path), str(bad), str(silence)]
    result = call(*arguments)
    assert result.returncode == 1
    assert str(bad) in result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{recording.path}\t")
    assert [line.split("\t")[-1] for line in lines] == ["not calibrated", "rejected"]
    as_json = [json.loads(line) for line in call(*arguments, "--json").stdout.splitlines()]
    assert as_json[0]["word"] == lines[0].split("\t")[1]
    assert sum(as_json[0]["probabilities"].values()) == pytest.approx(1.0)
    assert [answer["accepted"] for answer in as_json] == [None, False]
    assert as_json[0].keys() == {"file", "word", "digit", "confidence", "accepted", "probabilities"}


@pytest.mark.slow
def test_recognize_reads_a_pipe(trained: Path, call: Call) -> None:
    recording = read_samples()[0]
    arguments = ["recognize", "--model", str(trained / "best.safetensors"), "--json"]
    of_file = json.loads(call(*arguments, str(recording.path)).stdout)
    of_pipe = json.loads(run(*arguments, "-", stdin=recording.path.read_bytes()).stdout)
    assert of_pipe == {**of_file, "file": "-"}
    result = run(*arguments, "-", stdin=b"no sound")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: 'standard input' ")


def test_corpus_counts_and_writes_a_manifest_that_reads_back(tmp_path: Path, call: Call) -> None:
    manifest = tmp_path / "samples.csv"
    result = call("corpus", "samples:", "--manifest", str(manifest))
    assert result.returncode == 0, result.stderr
    assert "594 clips, 27 speakers" in result.stdout
    assert "594 clips, 27 speakers" in call("corpus", f"manifest:{manifest}").stdout


@pytest.mark.slow
def test_models_table_names_all(call: Call) -> None:
    result = call("models")
    assert result.returncode == 0
    for text in ("resnet50", "cnn", "lstm", "bilstm", "cnn_lstm", "8,669,643"):
        assert text in result.stdout


def test_version_and_help(call: Call) -> None:
    assert run("--version").stdout.startswith("aurora-resnet 0.")
    for command in ("train", "calibrate", "evaluate", "recognize", "corpus", "models", "download"):
        result = call(command, "--help")
        assert result.returncode == 0
        assert "usage: aurora-resnet" in result.stdout.lower()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--config", "none.toml", "--out", "x"], ["none.toml", "does not exist"]),
        (
            ["train", "--config", "quickstart", "--out", "x", "--set", "training.epoch=1", "--set", "mel.n_mel=3"],
            ["training.epoch", "did you mean 'epochs'", "mel.n_mel", "did you mean 'n_mels'"],
        ),
        (["train", "--config", "quickstart", "--out", "x", "--model", "cn"], ["'cn'", "did you mean 'cnn'"]),
        (["train", "--config", "quickstart", "--out", "x", "--device", "cuda:99"], ["cuda:99"]),
        (
            ["evaluate", "--model", "no.safetensors", "--corpus", "samples:"],
            ["there is no model 'no.safetensors'"],
        ),
        (["evaluate", "--model", "compat", "--corpus", "samples:"], ["'compat'", "did you mean 'compact'"]),
        (["evaluate", "--model", "no.onnx", "--corpus", "samples:"], ["there is no model 'no.onnx'"]),
        (["train", "--config", "quickstart", "--out", "x", "--set", "training.epochs=1e400"], ["training.epochs"]),
        (
            ["train", "--config", "quickstart", "--out", "x", "--set", "training.optimizer=adam"],
            ["optimizer", "sgd, adamw, or package.module:Class", "'adam'"],
        ),
        (["calibrate", "--model", "compact", "--out", "x"], ["Missing option '--corpus'"]),
        (
            ["calibrate", "--model=compact", "--corpus=samples:", "--split=test", "--out=x", "--words-refused=2"],
            ["words_refused must lie from 0 to below 1, got 2"],
        ),
        (
            ["evaluate", "--model", "compact", "--corpus", "samples:", "--negatives", "samples:"],
            ["every recording says a word that the model knows"],
        ),
        (["corpus", "fssd:x"], ["'fssd'", "did you mean 'fsdd'"]),
        (["corpus", "fsdd:nowhere"], ["nowhere"]),
        (["recognize", "--model", "no.safetensors", "a.wav"], ["no.safetensors"]),
        (["recognize", "--model", "resnet5", "a.wav"], ["'resnet5'", "did you mean 'resnet50'", "compact"]),
        (["corpus", "samples:", "--manifest", "a.txt"], [".csv", "a.txt"]),
        (["train", "--out", "x"], ["Missing option '--config'", "aurora-resnet train --help"]),
        (["trian"], ["'trian'", "'train'"]),
        (["train", "--config", "quickstart", "--out", "x", "--threads", "0"], ["--threads"]),
    ],
)
def test_errors_are_short_and_end_with_code_2(
    arguments: list[str], says: list[str], tmp_path: Path, call: Call
) -> None:
    result = call(*arguments)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2
    for text in says:
        assert text in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_a_training_is_not_overwritten(trained: Path, call: Call) -> None:
    before = (trained / "best.safetensors").read_bytes()
    result = call("train", *SMALL, "--out", str(trained))
    assert result.returncode == 2
    assert "already holds a training" in result.stderr
    assert (trained / "best.safetensors").read_bytes() == before


# The second epoch waits for the signal: on a busy machine it would be over before the signal came.
SECOND_EPOCH_WAITS = """
import time
from aurora_resnet.cli import main
from aurora_resnet.training.trainer import Trainer
run_epoch = Trainer.run_epoch
def run_epoch_later(self, variants, clips, epoch, validation):
    if epoch == 1:
        time.sleep(50)
    return run_epoch(self, variants, clips, epoch, validation)
Trainer.run_epoch = run_epoch_later
main()
"""


@pytest.mark.slow
def test_an_interrupted_training_resumes_to_the_same_weights(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "interrupted"
    command = [sys.executable, "-c", SECOND_EPOCH_WAITS, "train", *SMALL, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (out / "last.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)  # the first of two epochs is finished, the second one is not
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors
    assert len((out / "history.jsonl").read_text().splitlines()) == 1
    resumed = run("train", *SMALL, "--out", str(out), "--resume")
    assert resumed.returncode == 0, resumed.stderr
    for name in ("last.safetensors", "best.safetensors"):
        expected, got = load_file(trained / name), load_file(out / name)
        assert expected.keys() == got.keys()
        assert all(expected[key].equal(got[key]) for key in expected)
