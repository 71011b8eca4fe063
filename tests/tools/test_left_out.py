"""People of a collection that is left out are in no part of a training, nor in the choice of its operating point."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.training.data import select
from aurora_resnet.training.experiment import read_experiment
from tools.ship import left_out
from tools.ship.recipe import RECIPES, read_recipe

CONFIG = Path(__file__).parents[2] / "examples" / "train_voices.toml"
SIDES = {"ann": "train", "ben": "train", "cat": "held_out", "dan": "train", "eve": "held_out"}
CASES = [("coswara", {"ann", "cat"}), ("alphanumeric", {"ben"})]


@pytest.fixture(autouse=True)
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five people of three collections, in the folder where the program looks for them."""
    monkeypatch.chdir(tmp_path)
    write_audio(np.zeros(800, np.float32), "one.wav", 8000)
    collections = {"ann": "coswara", "cat": "coswara", "ben": "alphanumeric"}
    utterances = [
        Utterance(
            Path("one.wav"), ("one",), f"people/{who}", side, attributes={"collection": collections.get(who, "other")}
        )
        for who, side in SIDES.items()
    ]
    Path("data/voices").mkdir(parents=True)
    write_csv(utterances, Path("data/voices/people.csv"))


@pytest.mark.parametrize(("name", "theirs"), CASES)
def test_they_are_in_no_training_and_no_choice(name: str, theirs: set[str]) -> None:
    found = left_out.LeftOut(name)
    assert {who.removeprefix("people/") for who in found.corpus.speakers} == theirs
    data = found.data(read_experiment(CONFIG).data)
    (source,) = (each for each in data.train if each.corpus == left_out.PEOPLE)
    assert {who.removeprefix("people/") for who in select(source, ".").speakers} == {"ann", "ben", "dan"} - theirs
    point = read_recipe(RECIPES / "speech_encoder.toml").words
    assert point is not None
    chosen = found.point(point)
    assert chosen.people is not None
    assert {who.removeprefix("people/") for who in select(chosen.people, ".").speakers} == {"cat", "eve"} - theirs
    assert data.augment is not None
    of_people = [
        each
        for each in (*data.augment.negatives, *data.augment.talk, *chosen.near_words, *chosen.talk)
        if each.folder.startswith("data/voices/people_")
    ]
    assert len(of_people) == 4
    for who in SIDES:
        for file in (f"eighteen_{who}_0.flac", f"{who}_000050010.flac"):
            assert all(bool(re.search(each.match, file)) == (who not in theirs) for each in of_people)


def test_a_collection_of_its_own_folder_goes_with_its_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_experiment(CONFIG).data
    asked = left_out.COLLECTIONS["speech_commands_v2"]
    monkeypatch.setattr(left_out, "select", lambda *_: select(left_out.COLLECTIONS["coswara"], "."))
    data = left_out.LeftOut("speech_commands_v2").data(whole)
    assert {each.corpus for each in whole.train} - {each.corpus for each in data.train} == {asked.corpus}
    assert whole.augment is not None
    assert data.augment is not None
    gone = {each.folder for each in whole.augment.negatives} - {each.folder for each in data.augment.negatives}
    assert gone == {"../shared/data/speech_commands_v2_words"}
