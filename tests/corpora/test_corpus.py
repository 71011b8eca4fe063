from __future__ import annotations

import copy
import hashlib
import pickle
import tempfile
from collections import Counter
from dataclasses import FrozenInstanceError, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import DIGITS

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
component = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=8)
# Any text of one line: umlauts, Cyrillic, spaces inside, brackets and quotes, as a person would call a command.
words = st.sampled_from(["one", "oh", "fünf", "да", "включи свет", "turn on", "[x]", "[", '"', "a,b", "["]) | st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=8
).map(str.strip).filter(bool)
utterances = st.builds(
    Utterance,
    path=st.lists(component.filter(lambda name: name not in (".", "..")), min_size=1, max_size=3).map(
        lambda parts: Path(*parts)
    ),
    words=st.lists(words, max_size=4).map(tuple),
    speaker=text,
    split=text,
    raw=st.none()
    | st.builds(
        RawFormat,
        st.sampled_from([8000, 16000, 44100]),
        st.sampled_from(["big", "little"]),
        st.sampled_from(["pcm16", "mulaw", "alaw"]),
    ),
    attributes=st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True).filter(
            lambda name: name not in ("self", "split", "words")
        ),
        text.filter(bool),
        max_size=3,
    ),
)
corpora = st.lists(utterances, max_size=6)


def clip(name: str, words: str, speaker: str = "", split: str = "", **attributes: str) -> Utterance:
    return Utterance(Path(name), tuple(words.split()), speaker, split, attributes=attributes)


@pytest.fixture
def mixed() -> Corpus:
    return Corpus(
        "mixed",
        (
            clip("1.wav", "one", "a", "train", snr_db="5", noise="car"),
            clip("2.wav", "two", "a", "test", snr_db="10"),
            clip("3.wav", "one two", "b", "test", snr_db="5"),
            clip("4.wav", "oh", "", "test"),
            clip("5.wav", "", "c", "train"),
        ),
    )


def names(corpus: Corpus) -> str:
    return "".join(utterance.path.stem for utterance in corpus)


