"""Leave-one-corpus-out: what a fold leaves out, what is held out, and the operating point that is carried over."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import evidence
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import AugmentSource, DataConfig, SoundFiles, Source, load_data
from aurora_resnet.training.experiment import read_experiment
from tools.strangers import sets
from tools.strangers.__main__ import experiment_of, without
from tools.strangers.ideas import FOLDS, IDEAS, Fold
from tools.strangers.operating_point import OperatingPoint
from tools.strangers.sets import NEGATIVES, SNRS_DB

CONFIG = Path(__file__).parents[2] / "examples" / "train_voices.toml"


@pytest.fixture(scope="module")
def kokoro() -> Any:
    return importlib.import_module("tools.make_kokoro_speech")


@pytest.mark.parametrize("idea", IDEAS)
def test_every_idea_is_a_training(idea: str) -> None:
    changed = experiment_of(IDEAS[idea], CONFIG, [])
    assert (changed == experiment_of(IDEAS["base"], CONFIG, [])) == (idea == "base")
    assert all(without(changed.data, fold) for fold in FOLDS.values())


def test_an_idea_may_leave_voices_out() -> None:
    train = experiment_of(IDEAS["no_neural_voices"], CONFIG, []).data.train
    assert not [source for source in train if "kokoro" in source.corpus]
    assert len(train) == len(read_experiment(CONFIG).data.train) - 2


@pytest.mark.parametrize(("fold", "corpora"), [("speech_commands_v2", 1), ("fsdd", 1), ("indian", 3)])
def test_a_fold_leaves_out_its_corpora_alone(fold: str, corpora: int) -> None:
    data = read_experiment(CONFIG).data
    kept = without(data, FOLDS[fold]).train
    assert len(data.train) - len(kept) == corpora
    assert any(source.validation_share for source in kept)  # AN4's held-out speakers are strangers in every fold


def test_a_fold_without_a_corpus_is_refused() -> None:
    data = read_experiment(CONFIG).data
    with pytest.raises(SystemExit, match="no corpus"):
        without(without(data, FOLDS["fsdd"]), FOLDS["fsdd"])


def test_no_training_hears_what_is_held_out() -> None:
    augment = read_experiment(CONFIG).data.augment
    assert augment is not None
    heard = [*augment.negatives, *augment.talk]
    telephone = [source for source in heard if "wuw_corpus_ii" in source.folder]
    assert len(telephone) == 6
    for source in telephone:
        assert re.search(source.match, "s00012_1.flac")
        assert not any(re.search(source.match, f"s0012{last}_1.flac") for last in "05")
    for folder, name in (("speech_commands_other", "yes_12ab34c{}_nohash_0.flac"), ("v2_words", "12ab34c{}_0.flac")):
        source = next(source for source in heard if folder in source.folder)
        assert [last for last in "0123456789abcdef" if re.search(source.match, name.format(last))] == list("02468ac")
    assert all("/held_out" not in source.folder for source in heard)
    noises = {(source.folder, source.match) for source in augment.noises}
    assert not noises & {(source.folder, source.match) for source in augment.validation_noises}


def test_the_words_of_held_out_speakers_are_held_out_too(shared: Path) -> None:
    corpus = importlib.import_module("tools.make_training_corpus")
    data = read_experiment(CONFIG).data
    (an4,) = (source for source in data.train if source.validation_share)
    assert an4.validation_share == corpus.VALIDATION_SHARE
    root = str(Path(__file__).parents[2])
    validation = load_data(replace(data, train=(an4,), root=root), DIGITS).validation
    assert {speaker.removeprefix("an4/") for speaker in validation.speakers} == corpus.held_out_speakers(shared / "an4")


def test_test_sets_are_not_trained_on() -> None:
    data = read_experiment(CONFIG).data
    named = " ".join(source.corpus for source in data.train)
    assert "speech_commands_digits" not in named
    assert all(s.split == "train" for s in data.train if s.corpus.startswith(("fsdd", "an4", "samples")))


def test_who_learns_from_fewer_people_meets_all_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "read_negatives", lambda *_: {})
    read_samples().filter(split="test").write_csv(tmp_path / "strangers.csv")
    noises = SoundFiles(str(next(iter(sample_noises().values())).parent))
    data = DataConfig(
        (Source(f"manifest:{tmp_path / 'strangers.csv'}"), Source("samples:", split="train", validation_share=0.2)),
        augment=AugmentSource(noises=(noises,), validation_noises=(noises,)),
    )
    config = RecognizerConfig("compact", MelConfig(sample_rate=8000))
    facts = TorchModel(RecognizerModel(config)).facts
    fold = Fold("strangers", ("strangers.csv",))
    met = [
        len(sets.read_strangers(replace(data, speaker_share=share), fold, config, facts).digits["left_out"])
        for share in (1.0, 0.25)
    ]
    assert met == [len(read_samples().filter(split="test"))] * 2


def test_the_operating_point_is_that_of_strangers() -> None:
    generator = np.random.default_rng(0)

    def group(offset: float, count: int, labels: int) -> dict[str, np.ndarray[Any, Any]]:
        logits = generator.normal(0, 1, (count, 11))
        truth = np.full(count, labels)
        if labels < 11:
            truth = generator.integers(0, 11, count)
            logits[np.arange(count), truth] += offset
        return {"logits": logits, "labels": truth, "peaks": np.full((count, 1), 0.5)}

    parts = {"an4": group(3.0, 400, 0)}
    parts["left_out"] = parts["an4"] | {"logits": 2.0 * parts["an4"]["logits"]}  # twice as sure, no more often right
    for snr_db in SNRS_DB:  # strangers first; both are as sure in noise as they are without
        parts[f"noisy_{snr_db}"] = {
            key: np.concatenate([parts["left_out"][key], parts["an4"][key]]) for key in parts["an4"]
        }
    parts |= {kind: group(0.0, 100, 11) for kind in NEGATIVES}
    flat = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.items()}
    point = OperatingPoint.of(flat)
    assert point.temperature_factor == pytest.approx(2.0, rel=1e-3)

    def refused_and_accepted(first: int, threshold: float) -> tuple[float, float]:
        refused = float((evidence(parts["left_out"]["logits"][first:]) < threshold).mean())
        return refused, float(np.mean([(evidence(parts[kind]["logits"]) >= threshold).mean() for kind in NEGATIVES]))

    refused, accepted = refused_and_accepted(0, point.threshold)
    assert 0 < refused == pytest.approx(accepted, abs=1 / 400)  # a step of the one share
    flat["left_out.peaks"][:200] = 0.0  # silence is refused whatever the threshold is
    refused, accepted = refused_and_accepted(200, OperatingPoint.of(flat).threshold)
    assert 0 < refused == pytest.approx(accepted, abs=1 / 200)


def test_what_kokoro_says_beside_digits_sounds_like_none(kokoro: Any) -> None:
    homophones = {"ate", "for", "fore", "four", "o", "oh", "owe", "to", "too", "two", "won", "one", *kokoro.DIGITS}
    said = {*kokoro.NEAR, *kokoro.FURTHER, *(word for text in kokoro.SENTENCES for word in text.split())}
    assert not said & homophones


def test_each_voice_of_kokoro_says_every_digit(kokoro: Any) -> None:
    clips = list(kokoro.plan(3, np.random.default_rng(0)))
    assert {clip.text for clip in clips if clip.kind == "digits"} == set(kokoro.DIGITS.words)
    assert sum(clip.kind == "others" for clip in clips) == kokoro.OTHERS_PER_VOICE
    again = list(kokoro.plan(3, np.random.default_rng(0)))
    assert clips == again


def test_words_near_each_other_are_cut_as_spoken() -> None:
    corpus = importlib.import_module("tools.make_training_corpus")
    spoken = [
        corpus.Word("two", "two", 0.0, 0.4),
        corpus.Word("six", "six", 0.4, 0.8),
        corpus.Word("nine", "nine", 0.8, 1.2),  # its beginning alone is the word: no seam
        corpus.Word("five", "five", 1.5, 1.9),
        corpus.Word("enter", "", 1.9, 2.4),
    ]
    cut = list(corpus.pieces(spoken))
    assert [(piece.kind, piece.name) for piece in cut] == [("an4_seams", "two-six_0"), ("an4_words", "enter_4")]
    assert (cut[0].start, cut[0].end) == pytest.approx((0.2, 0.6))
