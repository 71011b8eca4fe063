from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.noisy_corpus.names import name_utterances, repetition_letters, speaker_ids
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.vocabulary import DIGITS

# Written anew from the description of the CDs, with further repetition letters.
NAME = re.compile(r"([FM][A-Z]{2})_([ZO1-9]+)([A-NP-Y]+)")
LETTERS = dict(zip(DIGITS.words, "Z123456789O", strict=True))


def utterance(number: int, words: tuple[str, ...], speaker: str, sex: str = "") -> Utterance:
    return Utterance(Path(f"{number:04d}.wav"), words, speaker, attributes={"sex": sex} if sex else {})


spoken = st.lists(
    st.tuples(st.lists(st.sampled_from(DIGITS.words), min_size=1, max_size=3).map(tuple), st.sampled_from("abcde")),
    min_size=1,
    max_size=60,
)


@given(spoken)
def test_every_name_is_unique_and_says_speaker_and_words(said: list[tuple[tuple[str, ...], str]]) -> None:
    named = name_utterances(Corpus("mine", tuple(utterance(i, words, who) for i, (words, who) in enumerate(said))))
    assert len({one.name for one in named}) == len(said)
    speakers: dict[str, str] = {}
    for one in named:
        match = NAME.fullmatch(one.name)
        assert match is not None
        assert match[2] == "".join(LETTERS[word] for word in one.utterance.words)
        assert speakers.setdefault(match[1], one.utterance.speaker) == one.utterance.speaker
    assert len(speakers) == len({who for _, who in said})


@given(spoken, st.randoms(use_true_random=False))
def test_the_order_of_the_corpus_does_not_matter(
    said: list[tuple[tuple[str, ...], str]], shuffle: random.Random
) -> None:
    clips = [utterance(i, words, who) for i, (words, who) in enumerate(said)]
    before = name_utterances(Corpus("mine", tuple(clips)))
    shuffle.shuffle(clips)
    assert name_utterances(Corpus("mine", tuple(clips))) == before


def test_repetitions_count_through_two_letters_without_the_words_o_and_z() -> None:
    letters = [repetition_letters(count) for count in range(24 + 24 * 24)]
    assert letters[:2] == ["A", "B"]  # as on the CDs
    assert len(set(letters)) == len(letters)
    assert not set("".join(letters)) & {"O", "Z"}
    assert [len(text) for text in (letters[23], letters[24], letters[-1])] == [1, 2, 2]


def test_the_sex_is_the_first_letter_and_a_full_sex_is_refused() -> None:
    clips = [utterance(i, ("one",), f"s{i}", "f" if i % 2 else "m") for i in range(2 * 676)]
    ids = speaker_ids(Corpus("mine", tuple(clips)))
    assert len(set(ids.values())) == 2 * 676
    assert all(ids[f"s{i}"][0] == ("F" if i % 2 else "M") for i in range(2 * 676))
    with pytest.raises(CorpusError, match="more than 676 speakers"):
        speaker_ids(Corpus("mine", (*clips, utterance(0, ("one",), "one more", "f"))))


def test_ids_are_spread_so_that_a_first_letter_is_a_draw_of_speakers() -> None:
    ids = speaker_ids(Corpus("mine", tuple(utterance(i, ("one",), f"speaker {i}") for i in range(104))))
    held_out = sum(name[1] in "AB" for name in ids.values())
    assert 1 <= held_out <= 20  # 8 expected


def test_a_speaker_of_both_sexes_is_refused() -> None:
    with pytest.raises(CorpusError, match="female in some recordings"):
        speaker_ids(Corpus("mine", (utterance(0, ("one",), "me", "f"), utterance(1, ("one",), "me", "m"))))


def test_words_that_aurora_has_no_letter_for_are_named() -> None:
    clips = (utterance(0, ("one",), "me"), utterance(1, ("yes", "two"), "me"), utterance(2, ("an", "aus"), "me"))
    with pytest.raises(CorpusError, match="mine: Aurora-2's file names have no letter for an, aus, yes; ") as caught:
        name_utterances(Corpus("mine", clips))
    assert all(word in str(caught.value) for word in DIGITS.words)
