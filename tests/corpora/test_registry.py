from __future__ import annotations

import re
from pathlib import Path

import pytest

from aurora_resnet.corpora.registry import CORPUS_KINDS, load_corpus
from aurora_resnet.corpora.sources.fsdd import read_fsdd
from aurora_resnet.runtime.errors import CorpusError


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("fssd:x", "no corpus kind 'fssd' (did you mean 'fsdd'?); kinds: aurora2, fsdd"),
        ("clips.csv", "expected KIND:PATH"),
        ("", "expected KIND:PATH"),
        ("fsdd", "the path is missing; write fsdd:PATH"),
        ("fsdd:", "the path is missing; write fsdd:PATH"),
        ("samples:x", "take no path; write samples:"),
        ("manifest:x.txt", "x.txt: a manifest ends in .csv or .jsonl"),
        (r"folder:C:\data\mine", r"C:\data\mine: the folder of word folders is not there"),
        ("aurora2:no/where", "no/where: the Aurora-2 folder is not there"),
    ],
)
def test_a_wrong_corpus_says_what_to_write(spec: str, expected: str) -> None:
    with pytest.raises(CorpusError) as caught:
        load_corpus(spec)
    assert expected in str(caught.value)


def test_manifests_and_relative_paths_load_by_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("data").mkdir()
    Path("data/1_ann_7.wav").touch()
    corpus = read_fsdd(Path("data"))
    corpus.write_csv("data/fsdd.csv")
    for spec in ("fsdd:data", "fsdd:./data/", "manifest:data/fsdd.csv"):
        assert load_corpus(spec) == corpus
    assert load_corpus("fsdd:~/data")[0].path == tmp_path / "data" / "1_ann_7.wav"


def test_the_kinds_are_those_of_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    assert set(CORPUS_KINDS) == set(re.findall(r"`([a-z0-9-]+):`", manual))


@pytest.mark.parametrize(("kind", "order"), [("aurora2-be", "big"), ("aurora2-le", "little")])
def test_the_byte_order_of_aurora2_can_be_set(tmp_path: Path, kind: str, order: str) -> None:
    folder = tmp_path / "SPEECHDATA" / "TESTA" / "N1_SNR5"
    folder.mkdir(parents=True)
    (folder / "FAC_1A.08").write_bytes(bytes(1600))  # silence tells nothing about its byte order
    with pytest.raises(CorpusError, match="byte_order"):
        load_corpus(f"aurora2:{tmp_path}")
    raw = load_corpus(f"{kind}:{tmp_path}")[0].raw
    assert raw is not None
    assert raw.byte_order == order


def test_negatives_in_a_manifest_need_no_words(tmp_path: Path) -> None:
    (tmp_path / "noise.csv").write_text("path\na.wav\n")
    assert load_corpus(f"manifest:{tmp_path / 'noise.csv'}", words=False)[0].words == ()
    with pytest.raises(CorpusError, match="'words' is missing"):
        load_corpus(f"manifest:{tmp_path / 'noise.csv'}")
