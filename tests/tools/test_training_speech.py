from __future__ import annotations

import csv
import importlib
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from aurora_resnet.corpora.manifest import read_csv
from aurora_resnet.runtime.vocabulary import DIGITS

VERSIONS = {"espeak-ng": "1.51", "flite": "2.2", "festival": "2.5"}
HOMOPHONES = {"ate", "fife", "fo", "for", "fore", "fours", "nein", "o", "owe", "sicks", "to", "too", "won", "wun"}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return importlib.import_module("tools.make_training_speech")


def origin(command: list[str]) -> str:
    """Return whom the command lets speak, as its engine names it: a variant, or the recorded person."""
    if command[0] == "espeak-ng":
        return command[command.index("-v") + 1].split("+")[1]
    return next(person for person in ("awb", "kal", "ked", "rms", "slt") if person in " ".join(command))


def test_nobody_of_the_test_side_speaks(script: ModuleType) -> None:
    digits, others = script.plan(script.all_voices(), VERSIONS)
    heard = {origin(shlex.split(clip.command)).lower() for clip in digits + others}
    tested = {origin(v.command("one", 1)).lower() for v in script.VOICES if v.split == "test"}
    assert {"f3", "denis", "gene", "rms", "ked"} <= tested
    assert not heard & (tested | {"gene2", "linda"})  # the last two are variations of Gene and belinda


def test_every_voice_says_the_rare_words_twice_and_the_other_digits_once(script: ModuleType) -> None:
    digits, _ = script.plan(script.all_voices(), VERSIONS)
    expected = Counter(
        {(v.name, w): 2 if w in ("zero", "oh") else 1 for v in script.all_voices() for w in DIGITS.words}
    )
    for voice in script.all_voices():
        if voice.voice.startswith("en-029"):
            del expected[voice.name, "three"]  # said as "tree"
        if voice.voice.startswith("en-gb-x-gbcwmd"):
            del expected[voice.name, "eight"]  # said as "hate"
    assert Counter((clip.voice.name, clip.word) for clip in digits) == expected
    assert len({voice.name for voice in script.all_voices()}) == len(script.all_voices()) >= 60


def test_other_words_are_said_by_different_voices_in_different_ways(script: ModuleType) -> None:
    _, others = script.plan(script.all_voices(), VERSIONS)
    said = Counter(clip.word for clip in others)
    assert len(said) >= 250
    assert set(said.values()) <= {11, 12}
    assert len({(clip.word, clip.voice.name) for clip in others}) == len(others)
    assert len({clip.file for clip in others}) == len({clip.command for clip in others}) == len(others)
    assert len({clip.voice.name for clip in others}) == len(script.all_voices())
    assert 100 < sum(clip.voice.engine == "festival" for clip in others) < 400


def test_other_words_are_no_digits(script: ModuleType) -> None:
    assert not set(script.OTHER_WORDS) & (set(DIGITS.words) | HOMOPHONES)


def test_no_accent_says_another_word_like_a_digit(script: ModuleType) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed (Debian package espeak-ng)")
    for accent in sorted({v.voice.split("+")[0] for v in script.all_voices() if v.engine == "espeak-ng"}):
        words = [w for w in (*DIGITS.words, *script.OTHER_WORDS) if w not in script.SOUND_ALIKE.get(accent, ())]
        command = ["espeak-ng", "-v", accent, "-q", "--ipa"]
        told = subprocess.run(command, input="\n\n".join(words) + "\n", capture_output=True, text=True, check=True)
        sounds = dict(zip(words, told.stdout.split(), strict=True))
        digits = {sounds[word] for word in DIGITS.words if word in sounds}
        assert not [word for word in script.OTHER_WORDS if sounds.get(word) in digits], accent


