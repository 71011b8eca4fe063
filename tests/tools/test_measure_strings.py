"""The measurement of strings: sets in noise at their SNR, a record, and the tables and the card that are made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from tests.runtime.tone_model import RATE, ToneModel, spoken
from tools.measure import strings as tool
from tools.measure.string_sets import StringSets, in_scenes
from tools.reports import figures
from tools.reports.__main__ import string_card


class Tones(ToneModel):
    def __reduce__(self) -> tuple[Any, ...]:
        return Tones, ()  # copied for other weights


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> StringSets:
    folder = tmp_path_factory.mktemp("sets")
    utterances = []
    for number, words in enumerate((("one", "two"), ("six", "six", "oh"))):
        write_audio(spoken(words), folder / f"{number}.wav", RATE)
        utterances.append(Utterance(folder / f"{number}.wav", words, f"voice{number}"))
    an4 = Corpus("an4", tuple(utterances))
    generator = np.random.default_rng(0)
    for scene in ("car", "street"):
        write_audio(0.05 * generator.uniform(-1, 1, 3 * RATE), folder / "noise" / scene / "1.wav", RATE)
    write_audio(spoken(["nine"]), folder / "talk.wav", RATE)
    talk = Corpus("talk", (Utterance(folder / "talk.wav", (), ""),))
    noisy = in_scenes(an4, folder / "noise", folder / "noisy", (10, 0))
    strings = {"an4": an4, "strangers": an4, "repeated": an4, "noizeus": noisy}
    return StringSets(strings, talk, talk, letter_count=50)


def test_noise_is_added_at_its_snr_and_once(sets: StringSets) -> None:
    noisy = sets.strings["noizeus"]
    assert len(noisy) == 8
    for utterance in noisy:
        clean, _ = read_audio(next(u.path for u in sets.strings["an4"] if u.path.stem == utterance.path.stem))
        mixed, _ = read_audio(utterance.path)
        added = np.mean(np.square(mixed - clean))
        snr_db = 10 * np.log10(np.mean(np.square(clean)) / added)
        assert snr_db == pytest.approx(float(utterance.attributes["snr_db"]), abs=0.1)
    before = [utterance.path.stat().st_mtime_ns for utterance in noisy]
    folder = noisy[0].path.parents[2]
    again = in_scenes(sets.strings["an4"], folder.parent / "noise", folder, (10, 0))
    assert [utterance.path.stat().st_mtime_ns for utterance in again] == before
    assert Corpus.from_csv(folder / "strings.csv", "noizeus") == again


def test_a_record_becomes_tables(sets: StringSets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sounds = [("other words", sets.talk[0].path)]
    monkeypatch.setattr(tool, "choose_sounds", lambda *_: sounds)
    record: dict[str, Any] = tool.measure_sets(StringRecognizer(Tones()), sets, Path("nowhere"), hour_seconds=5.0)
    assert record["strings"]["an4"]["right"] == 2
    assert record["false_words"]["talk"]["words"] == 1
    talk = record["false_words"]["talk"]["per_hour"]
    assert record["false_words"]["letters"]["per_100"] == 2.0
    hour = record["false_words"]["noise and other words"]
    assert hour["per_hour"] == pytest.approx(3600 * hour["words"] / hour["seconds"])
    assert hour["words"] >= 1
    assert set(record["weights"]) == {"0.05", "0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "10.0"}
    record |= {"model": "tones", "file": {"name": "tones.onnx", "bytes": 970_000, "sha256": "0"}}
    assert record["curve"][0] == {"threshold": 0.0, "right_and_accepted": 1.0, "talk_per_hour": pytest.approx(talk)}
    monkeypatch.setattr(figures, "FIGURES", tmp_path)
    figures.draw_strings([{**record, "model": "tones"}])
    assert (tmp_path / "strings.png").read_bytes().startswith(b"\x89PNG")
    run = {
        "experiment": {
            "model": "string_net", "clip_seconds": 4.0, "training": {"seed": 15},
            "data": {
                "train": [{"corpus": "an4:an4"}],
                "augment": {"talk": [{"folder": "talk", "match": "^s"}], "negatives": []},
                "strings": {"aligned": ["an4"], "recordings": [{"corpus": "an4-strings:an4"}], "size": 6000},
            },
        },
        "data": {"train": {"clips": 10, "speakers": 2}, "validation": {"clips": 3, "speakers": 1}},
        "cost": {"parameters": 684_000}, "epochs": 30, "seconds": 60.0,
        "best_epoch": {"epoch": 28, "validation_accuracy": 0.9},
        "environment": {"threads": 1, "machine": "x86_64", "torch": "2"},
    }  # fmt: skip
    point = {"other_weight": 0.2, "threshold": 0.1, "right": 9, "strings": 10, "false_per_hour": 50.0, "hours": 0.1}
    checkpoint = replace(load_checkpoint("compact"), info={"operating_point": point})
    written = string_card(checkpoint, run, json.loads(json.dumps(record)))
    for part in (
        "the weight of everything but a\ndigit, 0.2, and the least confidence, 0.1",
        "`talk` (^s)",
        "**`tones`**, 0.97 MB",
        "AN4 test speakers, length known",
        "in eight NOIZEUS scenes",
    ):
        assert part in written
