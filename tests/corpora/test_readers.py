from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.an4 import (
    ALIGNED_COLUMNS,
    STRING_COLUMNS,
    WORD_COLUMNS,
    read_an4,
    read_an4_aligned,
    read_an4_strings,
)
from aurora_resnet.corpora.sources.folder import read_folder
from aurora_resnet.corpora.sources.fsdd import read_fsdd
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.corpora.splits import check_speakers_disjoint
from aurora_resnet.runtime.errors import ConfigError, CorpusError, SpeakerLeakError
from aurora_resnet.runtime.vocabulary import DIGITS


def write(folder: Path, *names: str, content: bytes = b"sound") -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


# FSDD


@pytest.mark.parametrize("prefix", ["", "recordings/"])
def test_fsdd_is_read_from_its_root_or_its_recordings(tmp_path: Path, prefix: str) -> None:
    write(tmp_path, *(f"{prefix}{name}" for name in ("0_ann_4.wav", "0_ann_5.wav", "9_bob_0.wav", "notes.txt")))
    corpus = read_fsdd(tmp_path)
    found = [(u.path.name, u.word, u.speaker, u.split, u.attributes["index"]) for u in corpus]
    assert found == [
        ("0_ann_4.wav", "zero", "fsdd/ann", "test", "4"),
        ("0_ann_5.wav", "zero", "fsdd/ann", "train", "5"),
        ("9_bob_0.wav", "nine", "fsdd/bob", "test", "0"),
    ]


def test_misnamed_fsdd_recordings_are_named(tmp_path: Path) -> None:
    write(tmp_path, "0_ann_4.wav", "ten_ann_1.wav", "1_ann.wav")
    with pytest.raises(CorpusError) as caught:
        read_fsdd(tmp_path)
    assert f"{tmp_path}: 2 problems" in str(caught.value)
    assert "ten_ann_1.wav" in str(caught.value)
    assert "1_ann.wav: expected a name like 7_theo_12.wav" in str(caught.value)


@pytest.mark.parametrize("read", [read_fsdd, read_an4, read_an4_strings, read_folder, read_speech_commands])
def test_every_reader_refuses_a_folder_that_is_no_corpus(tmp_path: Path, read: object) -> None:
    assert callable(read)
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for name, expected in (("gone", "is not there"), ("file", "this is a file"), ("empty", "empty")):
        with pytest.raises(CorpusError) as caught:
            read(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert expected in str(caught.value)


@pytest.mark.shared
def test_the_real_fsdd(shared: Path) -> None:
    corpus = read_fsdd(shared / "fsdd")
    assert len(corpus) == 3000
    assert corpus.speakers == tuple(f"fsdd/{n}" for n in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"))
    test, train = corpus.filter(split="test"), corpus.filter(split="train")
    assert (len(test), len(train)) == (300, 2700)
    assert set(Counter(u.word for u in test).values()) == {30}  # 5 recordings of 6 speakers
    assert {u.word for u in corpus} == set(DIGITS.words) - {"oh"}
    with pytest.raises(SpeakerLeakError, match="6 speakers stand in both train and test"):
        check_speakers_disjoint(train=train, test=test)


# AN4


def an4_row(**changes: str) -> dict[str, str]:
    row = dict.fromkeys(WORD_COLUMNS, "0") | {
        "file": "a.flac",
        "label": "oh",
        "speaker": "s",
        "gender": "f",
        "split": "test",
    }
    return row | changes


def write_table(path: Path, *rows: dict[str, str]) -> Path:
    write(path.parent, "a.flac")
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path.parent


def test_an4_words_carry_what_the_table_says(tmp_path: Path) -> None:
    alone = an4_row(isolated="1", utterance="an1-s-b")
    first, second = read_an4(write_table(tmp_path / "digits.csv", alone, an4_row(label="nine", split="train")))
    assert (first.path, first.word, first.speaker, first.split) == (tmp_path / "a.flac", "oh", "an4/s", "test")
    assert first.attributes == {"gender": "f", "sentence": "an1-s-b", "context": "alone"}
    assert (second.word, second.split, second.attributes["context"]) == ("nine", "train", "sentence")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"label": " oh"}, "a.flac: a word is a text of one line without white space around it, got ' oh'"),
        ({"file": "gone.flac"}, "gone.flac is not there"),
        ({"isolated": "yes"}, "isolated must be 0 or 1, got 'yes'"),
        ({"speaker": ""}, "speaker and split must not be empty"),
        ({"gender": ""}, "attribute 'gender' is empty"),
    ],
)
def test_bad_an4_rows_are_listed_with_their_lines(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    folder = write_table(tmp_path / "digits.csv", an4_row(), an4_row(**changes))
    with pytest.raises(CorpusError) as caught:
        read_an4(folder)
    assert f"{tmp_path / 'digits.csv'}: 1 problem\n  line 3: " in str(caught.value)
    assert expected in str(caught.value)


def test_an4_tables_of_other_columns_or_short_rows_are_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "digits.csv", {"file": "a.flac", "word": "oh"})
    with pytest.raises(CorpusError, match=r"digits\.csv: the table of AN4 lacks label, speaker, .*; it has file, word"):
        read_an4(tmp_path)
    (tmp_path / "strings.csv").write_text(",".join(STRING_COLUMNS) + "\na.flac,one\n")
    with pytest.raises(CorpusError, match=r"strings\.csv: line 2: expected 5 fields"):
        read_an4_strings(tmp_path)


