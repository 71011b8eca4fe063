"""``make-noisy`` and ``evaluate --aurora``: from clean speech to Aurora's tables, also on a damaged tree."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.sources.aurora2 import SCENES
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel

RATE = 8000
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("noise")
    generator = np.random.default_rng(0)
    for scene in {scene for scenes in SCENES.values() for scene in scenes}:
        write_audio(0.1 * generator.uniform(-1, 1, 2 * RATE).astype(np.float32), folder / scene / "1.wav", RATE)
    return folder


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training voices, two test voices, all eleven words, one take."""
    corpus = read_samples().filter(take="1")
    voices = {"espeak-en-us-f1", "flite-awb", "espeak-en-f3", "flite-rms"}
    chosen = corpus.filter(lambda utterance: utterance.speaker.removeprefix("samples/") in voices)
    path = tmp_path_factory.mktemp("speech") / "speech.csv"
    chosen.write_csv(path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "cnn.safetensors"
    save_checkpoint(RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=RATE))), path)
    return path


def build(call: Call, speech: Path, noise: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return call(
        "make-noisy", "--speech", f"manifest:{speech}", "--noise", str(noise), "--out", str(out), "--seed", "1",
        "--workers", "1", *more,
    )  # fmt: skip


@pytest.mark.slow
def test_a_tree_is_built_kept_and_evaluated_in_aurora_tables(
    speech: Path, noise: Path, model: Path, tmp_path: Path, call: Call
) -> None:
    tree, tables = tmp_path / "tree", tmp_path / "tables"
    built = build(call, speech, noise, tree, "--train", "--snr", "10,0")
    assert built.returncode == 0, built.stderr
    with (tree / "SPEECHDATA" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    files = sorted(path for path in tree.rglob("*.08"))
    assert len(rows) == len(files)
    assert f"{len(files)} files written, 0 were there" in built.stdout
    again = build(call, speech, noise, tree, "--train", "--snr", "10,0")
    assert f"0 files written, {len(files)} were there" in again.stdout

    result = call(
        "evaluate", "--model", str(model), "--corpus", f"aurora2:{tree}", "--split", "test", "--aurora", str(tables)
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "10 dB" in result.stdout
    assert (tables / "aurora.md").read_text().strip() in result.stdout
    assert r"\begin{tabular}" in (tables / "aurora.tex").read_text()
    for figure in ("accuracy_by_snr.png", "noise_heatmap.png"):
        assert (tables / figure).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("upper", [False, True])
def test_damaged_files_are_named_and_the_rest_is_evaluated(
    speech: Path, noise: Path, model: Path, tmp_path: Path, upper: bool, call: Call
) -> None:
    tree = tmp_path / "tree"
    assert build(call, speech, noise, tree, "--sets", "A", "--snr", "5").returncode == 0
    files = sorted((tree / "SPEECHDATA" / "TESTA" / "N1_SNR5").glob("*.08"))
    total = len(list(tree.rglob("*.08")))
    truncated, empty, misnamed = files[:3]
    truncated.write_bytes(truncated.read_bytes()[:-1])
    empty.write_bytes(b"")
    wrong = misnamed.rename(misnamed.with_name("X1.08"))
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.is_dir():
            path.rename(path.with_name(path.name.upper() if upper else path.name.lower()))
    result = call("evaluate", "--model", str(model), "--corpus", f"aurora2:{tree}", "--split", "test", "--by", "snr_db")
    assert result.returncode == 1
    for path in (truncated, empty, wrong):
        assert path.name in result.stderr
    assert f"| {total - 3} |".replace(" ", "") in result.stdout.replace(" ", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sets", "D"], "D"),
        (["--snr", "ten"], "ten"),
        (["--test-speaker", "fsdd/theo"], "fsdd/theo"),
        (["--noise", "nowhere"], "nowhere"),
    ],
)
def test_wrong_arguments_end_with_code_2(
    speech: Path,
    noise: Path,
    tmp_path: Path,
    arguments: list[str],
    says: str,
    call: Call,
) -> None:
    result = build(call, speech, noise, tmp_path / "tree", *arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "tree" / "SPEECHDATA").exists()


def test_words_without_a_letter_of_aurora_are_named(noise: Path, tmp_path: Path, call: Call) -> None:
    (tmp_path / "words.csv").write_text("path,words,speaker,split\na.wav,yes,me,test\nb.wav,two,me,test\n")
    result = build(call, tmp_path / "words.csv", noise, tmp_path / "tree")
    assert result.returncode == 2
    assert "Aurora-2's file names have no letter for yes; keep recordings of zero, oh, one" in result.stderr
    assert not (tmp_path / "tree").exists()