@given(corpora)
def test_a_manifest_reads_back_as_it_was_written(found: list[Utterance]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        corpus = Corpus("mine", tuple(replace(u, path=home / u.path) for u in found))
        corpus.write_csv(home / "mine.csv")
        assert Corpus.from_csv(home / "mine.csv") == corpus
        assert Corpus.from_csv(home / "mine.csv").digest() == corpus.digest()
        assert sorted(path.name for path in home.iterdir()) == ["mine.csv"]


def test_filters_keep_what_fulfils_every_condition(mixed: Corpus) -> None:
    assert names(mixed.filter(split="test")) == "234"
    assert names(mixed.filter(split=("train", "test"))) == "12345"
    assert names(mixed.filter(words="one")) == "1"
    assert names(mixed.filter(words=["one", "oh"])) == "14"
    assert names(mixed.filter(speakers={"a", "b"})) == "123"
    assert names(mixed.filter(isolated=True)) == "124"
    assert names(mixed.filter(isolated=False)) == "35"
    assert names(mixed.filter(snr_db="5")) == "13"
    assert names(mixed.filter(snr_db=("5", "10"), split="test")) == "23"
    assert names(mixed.filter(lambda u: u.path.stem > "2", split="test", isolated=True)) == "4"
    assert names(mixed.filter()) == names(mixed) == "12345"
    assert names(mixed.filter(words="two", isolated=False)) == ""
    assert names(mixed.filter(words="two", isolated=False).filter(split="test", room="hall", words="nine")) == ""


def test_a_filter_for_what_the_corpus_does_not_know_is_refused(mixed: Corpus) -> None:
    with pytest.raises(CorpusError, match=r"split 'tset' \(did you mean 'test'\?\); known: test, train"):
        mixed.filter(split="tset")
    with pytest.raises(CorpusError, match="speaker 'z'"):
        mixed.filter(speakers=["a", "z"])
    with pytest.raises(CorpusError, match=r"attribute 'snr' \(did you mean 'snr_db'\?\)"):
        mixed.filter(snr="5")
    with pytest.raises(CorpusError, match=r"snr_db '7'.*known: 10, 5"):
        mixed.filter(snr_db="7")
    with pytest.raises(CorpusError, match=r"the word 'tow' \(did you mean 'two'\?\); known: oh, one, two"):
        mixed.filter(words="tow")


def test_merging_keeps_order_and_problems(mixed: Corpus) -> None:
    other = Corpus("other", (clip("6.wav", "six", "z"),), ("7.wav: empty",))
    both = mixed + other
    assert (both.name, names(both), both.problems) == ("mixed+other", "123456", ("7.wav: empty",))
    assert mixed.merge(other, other).name == "mixed+other+other"
    assert both.speakers == ("a", "b", "c", "z")
    assert both.filter(split="test").problems == both.problems


def test_the_summary_counts_as_a_counter_does(mixed: Corpus) -> None:
    summary = replace(mixed, problems=("x.wav: empty",)).summary()
    counts = {(split, word): (clips, speakers) for split, word, clips, speakers in summary.rows}
    assert {cell: clips for cell, (clips, _) in counts.items()} == Counter(
        (u.split, {0: "(no word)", 1: " ".join(u.words)}.get(len(u.words), "(strings)")) for u in mixed
    )
    assert (summary.clips, summary.speakers, summary.unknown_speaker_clips) == (5, 3, 1)
    assert counts["test", "oh"] == (1, 0)
    assert summary.heading == "mixed: 5 clips, 3 speakers, 1 clips of unknown speakers"
    assert ("train", "(no word)", "1", "1") in summary.cells()
    assert summary.problems == ("x.wav: empty",)


def test_the_summary_of_nothing_has_no_rows() -> None:
    assert Corpus("none", ()).summary().rows == ()


@given(corpora.filter(bool), st.data())
def test_the_digest_changes_with_anything_that_counts(found: list[Utterance], data: st.DataObject) -> None:
    corpus = Corpus("mine", tuple(found))
    index = data.draw(st.integers(0, len(found) - 1))
    old = found[index]
    changes = (
        {"words": (*old.words, "nine")},
        {"speaker": old.speaker + "x"},
        {"split": old.split + "x"},
        {"raw": RawFormat(11025, "big")},
        {"path": old.path.with_name("another name")},
    )
    change = data.draw(st.sampled_from(changes[: 4 if len(found) == 1 else 5]))
    changed = [*found[:index], replace(old, **change), *found[index + 1 :]]
    if changed[index] != old:
        assert Corpus("mine", tuple(changed)).digest() != corpus.digest()
    assert Corpus("other name", tuple(found)).digest() == corpus.digest()
    assert Corpus("mine", (*found, old)).digest() != corpus.digest()


def test_the_digest_tells_encodings_apart_and_stays_what_it_was_for_pcm() -> None:
    formats = [RawFormat(8000), RawFormat(8000, encoding="mulaw"), RawFormat(8000, encoding="alaw")]
    digests = [Corpus("x", (Utterance(Path("a"), ("one",), "me", raw=raw),)).digest() for raw in formats]
    assert len(set(digests)) == 3
    line = b'["a", ["one"], "me", "", [8000, "little"]]\n'  # as in the records of trainings before there were encodings
    assert digests[0] == hashlib.sha256(line).hexdigest()


def test_the_digest_is_the_same_wherever_the_corpus_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def corpus(root: Path) -> Corpus:
        return Corpus("x", (clip(f"{root}/a/1.wav", "one", "me"), clip(f"{root}/b/2.wav", "two", "me")))

    monkeypatch.chdir(tmp_path)
    assert corpus(Path("here")).digest() == corpus(tmp_path / "far" / "away").digest()
    assert len(Corpus("none", ()).digest()) == 64


def test_utterances_and_corpora_cannot_be_changed(mixed: Corpus) -> None:
    with pytest.raises(FrozenInstanceError):
        mixed.name = "other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        mixed[0].speaker = "z"  # type: ignore[misc]
    with pytest.raises(TypeError):
        mixed[0].attributes["snr_db"] = "0"  # type: ignore[index]
    given = {"room": "hall"}
    utterance = Utterance(Path("a"), ("one",), "", attributes=given)
    given["room"] = "car"
    assert utterance.attributes["room"] == "hall"


def test_a_corpus_survives_pickling_copying_and_hashing(mixed: Corpus) -> None:
    assert pickle.loads(pickle.dumps(mixed)) == mixed
    assert copy.deepcopy(mixed) == mixed
    assert len({mixed, replace(mixed)}) == 1


def test_a_string_has_no_single_word(mixed: Corpus) -> None:
    assert mixed[0].word == "one"
    with pytest.raises(CorpusError, match="expected one word, but it says 2: 'one two'"):
        _ = mixed[2].word


@pytest.mark.parametrize("name", ["split", "words", "speakers", "isolated", "predicate", "self", "snr db", ""])
def test_attributes_that_a_filter_could_not_name_are_refused(name: str) -> None:
    with pytest.raises(CorpusError, match="cannot name an attribute"):
        Utterance(Path("a.wav"), ("one",), "", attributes={name: "x"})


def spoken(*words: str) -> Corpus:
    return Corpus("mine", tuple(Utterance(Path(f"{i}.wav"), (word,), "me") for i, word in enumerate(words)))


def test_the_words_are_those_spoken_digits_first() -> None:
    assert spoken("yes", "oh", "äpfel", "two", "да", "one", "yes").words == ("one", "two", "oh", "yes", "äpfel", "да")
    assert Corpus("none", ()).words == ()


def test_the_vocabulary_is_that_of_the_corpus_or_all_digits() -> None:
    assert spoken("two", "three").vocabulary() == DIGITS
    vocabulary = spoken("turn on", "two", "aus").vocabulary()
    assert (vocabulary.words, vocabulary.digits) == (("two", "aus", "turn on"), (2, None, None))
    assert Corpus("x", (clip("1.wav", "an aus"), clip("2.wav", ""))).vocabulary().words == ("an", "aus")
    with pytest.raises(ConfigError, match="2 to 10000 words, got 1: yes"):
        spoken("yes").vocabulary()
    with pytest.raises(ConfigError, match="got 0"):
        Corpus("none", ()).vocabulary()


def test_a_corpus_prints_in_a_line_however_large_it_is(mixed: Corpus) -> None:
    assert repr(mixed) == "Corpus(mixed: 5 clips, 3 speakers, 1 clips of unknown speakers, words: one, two, oh)"
    large = spoken(*(f"word{number:02}" for number in range(40)), *["yes"] * 1000)
    assert repr(large).endswith("words: " + ", ".join(f"word{number:02}" for number in range(12)) + ", ...)")
    assert len(repr(large)) < 200


def test_a_notebook_shows_the_summary_as_a_table() -> None:
    rows: list[list[str]] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, _attributes: object) -> None:
            if tag == "tr":
                rows.append([])

        def handle_data(self, data: str) -> None:
            if rows:
                rows[-1].append(data)
            else:
                assert data == "<mine>: 3 clips, 2 speakers"

    clips = (clip("1.wav", "a<b", "x"), clip("2.wav", "a<b", "y"), clip("3.wav", "да", "y", "test"))
    Parser().feed(Corpus("<mine>", clips)._repr_html_())
    assert rows == [["split", "word", "clips", "speakers"], ["-", "a<b", "2", "2"], ["test", "да", "1", "1"]]
