from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import CorpusError


def test_the_files_hold_what_other_programs_expect(tmp_path: Path) -> None:
    home = tmp_path / "home"
    inside = Utterance(home / "a" / "1.08", ("one", "oh"), "me", "test", RawFormat(8000, "big"), {"snr_db": "-5"})
    outside = Utterance(tmp_path / "2.wav", ("two",), "")
    corpus = Corpus("mine", (inside, outside))
    corpus.write_csv(home / "m.csv")
    with (home / "m.csv").open(newline="", encoding="utf-8") as stream:
        first, second = csv.DictReader(stream)
    assert first == {
        "path": "a/1.08", "words": "one oh", "speaker": "me", "split": "test",
        "sample_rate": "8000", "byte_order": "big", "attribute.snr_db": "-5",
    }  # fmt: skip
    assert second["path"] == (tmp_path / "2.wav").resolve().as_posix()


def test_relative_paths_survive_and_the_folder_can_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    corpus = Corpus("m", (Utterance(Path("data/one/1.wav"), ("one",), "me"),))
    corpus.write_csv("data/m.csv")
    assert Corpus.from_csv("data/m.csv") == corpus
    (tmp_path / "data").rename(tmp_path / "moved")
    assert Corpus.from_csv("moved/m.csv")[0].path == Path("moved/one/1.wav")


def test_a_json_line_has_every_key_or_few(tmp_path: Path) -> None:
    full = {
        "path": "a/1.08", "words": ["one", "oh"], "speaker": "me", "split": "test",
        "raw": {"sample_rate": 8000, "byte_order": "big"}, "attributes": {"snr_db": "-5"},
    }  # fmt: skip
    (tmp_path / "m.jsonl").write_text(json.dumps(full) + "\n")
    expected = Utterance(tmp_path / "a/1.08", ("one", "oh"), "me", "test", RawFormat(8000, "big"), {"snr_db": "-5"})
    assert Corpus.from_jsonl(tmp_path / "m.jsonl").utterances == (expected,)


