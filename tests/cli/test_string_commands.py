"""The commands for models of strings: calibrate, evaluate --strings, make-noisy --strings."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import OPERATING_POINT, load_checkpoint, save_checkpoint
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.audio.reading import read_audio

RATE = 8000
VOICES = ["samples/flite-rms", "samples/espeak-en-f3"]
Call = Callable[..., "subprocess.CompletedProcess[str]"]
MEL = MelConfig(RATE, n_mels=8, compression="pcen", normalization="none", causal=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of strings, one of words, and a manifest of words, strings and noise."""
    folder = tmp_path_factory.mktemp("strings")
    torch.manual_seed(3)
    options = {"widths": [2, 2, 2, 2], "channels": 4, "dilations": [1], "others": 1}
    save_checkpoint(
        RecognizerModel(RecognizerConfig("string_net", MEL, options=options)), folder / "strings.safetensors"
    )
    save_checkpoint(RecognizerModel(RecognizerConfig("cnn", MelConfig(RATE))), folder / "words.safetensors")
    words = read_samples().filter(speakers=VOICES, words=["one", "two"], take="1").utterances
    noise = 0.1 * np.random.default_rng(0).uniform(-1, 1, RATE)
    write_audio(noise, folder / "noise.wav", RATE)
    everything = (*words, Utterance(folder / "noise.wav", (), ""))
    Corpus("held out", everything).write_csv(folder / "held_out.csv")
    Corpus("words", words).write_csv(folder / "said.csv")
    for number, scene in enumerate(("train", "street")):
        write_audio(np.tile(np.roll(noise, number), 2), folder / "scenes" / scene / "1.wav", RATE)
    return folder


def test_an_operating_point_is_chosen_written_and_used(folder: Path, call: Call, tmp_path: Path) -> None:
    done = call(
        "calibrate", "--model", str(folder / "strings.safetensors"), "--corpus", f"manifest:{folder}/held_out.csv",
        "--false-per-hour", "0", "--out", "b.safetensors",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "strings right and accepted %" in done.stdout
    checkpoint = load_checkpoint(tmp_path / "b.safetensors")
    point = checkpoint.info[OPERATING_POINT]
    assert point["false_per_hour"] == 0
    before = load_checkpoint(folder / "strings.safetensors").model.state_dict()
    assert all(torch.equal(before[name], tensor) for name, tensor in checkpoint.model.state_dict().items())

    done = call(
        "evaluate", "--strings", "--model", "b.safetensors", "--corpus", f"manifest:{folder}/said.csv", "--negatives",
        str(folder / "scenes"), "--json", "r.json", "--csv", "r.csv", "--predictions", "p.csv", "--known-length",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["overall"]["counts"]["said"] == 4
    assert report["overall"]["counts"]["deleted"] == report["overall"]["counts"]["inserted"] == 0
    assert report["known_length"] is True
    assert "word accuracy % [95 % interval]" in done.stdout
    assert len(list(csv.DictReader((tmp_path / "p.csv").read_text().splitlines()))) == 4


def test_a_tree_of_strings_gives_auroras_tables(folder: Path, call: Call, tmp_path: Path) -> None:
    samples, rate = read_audio(read_samples().filter(speakers=VOICES[0], words="one", take="1")[0].path)
    recorded = [Utterance(tmp_path / f"recorded{n}.wav", ("one",) * 9, VOICES[0], "test") for n in range(4)]
    for utterance in recorded:  # one for each of the four parts that a test set is dealt into
        write_audio(np.tile(samples, 9), utterance.path, rate)
    Corpus("recorded", tuple(recorded)).write_csv(tmp_path / "recorded.csv")
    speech = ["--speech", f"manifest:{folder}/said.csv", "--speech", "manifest:recorded.csv"]
    build = ["make-noisy", *speech, "--noise", str(folder / "scenes"), "--seed", "1"]
    build += ["--strings", "4", "--sets", "C", "--snr", "5", "--out", "tree", "--workers", "1"]
    done = call(*build)
    assert done.returncode == 0, done.stderr
    tree = load_corpus(f"aurora2:{tmp_path / 'tree'}")
    noisy = tree.filter(snr_db="5")
    said = Corpus.from_csv(tmp_path / "tree/strings/test/strings.csv")
    assert sorted(u.words for u in noisy) == sorted(u.words for u in tree.filter(snr_db="clean"))
    assert {u.words for u in noisy} <= {u.words for u in said} | {("one",) * 9}
    assert any(u.words == ("one",) * 9 for u in noisy)
    assert any(len(u.words) > 1 for u in noisy)
    assert "0 files written" in call(*build).stdout
    model = str(folder / "strings.safetensors")
    done = call("evaluate", "--strings", "--model", model, "--corpus", "aurora2:tree", "--aurora", "tables")
    assert done.returncode == 0, done.stderr
    assert "set C: " in done.stdout
    assert r"\begin{tabular}" in (tmp_path / "tables/aurora.tex").read_text()


def test_commands_say_which_kind_of_model_they_need(folder: Path, call: Call) -> None:
    strings, words, said = folder / "strings.safetensors", folder / "words.safetensors", f"manifest:{folder}/said.csv"
    for arguments, message in (
        (["evaluate", "--model", str(strings), "--corpus", said], "is a model of strings, not of single words"),
        (["evaluate", "--strings", "--model", str(words), "--corpus", said], "is a model of single words, not of"),
        (["evaluate", "--strings", "--model", "no.onnx", "--corpus", said], "no.onnx"),
        (["evaluate", "--known-length", "--model", str(words), "--corpus", said], "--known-length cannot be used"),
        (
            ["evaluate", "--strings", "--figure", "a.png", "--model", str(strings), "--corpus", said],
            "--figure cannot be",
        ),
        (["calibrate", "--model", str(strings), "--corpus", said, "--out", "a.st"], "strings and talk are needed"),
        (
            ["calibrate", "--model", str(strings), "--corpus", said, "--out", "a.st", "--words-refused", "0.1"],
            "--words-refused cannot be used",
        ),
        (
            ["calibrate", "--model", str(words), "--corpus", said, "--out", "a.st", "--false-per-hour", "1"],
            "--false-per-hour cannot be used",
        ),
    ):
        done = call(*arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert message in " ".join(done.stderr.split()), (arguments, done.stderr)