def test_an4_words_must_follow_each_other(tmp_path: Path) -> None:
    write(tmp_path, "a.flac")
    rows = ["a.flac,0,M,,ann,train,0.3,0.5", "a.flac,1,O,oh,ann,train,0.4,0.8", "b.flac,0,yes,,ann,train,0.1,x"]
    (tmp_path / "words.csv").write_text("\n".join([",".join(ALIGNED_COLUMNS), *rows]))
    with pytest.raises(CorpusError) as caught:
        read_an4_aligned(tmp_path)
    assert "line 3: words must follow each other in time, got 0.4..0.8" in str(caught.value)
    assert "line 4: words must follow each other in time, got 0.1..x" in str(caught.value)


@pytest.mark.shared
def test_the_real_an4_alignment_tells_where_its_strings_have_their_words(shared: Path) -> None:
    aligned = {each.utterance.path.stem: each for each in read_an4_aligned(shared / "an4")}
    strings = read_an4_strings(shared / "an4")
    assert len(aligned) == 1070
    assert all(aligned[string.path.stem].utterance.words == string.words for string in strings)


@pytest.mark.shared
def test_the_real_an4_words(shared: Path) -> None:
    corpus = read_an4(shared / "an4")
    assert (len(corpus), len(corpus.speakers)) == (2086, 83)
    train, test = corpus.filter(split="train"), corpus.filter(split="test")
    assert (len(train.speakers), len(test.speakers), len(train) + len(test)) == (74, 9, 2086)
    check_speakers_disjoint(train=train, test=test)
    words = Counter(u.word for u in corpus)
    assert (set(words), words["zero"], words["oh"]) == (set(DIGITS.words), 38, 246)
    assert len(corpus.filter(context="alone")) == 36


@pytest.mark.shared
def test_the_real_an4_strings_share_their_speakers_with_the_words(shared: Path) -> None:
    strings = read_an4_strings(shared / "an4")
    assert len(strings) == 199
    assert strings[0].words == ("five", "five", "three", "five")
    assert set(strings.speakers) <= set(read_an4(shared / "an4").speakers)


# Folders


def test_folders_of_any_case_are_words_and_the_folder_is_the_speaker(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", "Zero/a.WAV", "OH/b.flac", "oh/.DS_Store", "LICENSE", ".git/x")
    corpus = read_folder(folder)
    assert sorted((u.word, u.speaker, u.split) for u in corpus) == [("oh", "mine", ""), ("zero", "mine", "")]
    assert (corpus.name, corpus.problems) == ("mine", ())


def test_any_sub_folder_is_a_word_and_an_underscore_means_none(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "fünf")  # as macOS writes the names of folders
    write(tmp_path, "turn on/a.wav", f"{decomposed}/a.wav", "Да/a.wav", "_other/a.wav", "_/b.wav", "sevn/a.wav")
    corpus = read_folder(tmp_path)
    assert {(u.path.parent.name, u.words) for u in corpus} == {
        ("turn on", ("turn on",)), (decomposed, ("fünf",)), ("Да", ("да",)), ("sevn", ("sevn",)),
        ("_other", ()), ("_", ()),
    }  # fmt: skip
    assert corpus.words == ("fünf", "sevn", "turn on", "да")
    assert len(corpus.filter(isolated=True)) == 4


def test_every_sub_folder_that_can_be_no_word_is_listed(tmp_path: Path) -> None:
    write(tmp_path, "one/a.wav", "two /a.wav", "th\nree/a.wav")
    with pytest.raises(CorpusError) as caught:
        read_folder(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: 2 problems")
    assert "sub-folder: a word is a text of one line without white space around it, got 'two '" in str(caught.value)
    assert "got 'th\\nree'" in str(caught.value)


def test_files_that_cannot_be_recordings_are_problems(tmp_path: Path) -> None:
    write(tmp_path, "one/a.wav", "one/notes.txt", "one/deeper/a.wav")
    write(tmp_path, "one/b.wav", content=b"")
    corpus = read_folder(tmp_path)
    assert [u.path.name for u in corpus] == ["a.wav"]
    assert [problem.split(":")[0] for problem in corpus.problems] == [
        str(tmp_path / "one" / name) for name in ("b.wav", "deeper", "notes.txt")
    ]
    assert "the file is empty" in corpus.problems[0]


def test_a_pattern_finds_the_speaker_in_the_name(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", "one/ann_1.wav", "one/bob_1.wav")
    assert read_folder(folder, r"^([^_]+)_").speakers == ("mine/ann", "mine/bob")
    write(folder, "two/nameless.wav")
    with pytest.raises(CorpusError, match=r"two/nameless\.wav: no speaker found"):
        read_folder(folder, r"^([^_]+)_")
    with pytest.raises(ConfigError, match="no group"):
        read_folder(folder, "ann")
    with pytest.raises(ConfigError, match="not a regular expression"):
        read_folder(folder, "(")


@pytest.mark.shared
def test_the_real_one_speaker_folders(shared: Path) -> None:
    for name, clips in (("iitg_210101070", 400), ("iitg_jayskhatri", 300)):
        corpus = load_corpus(f"folder:{shared / name}")
        assert (len(corpus), corpus.speakers, corpus.problems) == (clips, (name,), ())
        assert {u.word for u in corpus} == set(DIGITS.words) - {"oh"}