def test_pitch_and_tempo_differ_and_stay_in_range(script: ModuleType) -> None:
    digits, others = script.plan(script.all_voices(), VERSIONS)
    commands = [shlex.split(clip.command) for clip in digits + others if clip.voice.engine == "espeak-ng"]
    pitches = [float(command[command.index("-p") + 1]) for command in commands]
    speeds = [float(command[command.index("-s") + 1]) for command in commands]
    for values, low, high in ((pitches, 30, 70), (speeds, 145, 195)):
        assert low <= min(values) < low + 1
        assert high - 1 < max(values) <= high
        assert np.mean(values) == pytest.approx((low + high) / 2, rel=0.02)  # uniform


def test_the_digits_of_a_voice_do_not_depend_on_the_others(script: ModuleType) -> None:
    voices = script.all_voices()
    digits, _ = script.plan(voices, VERSIONS)
    fewer, _ = script.plan(voices[-12:], VERSIONS)
    assert set(fewer) < set(digits)


def test_faults_are_lengths_out_of_range_and_low_levels(script: ModuleType) -> None:
    loud = np.full(4000, 5000, dtype=np.int16)  # -16 dBFS
    assert script.fault(loud) == ""
    assert script.fault(loud[:900]) == "lasts 0.11 s"
    assert script.fault(np.resize(loud, 9800)) == "lasts 1.23 s"
    assert script.fault(loud // 100) == "is at -56 dBFS"


def test_only_files_of_unchanged_commands_are_kept(script: ModuleType, tmp_path: Path) -> None:
    voice = script.all_voices()[0]
    kept, changed, dropped = (script.Clip(f"{n}.flac", "one", voice, "1.51", f"say {n}") for n in "abc")
    script.forget_changed(tmp_path, [kept, changed, dropped])
    for clip in (kept, changed, dropped):
        (tmp_path / clip.file).touch()
    script.forget_changed(tmp_path, [kept, script.Clip("b.flac", "one", voice, "1.52", "say b")])
    assert [path.name for path in tmp_path.glob("*.flac")] == ["a.flac"]
    with (tmp_path / "commands.csv").open(newline="", encoding="utf-8") as stream:
        assert [(row["file"], row["engine_version"]) for row in csv.DictReader(stream)] == [
            ("a.flac", "1.51"),
            ("b.flac", "1.52"),
        ]


def test_script_writes_what_its_tables_say(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if missing := [engine for engine in VERSIONS if shutil.which(engine) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian packages of the same names)")
    voices = [voice for voice in script.all_voices() if voice.voice in ("en-us+f1", "kal16")]
    monkeypatch.setattr(script, "all_voices", lambda: voices)
    monkeypatch.setattr(script, "VOICES_PER_WORD", 1)
    monkeypatch.setattr(script, "OTHER_WORDS", ("tree", "hello"))
    monkeypatch.setattr(sys, "argv", ["make_training_speech.py", "--out", str(tmp_path)])
    script.main()
    assert "2 voices, 28 clips" in capsys.readouterr().out
    digits = read_csv(tmp_path / "digits.csv")
    assert Counter(u.word for u in digits) == Counter(
        {word: 4 if word in ("zero", "oh") else 2 for word in DIGITS.words}
    )
    assert {(u.speaker, u.split, u.attributes["engine"]) for u in digits} == {
        ("synthetic/espeak-en-us-f1", "train", "espeak-ng"),
        ("synthetic/flite-kal16", "train", "flite"),
    }
    with (tmp_path / "others.csv").open(newline="", encoding="utf-8") as stream:
        others = list(csv.DictReader(stream))
    assert [(row["word"], Path(row["file"]).parent.name) for row in others] == [("tree", "others"), ("hello", "others")]
    files = [u.path for u in digits] + [tmp_path / row["file"] for row in others]
    assert set(files) == set(tmp_path.rglob("*.flac"))
    for file in files:
        sound, rate = soundfile.read(file)
        assert rate == 8000
        assert 0.12 <= len(sound) / rate <= 1.2
        assert np.abs(sound).max() == pytest.approx(10 ** (-3 / 20), abs=0.001)

    files[0].unlink()
    before = {file: file.stat().st_mtime_ns for file in files[1:]}
    script.main()
    assert files[0].exists()
    assert before == {file: file.stat().st_mtime_ns for file in files[1:]}