def test_a_manifest_by_hand_needs_only_path_and_words(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("\ufeffwords,path\r\none,a.wav\r\n\r\n", encoding="utf-8")
    (tmp_path / "m.jsonl").write_text('{"path": "a.wav", "words": ["one"]}\n\n')
    expected = (Utterance(tmp_path / "a.wav", ("one",), ""),)
    assert Corpus.from_csv(tmp_path / "m.csv", "x") == Corpus("x", expected)
    assert Corpus.from_jsonl(tmp_path / "m.jsonl").utterances == expected


def test_plain_words_are_separated_by_spaces_and_others_are_a_json_list(tmp_path: Path) -> None:
    said = [("one", "oh"), ("да", "fünf"), ("turn on",), ("one", "turn on"), ("[noise]",), ("a\u00a0b",), ()]
    corpus = Corpus("m", tuple(Utterance(tmp_path / f"{i}.wav", words, "") for i, words in enumerate(said)))
    corpus.write_csv(tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(newline="", encoding="utf-8") as stream:
        cells = [row["words"] for row in csv.DictReader(stream)]
    assert cells == [
        "one oh", "да fünf", '["turn on"]', '["one", "turn on"]', '["[noise]"]', '["a\u00a0b"]', "",
    ]  # fmt: skip
    assert [utterance.words for utterance in Corpus.from_csv(tmp_path / "m.csv")] == said


def test_the_encoding_is_written_where_it_is_not_16_bit_pcm(tmp_path: Path) -> None:
    pcm = Utterance(tmp_path / "1.raw", ("one",), "", raw=RawFormat(8000, "big"))
    law = Utterance(tmp_path / "2.raw", ("one",), "", raw=RawFormat(8000, encoding="alaw"))
    plain = Utterance(tmp_path / "3.wav", ("one",), "")
    for clips, columns in (((pcm, plain), []), ((pcm, law, plain), ["encoding"])):
        Corpus("m", clips).write_csv(tmp_path / "m.csv")
        with (tmp_path / "m.csv").open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == ["path", "words", "speaker", "split", "sample_rate", "byte_order", *columns]
    assert [row["encoding"] for row in rows] == ["", "alaw", ""]
    assert Corpus.from_csv(tmp_path / "m.csv").utterances == clips


def test_samples_of_one_byte_need_no_byte_order(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,words,sample_rate,encoding\na.ul,one,8000,mulaw\n")
    assert Corpus.from_csv(tmp_path / "m.csv")[0].raw == RawFormat(8000, encoding="mulaw")


CSV_FAULTS = [
    ("", ["column 'path' is missing", "column 'words' is missing"]),
    ("path,word\na,one\n", ["column 'words' is missing", "column 'word' is unknown (did you mean 'words'?)"]),
    ("path,words,path\n", ["column 'path' appears 2 times"]),
    ("path,words\na.wav,one\nb.wav,[one]\n", ["line 3: words that begin with '[' are a JSON list", "got [one]"]),
    ('path,words\na.wav,"[""one"", 2]"\n', ["line 2: words must be a list of words, got ['one', 2]"]),
    ('path,words\na.wav,"["" one""]"\n', ["line 2", "a.wav: a word is a text of one line", "got ' one'"]),
    ("path,words\na.wav\n", ["line 2: expected 2 fields, got 1"]),
    ("path,words\n,one\n", ["line 2: path is empty"]),
    (
        "path,words,sample_rate,byte_order\na,one,8k,big\n",
        ["line 2: sample_rate must be a whole number of Hz, got '8k'"],
    ),
    ("path,words,sample_rate,byte_order\na,one,8000,\n", ["line 2: a headerless file needs both"]),
    ("path,words,sample_rate,byte_order\na,one,8000,middle\n", ["line 2", "'middle'"]),
    ("path,words,sample_rate,byte_order\na,one,0,big\n", ["line 2", "0"]),
    ("path,words,sample_rate,encoding\na,one,8000,pcm16\n", ["line 2: a headerless file needs both"]),
    ("path,words,sample_rate,encoding\na,one,8000,ulaw\n", ["line 2: a headerless file needs both"]),
    ("path,words,encoding\na,one,mulaw\n", ["line 2: a headerless file needs both"]),
    (
        "path,words,sample_rate,byte_order,encoding\na,one,8000,big,ulaw\n",
        ["line 2", "'ulaw' is no encoding (did you mean 'mulaw'?)"],
    ),
    ("path,words,attribute.split\na,one,x\n", ["line 2", "'split' cannot name an attribute"]),
    ('path,words\n"a.wav,one\n', ["line 2: not CSV"]),
]


@pytest.mark.parametrize(("content", "expected"), CSV_FAULTS)
def test_a_faulty_csv_is_refused_by_file_and_line(tmp_path: Path, content: str, expected: list[str]) -> None:
    path = tmp_path / "m.csv"
    path.write_text(content)
    with pytest.raises(CorpusError) as caught:
        Corpus.from_csv(path)
    assert str(path) in str(caught.value)
    for part in expected:
        assert part in str(caught.value)


JSONL_FAULTS = [
    ("{", "line 1: not JSON"),
    ("[1]", "line 1: expected an object"),
    ('{"path": "a"}', "line 1: key 'words' is missing"),
    ('{"path": "a", "words": [], "speakr": ""}', "key 'speakr' is unknown (did you mean 'speaker'?)"),
    ('{"path": 3, "words": []}', "path must be text, got 3"),
    ('{"path": "a", "words": "one"}', "words must be a list of words, got 'one'"),
    ('{"path": "a", "words": [], "split": null}', "split must be text, got None"),
    ('{"path": "a", "words": [], "attributes": {"n": 3}}', "attributes must be an object of texts"),
    ('{"path": "a", "words": [], "attributes": {"n": ""}}', "attribute 'n' is empty"),
    ('{"path": "a", "words": [], "raw": {"sample_rate": 8000}}', "needs both sample_rate and byte_order"),
    ('{"path": "a", "words": [], "raw": {"sample_rate": 8e3, "byte_order": "big"}}', "whole number of Hz, got 8000.0"),
    ('{"path": "a", "words": [], "raw": {"sample_rate": 8000, "byte_order": ["big"]}}', "byte_order and encoding must"),
    ('{"path": "a", "words": [], "raw": {"sample_rate": 8000, "byte_order": "big", "encoding": 8}}', "must be text"),
    ('{"path": "a", "words": [], "raw": {"sample_rate": 8000, "byte_order": "big", "bits": 8}}', "needs both"),
    ('{"path": "a", "words": [], "raw": "big"}', "a headerless file needs both"),
]


@pytest.mark.parametrize(("line", "expected"), JSONL_FAULTS)
def test_a_faulty_json_line_is_refused_by_file_and_line(tmp_path: Path, line: str, expected: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(line)
    with pytest.raises(CorpusError) as caught:
        Corpus.from_jsonl(path)
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)


def test_all_faults_of_a_file_are_listed_up_to_ten(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("path,words\n" + "".join(f"{i}.wav,[wun\n" for i in range(13)))
    with pytest.raises(CorpusError) as caught:
        Corpus.from_csv(path)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: 13 problems"
    assert len(lines) == 12
    assert lines[-1] == "  and 3 more"


@pytest.mark.parametrize("read", [Corpus.from_csv, Corpus.from_jsonl])
def test_a_missing_manifest_is_named(tmp_path: Path, read: Callable[[Path], Corpus]) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(CorpusError, match=f"{path}: the manifest cannot be read"):
            read(path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            "path,words\na.wav,one\n".encode("utf-16-le"),
            "UTF-16 without a byte order mark, or no text; save it as UTF-8",
        ),
        ("path,words\na.wav,one\n".encode("utf-16-be"), "UTF-16"),
        (b"path;words\na.wav;one\n", "columns are separated by semicolons; save it as CSV with commas"),
        (b"path\twords\na.wav\tone\n", "separated by tabs"),
    ],
    ids=["utf-16-le", "utf-16-be", "semicolons", "tabs"],
)
def test_what_spreadsheets_write_gets_a_hint(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "m.csv").write_bytes(data)
    with pytest.raises(CorpusError, match=rf"^.*m\.csv: .*{says}"):
        Corpus.from_csv(tmp_path / "m.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "m.csv").write_text("path,words\nä.wav,eins\nb.wav,zwei\n", encoding=encoding)
    (tmp_path / "m.jsonl").write_text('{"path": "ä.wav", "words": ["eins"]}\n', encoding=encoding)
    assert [(each.path.name, each.word) for each in Corpus.from_csv(tmp_path / "m.csv")] == [
        ("ä.wav", "eins"),
        ("b.wav", "zwei"),
    ]
    assert Corpus.from_jsonl(tmp_path / "m.jsonl")[0].path.name == "ä.wav"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.csv")
    with pytest.raises(CorpusError, match=r"cannot be read \(it is no regular file\)"):
        Corpus.from_csv(tmp_path / "m.csv")


def test_words_may_be_missing_only_where_none_are_needed(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,sample_rate,byte_order\na.raw,8000,big\nb.wav,,\n")
    (tmp_path / "m.jsonl").write_text('{"path": "a.wav"}\n')
    for name, read in (("m.csv", Corpus.from_csv), ("m.jsonl", Corpus.from_jsonl)):
        assert {each.words for each in read(tmp_path / name, words=False)} == {()}
        with pytest.raises(CorpusError, match=r"'words' is missing"):
            read(tmp_path / name)
    assert Corpus.from_csv(tmp_path / "m.csv", words=False)[0].raw == RawFormat(8000, "big")


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5000, '"\\ud800'], ids=["nested", "long", "half"])
def test_json_that_python_cannot_hold_is_refused_by_its_line(tmp_path: Path, value: str) -> None:
    (tmp_path / "m.jsonl").write_text(f'{{"path": {value}')
    with pytest.raises(CorpusError, match="line 1: not JSON"):
        Corpus.from_jsonl(tmp_path / "m.jsonl")
    (tmp_path / "m.csv").write_text("path,words\na.wav,[" + value.replace('"', "") + "\n")
    with pytest.raises(CorpusError, match="line 2: words that begin with"):
        Corpus.from_csv(tmp_path / "m.csv")


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 20_000], ids=["digits", "lists"])
def test_a_rate_that_is_no_number_is_named(value: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(f"path,words,sample_rate,byte_order\n1.raw,one,{value},big\n")
    with pytest.raises(CorpusError, match="sample_rate must be a whole number"):
        Corpus.from_csv(tmp_path / "m.csv")
