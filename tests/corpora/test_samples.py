from __future__ import annotations

import csv
import hashlib
import shlex
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.corpora.samples import read_samples, sample_noises, samples_folder
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.vocabulary import DIGITS


def rows(table: str = "samples.csv") -> list[dict[str, str]]:
    with (samples_folder() / table).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("table", ["samples.csv", "noise/noise.csv"])
def test_every_file_is_what_the_table_says(table: str) -> None:
    for row in rows(table):
        assert hashlib.sha256((samples_folder() / row["file"]).read_bytes()).hexdigest() == row["sha256"]


def test_no_recording_is_unlisted_and_all_are_small() -> None:
    listed = {row["file"] for table in ("samples.csv", "noise/noise.csv") for row in rows(table)}
    files = [path for path in samples_folder().rglob("*") if path.is_file()]
    found = {path.relative_to(samples_folder()).as_posix() for path in files if path.suffix == ".flac"}
    assert found == listed
    assert sum(path.stat().st_size for path in files) <= 3_000_000


def test_every_voice_says_every_word_twice() -> None:
    corpus = read_samples()
    assert len(corpus.speakers) >= 24
    said = Counter((u.speaker, u.word, u.attributes["take"]) for u in corpus)
    assert said == Counter({(s, w, t): 1 for s in corpus.speakers for w in DIGITS.words for t in "12"})


def test_no_voice_stands_in_both_splits_and_the_test_split_is_varied() -> None:
    corpus = read_samples()
    train, test = corpus.filter(split="train"), corpus.filter(split="test")
    assert len(train) + len(test) == len(corpus)
    assert not set(train.speakers) & set(test.speakers)
    assert len(test.speakers) >= 6
    for side in (train, test):
        assert {u.attributes["sex"] for u in side} == {"f", "m"}
        assert {u.attributes["engine"] for u in side} == {"espeak-ng", "flite", "festival"}


def test_no_voice_recipe_stands_in_both_splits() -> None:
    # The speaker behind a clip as the engines name it: espeak-ng's variant, or the recorded person.
    def origin(row: dict[str, str]) -> str:
        command = shlex.split(row["command"])
        if row["engine"] == "espeak-ng":
            return command[command.index("-v") + 1].split("+")[1]
        return next(person for person in ("awb", "slt", "rms", "kal", "ked") if person in row["voice"])

    splits: dict[str, set[str]] = {}
    for row in rows():
        splits.setdefault(origin(row), set()).add(row["split"])
    assert {len(sides) for sides in splits.values()} == {1}


def test_clips_are_words_at_8_khz() -> None:
    found: dict[bytes, Path] = {}
    for utterance in read_samples():
        clip, rate = soundfile.read(utterance.path, dtype="int16")
        assert rate == 8000
        assert clip.ndim == 1
        assert 0.12 <= len(clip) / rate <= 1.0, utterance.path
        peak_dbfs = 20 * np.log10(np.abs(clip.astype(float)).max() / 32768)
        assert -3.1 <= peak_dbfs <= -2.9, utterance.path
        rms_dbfs = 10 * np.log10(np.mean(np.square(clip / 32768.0)))
        assert rms_dbfs > -35, utterance.path
        assert found.setdefault(clip.tobytes(), utterance.path) == utterance.path


@pytest.mark.parametrize(("name", "fall"), [("white", 0.0), ("pink", 3.0), ("brown", 6.0)])
def test_coloured_noise_falls_by_its_decibels_an_octave(name: str, fall: float) -> None:
    noise, rate = soundfile.read(sample_noises()[name])
    power = np.square(np.abs(np.fft.rfft(noise)))
    frequencies = np.fft.rfftfreq(len(noise), 1 / rate)
    edges = 62.5 * 2.0 ** np.arange(6)
    density_db = [10 * np.log10(power[(frequencies >= low) & (frequencies < 2 * low)].mean()) for low in edges]
    slope = np.polyfit(np.arange(len(edges)), density_db, 1)[0]
    assert slope == pytest.approx(-fall, abs=0.4)


def test_hum_is_harmonics_of_50_hz() -> None:
    noise, rate = soundfile.read(sample_noises()["hum"])
    power = np.square(np.abs(np.fft.rfft(noise)))
    frequencies = np.fft.rfftfreq(len(noise), 1 / rate)
    assert power[frequencies % 50 == 0].sum() > 0.99 * power.sum()
    assert frequencies[power.argmax()] == 50


def test_babble_has_the_spectrum_of_speech() -> None:
    noise, rate = soundfile.read(sample_noises()["babble"])
    power = np.square(np.abs(np.fft.rfft(noise)))
    frequencies = np.fft.rfftfreq(len(noise), 1 / rate)
    voiced = power[(frequencies > 80) & (frequencies < 1000)].sum()
    assert voiced > 0.6 * power.sum()  # white noise: 0.23


def test_noises_last_four_seconds_at_the_stated_level() -> None:
    for path in sample_noises().values():
        noise, rate = soundfile.read(path)
        assert (rate, len(noise)) == (8000, 32000)
        assert 10 * np.log10(np.mean(np.square(noise))) == pytest.approx(-26, abs=0.1)
        assert np.abs(noise).max() <= 10 ** (-2.9 / 20)


def test_readme_names_every_engine_version() -> None:
    readme = (samples_folder() / "README.md").read_text(encoding="utf-8")
    assert all(f"| {r['engine_version']} |" in readme for r in rows())
    assert f"{len(read_samples())} clips" in readme


def test_missing_recordings_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    with pytest.raises(CorpusError, match=f"{tmp_path.name}.*install the wheel anew"):
        read_samples()
