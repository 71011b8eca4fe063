"""Leave-one-corpus-out: what a fold leaves out, what is held out, and the operating point that is carried over."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.runtime.decision import evidence
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import SoundFiles, load_data
from aurora_resnet.training.experiment import read_experiment
from tools import make_training_corpus as corpus
from tools.measure.left_out import LOGITS, Fold, Idea, LeftOut, split_corpora
from tools.measure.left_out_sets import SNRS_DB
from tools.measure.plan import read_plan
from tools.measure.records import Settings
from tools.ship.left_out_point import LeftOutPoint

CONFIG = Path(__file__).parents[2] / "examples" / "train_voices.toml"


LEFT_OUT = cast("LeftOut", read_plan().left_out)


@pytest.mark.parametrize("idea", LEFT_OUT.ideas)
def test_every_idea_is_a_training(idea: str) -> None:
    changed, base = (LEFT_OUT.ideas[name].experiment(LEFT_OUT.config) for name in (idea, "base"))
    assert (changed == base) == (idea == "base")
    assert all(split_corpora(changed.data, fold.corpora) for fold in LEFT_OUT.folds.values())


@pytest.mark.parametrize(("fold", "corpora"), [("speech_commands_v2", 1), ("fsdd", 1), ("indian", 3)])
def test_a_fold_leaves_out_its_corpora_alone(fold: str, corpora: int) -> None:
    data = read_experiment(CONFIG).data
    left_out, kept = split_corpora(data, LEFT_OUT.folds[fold].corpora)
    assert len(data.train) - len(kept.train) == len(left_out.train) == corpora
    assert any(source.validation_share for source in kept.train)  # AN4's held-out speakers are tested in every fold
    with pytest.raises(SystemExit, match="no corpus"):
        split_corpora(kept, LEFT_OUT.folds[fold].corpora)


def test_no_training_has_what_is_held_out() -> None:
    augment = read_experiment(CONFIG).data.augment
    assert augment is not None
    trained = [*augment.negatives, *augment.talk]
    telephone = [source for source in trained if "wuw_corpus_ii" in source.folder]
    assert len(telephone) == 6
    for source in telephone:
        assert re.search(source.match, "s00012_1.flac")
        assert not any(re.search(source.match, f"s0012{last}_1.flac") for last in "05")
    for folder, name in (("speech_commands_other", "yes_12ab34c{}_nohash_0.flac"), ("v2_words", "12ab34c{}_0.flac")):
        source = next(source for source in trained if folder in source.folder)
        assert [last for last in "0123456789abcdef" if re.search(source.match, name.format(last))] == list("02468ac")
    assert all("/held_out" not in source.folder for source in trained)
    noises = {(source.folder, source.match) for source in augment.noises}
    assert not noises & {(source.folder, source.match) for source in augment.validation_noises}


def test_the_words_of_held_out_speakers_are_held_out_too(shared: Path) -> None:
    data = read_experiment(CONFIG).data
    (an4,) = (source for source in data.train if source.validation_share)
    assert an4.validation_share == corpus.VALIDATION_SHARE
    root = str(Path(__file__).parents[2])
    validation = load_data(replace(data, train=(an4,), root=root), DIGITS).validation
    assert validation.speakers == corpus.held_out_speakers(shared / "an4")


def test_test_sets_are_not_trained_on() -> None:
    data = read_experiment(CONFIG).data
    named = " ".join(source.corpus for source in data.train)
    assert "speech_commands_digits" not in named
    assert all(s.split == "train" for s in data.train if s.corpus.startswith(("fsdd", "an4", "samples")))


CONFIG_OF_SAMPLES = """
model = "cnn"

[mel]
sample_rate = 8000

[data]
train = [
    { corpus = "manifest:FOLDER/left_out.csv" },
    { corpus = "samples:", split = "train", where = { engine = "festival" }, validation_share = 0.5 },
]

