"""Strings of single words: who says what, how long the pauses are, and that a list is fixed by its seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.noisy_corpus.word_strings import EDGE_SECONDS, plan_strings, write_strings
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import ConfigError, CorpusError

RATE = 8000


@pytest.fixture(scope="module")
def beeps(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two speakers; each word is a square wave of its own amplitude in a second of silence."""
    folder = tmp_path_factory.mktemp("beeps")
    utterances = []
    for number, (speaker, word) in enumerate((s, w) for s in ("ana", "ben") for w in ("one", "two", "three")):
        samples = np.zeros(RATE)
        samples[3040:5040] = (0.1 + 0.1 * (number % 3)) * np.where(np.arange(2000) % 20 < 10, 1, -1)
        path = folder / f"{speaker}_{word}.wav"
        write_audio(samples, path, RATE)
        utterances.append(Utterance(path, (word,), speaker, "test"))
    return Corpus("beeps", tuple(utterances))


def test_a_list_follows_from_the_seed_whatever_the_order_of_the_corpus(beeps: Corpus) -> None:
    planned = plan_strings(beeps, 40, seed=3)
    assert planned == plan_strings(replace(beeps, utterances=beeps.utterances[::-1]), 40, seed=3)
    assert planned != plan_strings(beeps, 40, seed=4)
    speakers = [{part.speaker for part in string.parts} for string in planned]
    assert all(len(speaker) == 1 for speaker in speakers)
    assert sum(speaker == {"ana"} for speaker in speakers) == 20
    assert {len(string.words) for string in planned} == set(range(1, 8))
    pauses = [pause for string in planned for pause in string.pauses]
    assert 0.05 <= min(pauses) < 0.1
    assert 0.45 < max(pauses) <= 0.5


def test_a_file_holds_the_words_with_their_pauses(beeps: Corpus, tmp_path: Path) -> None:
    planned = plan_strings(beeps, 2, seed=1, lengths=[3])
    corpus = write_strings(planned, tmp_path, RATE)
    for string, utterance in zip(planned, corpus, strict=True):
        samples, rate = read_audio(utterance.path)
        edges = np.flatnonzero(np.diff((np.abs(samples) > 0.05).astype(int)))
        begins, ends = edges[::2] + 1, edges[1::2] + 1
        levels = [float(np.abs(samples[begin + 20 : end - 20]).mean()) for begin, end in zip(begins, ends, strict=True)]
        expected = {"one": 0.1, "two": 0.2, "three": 0.3}
        assert levels == pytest.approx([expected[word] for word in utterance.words], abs=1e-3)
        # Trimming keeps 0.05 s of silence on both sides of a word.
        measured = (begins[1:] - ends[:-1]) / rate - 0.1
        assert measured == pytest.approx(string.pauses, abs=1e-3)
        assert begins[0] / rate == pytest.approx(EDGE_SECONDS + 0.05, abs=1e-3)


def test_what_is_written_is_read_back_and_kept(beeps: Corpus, tmp_path: Path) -> None:
    corpus = write_strings(plan_strings(beeps, 3, seed=1), tmp_path)
    times = [utterance.path.stat().st_mtime_ns for utterance in corpus]
    assert Corpus.from_csv(tmp_path / "strings.csv") == corpus
    again = write_strings(plan_strings(beeps, 3, seed=1), tmp_path)
    assert [utterance.path.stat().st_mtime_ns for utterance in again] == times
    other = write_strings(plan_strings(beeps, 3, seed=2), tmp_path)
    assert not {utterance.path for utterance in other} & {utterance.path for utterance in corpus}


def test_given_strings_are_said_by_who_has_their_words(beeps: Corpus) -> None:
    mute = beeps.filter(lambda utterance: (utterance.speaker, utterance.word) != ("ana", "three"))
    planned = plan_strings(mute, 10, seed=0, said=[("three", "three"), ("one", "three", "one")])
    assert {string.words for string in planned} == {("three", "three"), ("one", "three", "one")}
    assert {string.parts[0].speaker for string in planned} == {"ben"}
    with pytest.raises(CorpusError, match="no known speaker has the words"):
        plan_strings(mute, 1, seed=0, said=[("nine",)])


def test_refuses_what_is_no_list(beeps: Corpus) -> None:
    for wrong in ({"count": 0}, {"count": 1, "lengths": [0]}):
        with pytest.raises(ConfigError, match="strings need a count"):
            plan_strings(beeps, seed=0, **wrong)
