"""What trainings learn from: what is held out, and how pieces are cut."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import load_data
from aurora_resnet.training.experiment import read_experiment
from tools import make_training_corpus as corpus

CONFIG = Path(__file__).parents[2] / "examples" / "train_voices.toml"


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


def test_words_near_each_other_are_cut_as_spoken() -> None:
    words = ("two", "six", "nine", "five", "enter")  # the beginning of nine alone is the word: no seam
    spans = ((0.0, 0.4), (0.4, 0.8), (0.8, 1.2), (1.5, 1.9), (1.9, 2.4))
    cut = list(corpus.pieces(words, spans))
    assert [(piece.kind, piece.name) for piece in cut] == [("an4_seams", "two-six_0"), ("an4_words", "enter_4")]
    assert (cut[0].start, cut[0].end) == pytest.approx((0.2, 0.6))