[data.augment]
noises = [{ folder = "NOISE", match = "pink" }]
validation_noises = [{ folder = "NOISE", match = "hum|white" }]
workers = 0
"""


def test_a_training_without_a_corpus_becomes_a_record(tmp_path: Path) -> None:
    noise = next(iter(sample_noises().values())).parent
    read_samples().filter(split="test", speakers="samples/flite-rms").write_csv(tmp_path / "left_out.csv")
    config = tmp_path / "train.toml"
    config.write_text(CONFIG_OF_SAMPLES.replace("FOLDER", str(tmp_path)).replace("NOISE", str(noise)))
    babble = SoundFiles(str(noise), "babble")
    ideas = {"fewer": Idea(model="cnn", epochs=1, set=("data.speaker_share=0.5",))}
    folds = {"mine": Fold("one voice", ("left_out.csv",))}
    plan = LeftOut(
        config=str(config), records="left_out", folds=folds, ideas=ideas, negatives={"letters": (babble,)}, talk=babble
    )
    (job,) = plan.jobs(Settings(data=tmp_path, records=tmp_path, runs=tmp_path))
    record = job.make()
    assert record["clean"]["left_out"]["clips"] == 22  # a share of the speakers is one of the training alone
    assert {row["clips"] for row in record["noisy"].values()} == {22 + record["clean"]["an4"]["clips"]}
    assert record["negatives"]["telephone_pieces"]["clips"] == 6
    assert record["speakers"] == 1
    point = LeftOutPoint.read([tmp_path / "left_out" / "fewer_mine" / LOGITS])
    assert np.isfinite(point.threshold)
    assert point.temperature_factor > 0


def test_the_operating_point_is_that_of_left_out_speakers() -> None:
    generator = np.random.default_rng(0)

    def group(offset: float, count: int, labels: int) -> dict[str, np.ndarray[Any, Any]]:
        logits = generator.normal(0, 1, (count, 11))
        truth = np.full(count, labels)
        if labels < 11:
            truth = generator.integers(0, 11, count)
            logits[np.arange(count), truth] += offset
        return {"logits": logits, "labels": truth, "peaks": np.full((count, 1), 0.5)}

    negatives = ("letters", "talk")
    parts = {"an4": group(3.0, 400, 0)}
    parts["left_out"] = parts["an4"] | {"logits": 2.0 * parts["an4"]["logits"]}  # twice as sure, no more often right
    for snr_db in SNRS_DB:  # left out first; both are as sure in noise as they are without
        parts[f"noisy_{snr_db}"] = {
            key: np.concatenate([parts["left_out"][key], parts["an4"][key]]) for key in parts["an4"]
        }
    parts |= {kind: group(0.0, 100, 11) for kind in negatives}
    flat = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.items()}
    point = LeftOutPoint.of(flat)
    assert point.temperature_factor == pytest.approx(2.0, rel=1e-3)

    def refused_and_accepted(first: int, threshold: float) -> tuple[float, float]:
        refused = float((evidence(parts["left_out"]["logits"][first:]) < threshold).mean())
        return refused, float(np.mean([(evidence(parts[kind]["logits"]) >= threshold).mean() for kind in negatives]))

    refused, accepted = refused_and_accepted(0, point.threshold)
    assert 0 < refused == pytest.approx(accepted, abs=1 / 400)  # a step of the one share
    flat["left_out.peaks"][:200] = 0.0  # silence is refused whatever the threshold is
    refused, accepted = refused_and_accepted(200, LeftOutPoint.of(flat).threshold)
    assert 0 < refused == pytest.approx(accepted, abs=1 / 200)


def test_words_near_each_other_are_cut_as_spoken() -> None:
    words = ("two", "six", "nine", "five", "enter")  # the beginning of nine alone is the word: no seam
    spans = ((0.0, 0.4), (0.4, 0.8), (0.8, 1.2), (1.5, 1.9), (1.9, 2.4))
    cut = list(corpus.pieces(words, spans))
    assert [(piece.kind, piece.name) for piece in cut] == [("an4_seams", "two-six_0"), ("an4_words", "enter_4")]
    assert (cut[0].start, cut[0].end) == pytest.approx((0.2, 0.6))
