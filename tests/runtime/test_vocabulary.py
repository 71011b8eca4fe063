"""``Vocabulary``: the laws it obeys over any words, and what is no vocabulary."""

from __future__ import annotations

import copy
import json
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.errors import AuroraError, ConfigError
from aurora_resnet.runtime.vocabulary import DIGITS, MOST_WORDS, Vocabulary, check_word

LETTERS = "abzäöüßéñшЖ日本 -'"
texts = st.text(LETTERS + "\u0308\u0301", min_size=1, max_size=9).filter(lambda text: text == text.strip())
word_lists = st.lists(
    texts, min_size=2, max_size=40, unique_by=lambda text: unicodedata.normalize("NFC", text)
).map(tuple)  # fmt: skip
digits = st.none() | st.integers(0, 9)


@given(words=word_lists, data=st.data())
def test_it_survives_json_pickle_and_copying(words: tuple[str, ...], data: st.DataObject) -> None:
    named = data.draw(st.lists(digits, min_size=len(words), max_size=len(words)))
    vocabulary = Vocabulary(words, tuple(named))
    assert Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict()))) == vocabulary
    assert pickle.loads(pickle.dumps(vocabulary)) == copy.deepcopy(vocabulary) == vocabulary
    assert hash(Vocabulary(words, tuple(named))) == hash(vocabulary)


@given(words=word_lists)
def test_words_keep_their_order_and_are_composed(words: tuple[str, ...]) -> None:
    vocabulary = Vocabulary(words)
    assert vocabulary.words == tuple(unicodedata.normalize("NFC", word) for word in words)
    assert tuple(vocabulary) == vocabulary.words
    assert len(vocabulary) == len(words)
    assert [vocabulary.index(word) for word in vocabulary] == list(range(len(words)))
    assert all(word in vocabulary for word in vocabulary)
    assert vocabulary.unknown(vocabulary.words) == []


def test_a_word_written_in_two_ways_is_one_word() -> None:
    composed, decomposed = "f\u00fcnf", "fu\u0308nf"
    assert check_word(decomposed, "folder") == composed
    assert Vocabulary((composed, "zwei")) == Vocabulary((decomposed, "zwei"))
    with pytest.raises(ConfigError, match="each word once, got several times: fünf"):
        Vocabulary((composed, decomposed))


def test_english_digit_words_name_their_digits_and_others_none() -> None:
    assert DIGITS.words == ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh")
    assert DIGITS.digits == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0)
    mixed = Vocabulary(("yes", "two", "Two", "oh"))
    assert mixed.digits == (None, 2, None, 0)
    assert [mixed.digit(word) for word in mixed] == [None, 2, None, 0]
    assert Vocabulary(("eins", "zwei"), (1, 2)).digit("zwei") == 2


def test_words_that_are_not_there_are_named_once_and_sorted() -> None:
    assert DIGITS.unknown(["yes", "no", "one", "yes"]) == ["no", "yes"]
    assert "yes" not in DIGITS
    with pytest.raises(ConfigError, match=r"'sevn' is not in the vocabulary \(did you mean 'seven'\?\); words: zero,"):
        DIGITS.index("sevn")


@pytest.mark.parametrize("word", ["", " one", "one ", "a\nb", "a\tb", "\x00", "a\u2028b", None, 1, b"one", ("one",)])
def test_what_is_no_word_is_refused(word: object) -> None:
    with pytest.raises(ConfigError, match=r"^folder: a word is a text of one line without white space around it, got"):
        check_word(word, "folder")
    with pytest.raises(ConfigError, match="a word is a text"):
        Vocabulary(("two", word))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "named", "message"),
    [
        ((), (), "needs 2 to 10000 words, got 0"),
        (("one",), (), "needs 2 to 10000 words, got 1: one"),
        (("one", "two", "one"), (), "got several times: one"),
        (("one", "two"), (1,), "digits must be as many as the words, 2, got 1"),
        (("one", "two"), (1, 10), "from 0 to 9, got 10"),
        (("one", "two"), (-1, None), "from 0 to 9, got -1"),
    ],
)
def test_what_is_no_vocabulary_is_refused(words: tuple[str, ...], named: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Vocabulary(words, named)


def test_absurdly_many_words_are_refused() -> None:
    with pytest.raises(ConfigError, match=f"got {MOST_WORDS + 1}: 0, 1, 2, 3, 4"):
        Vocabulary(tuple(map(str, range(MOST_WORDS + 1))))


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        "words",
        {},
        {"words": ["one", "two"]},
        {"words": "one two", "digits": [1, 2]},
        {"words": ["one", "two"], "digits": ["1", "2"]},
        {"words": ["one", "two"], "digits": [1.0, 2.0]},
        {"words": ["one", "two"], "digits": [True, False]},
        {"words": ["one", 2], "digits": [1, 2]},
        {"words": ["one", "two"], "digits": [1, 2, 3]},
        {"words": [], "digits": []},
    ],
)
def test_what_was_stored_otherwise_is_refused(stored: object) -> None:
    with pytest.raises(AuroraError):
        Vocabulary.from_dict(stored)  # type: ignore[arg-type]


def test_it_is_short_to_look_at() -> None:
    assert repr(Vocabulary(("ja", "nein"))) == "Vocabulary(2 words: ja, nein)"
    assert len(repr(Vocabulary(tuple(f"word {i}" for i in range(1000))))) < 150
