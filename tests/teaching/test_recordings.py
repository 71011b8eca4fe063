"""Who speaks in a folder, who is held out with whom, and what is said about too few recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import Interval
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.teaching.advice import advise, advise_after
from aurora_resnet.teaching.folds import assign_groups
from aurora_resnet.teaching.recordings import TeachingRecordings, guess_speakers, read_recordings


def said(counts: dict[tuple[str, str], int], root: Path = Path()) -> Corpus:
    """Return recordings by word, speaker and number."""
    return Corpus(
        "mine",
        tuple(
            Utterance(root / word / f"{speaker}_{take}.wav", (word,), speaker)
            for (word, speaker), clips in counts.items()
            for take in range(clips)
        ),
    )


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=3),
    st.lists(st.sampled_from(["", *"abcxyz"]), max_size=9),
    st.integers(2, 3),
)
def test_no_speaker_stands_in_two_groups(clips: dict[str, int], others: list[str], groups: int) -> None:
    words = said({("ja", speaker): count for speaker, count in clips.items()}).utterances
    rest = [Utterance(Path(f"{i}.wav"), (), speaker) for i, speaker in enumerate(others)]
    of_words, of_others, by_speaker = assign_groups(words, rest, groups)
    assert by_speaker
    assert set(of_words) == set(range(groups))
    where: dict[str, set[int]] = {}
    for utterance, group in zip((*words, *rest), (*of_words, *of_others), strict=True):
        if utterance.speaker:
            where.setdefault(utterance.speaker, set()).add(int(group))
    assert all(len(places) == 1 for places in where.values())


@given(st.dictionaries(st.sampled_from(["ja", "nein", "doch"]), st.integers(3, 8), min_size=2))
def test_of_one_speaker_the_clips_of_each_word_take_turns(clips: dict[str, int]) -> None:
    words = said({(word, ""): count for word, count in clips.items()}).utterances
    of_words, _, by_speaker = assign_groups(words, (), 3)
    assert not by_speaker
    for word, count in clips.items():
        held = np.bincount(of_words[[u.word == word for u in words]], minlength=3)
        assert held.sum() == count
        assert held.max() - held.min() <= 1


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["ja/ann_1", "ja/ben_1", "nein/ann_1", "nein/ben_2"], True),
        (["ja/ann-1", "ja/ben-1", "nein/ann-1", "nein/ben-1"], True),
        (["ja/ja_1", "ja/ja_2", "nein/nein_1", "nein/nein_2"], False),  # the word, not the speaker
        (["ja/take_1", "ja/take_2", "nein/take_1"], False),  # one name only
        (["ja/ann_1", "ja/2", "nein/ann_1"], False),  # not all of them
        (["ja/1_x", "ja/2_x", "nein/3_x", "nein/4_x"], False),  # numbers that never return
    ],
)
def test_speakers_are_guessed_from_names_that_look_like_it(tmp_path: Path, names: list[str], found: bool) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.wav").touch()
    assert (guess_speakers(tmp_path) is not None) == found


def test_a_folder_is_words_speakers_and_other_sounds(tmp_path: Path) -> None:
    for name in ("ja/ann_1", "ja/ben_1", "nein/ann_1", "nein/ben_1", "_other/ann_1", "_other/dog_2"):
        (tmp_path / "mine" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "mine" / f"{name}.wav").write_bytes(b"x")
    recordings = read_recordings(tmp_path / "mine")
    assert recordings.speakers == ("mine/ann", "mine/ben")
    assert recordings.clips_of_words() == {"ja": 2, "nein": 2}
    assert [utterance.words for utterance in recordings.negatives] == [(), ()]


def test_what_cannot_be_taught() -> None:
    nothing = Corpus("other", ())
    with pytest.raises(CorpusError, match=r"mine: a recogniser needs two words or more, found ja; make a sub-folder"):
        TeachingRecordings(said({("ja", "ann"): 5}), nothing)
    with pytest.raises(CorpusError, match=r"mine: nein has one recording; record each word at least twice"):
        TeachingRecordings(said({("ja", "ann"): 5, ("nein", "ann"): 1}), nothing)


def recorded(tmp_path: Path, counts: dict[tuple[str, str], int], others: int = 0) -> list[str]:
    """Return the advice on recordings of which every file has other bytes."""
    corpus = said(counts, tmp_path)
    other = Corpus("other", tuple(Utterance(tmp_path / "_other" / f"{i}.wav", (), "") for i in range(others)))
    for number, utterance in enumerate((*corpus, *other)):
        utterance.path.parent.mkdir(exist_ok=True, parents=True)
        utterance.path.write_bytes(b"%d" % number)
    return list(map(str, advise(TeachingRecordings(corpus, other))))


FIVE = ("ann", "ben", "cid", "dee", "eva")


def test_good_recordings_need_no_advice(tmp_path: Path) -> None:
    assert recorded(tmp_path, {(word, who): 4 for word in ("ja", "nein") for who in FIVE}, others=20) == []


def test_each_weakness_is_named_with_what_to_do(tmp_path: Path) -> None:
    counts = {("ja", who): 8 for who in FIVE[:3]} | {("nein", "ann"): 7}
    found = recorded(tmp_path, counts, others=3)
    assert any(each.startswith("few recordings: nein (7); record at least 10 of each word") for each in found)
    assert any("'ja' has 24 recordings, 'nein' 7" in each and "record more of 'nein'" in each for each in found)
    assert any(each.startswith("3 speakers: ") and "record 5 or more speakers" in each for each in found)
    assert any("said by one speaker only: nein" in each for each in found)
    assert any("only 3 recordings of anything else" in each for each in found)
    assert len(found) == 5


def test_one_speaker_and_no_other_sounds(tmp_path: Path) -> None:
    found = recorded(tmp_path, {(word, "ann"): 12 for word in ("ja", "nein")})
    assert len(found) == 2
    assert "results may not transfer to other speakers or microphones" in found[0]
    assert "into the sub-folder _other" in found[1]


def test_a_recording_that_stands_there_twice_is_seen(tmp_path: Path) -> None:
    corpus = said({(word, who): 4 for word in ("ja", "nein") for who in FIVE}, tmp_path)
    for number, utterance in enumerate(corpus):
        utterance.path.parent.mkdir(exist_ok=True, parents=True)
        utterance.path.write_bytes(b"%d" % min(number, 38))
    (first, _) = advise(TeachingRecordings(corpus, Corpus("other", ())))
    assert "nein/eva_2.wav and nein/eva_3.wav" in first


def test_the_answers_say_that_the_recordings_are_too_few_and_which_words_are_alike() -> None:
    words = ("ja", "nein")
    report = ConditionReport("held out", words, ((3, 2), (0, 5)), Interval(0.49, 0.94, "wilson"), 0.1)
    found = [str(each) for each in advise_after(report)]
    assert "somewhere from 49% to 94%" in found[0]
    assert found[1].startswith("'ja' was taken for 'nein' 2 times; listen to these recordings")
    sure = ConditionReport("held out", words, ((99, 1), (0, 100)), Interval(0.97, 1.0, "wilson"), 0.1)
    assert advise_after(sure) == ()
