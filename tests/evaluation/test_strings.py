"""The alignment of strings against the recursive definition of Levenshtein, and against jiwer."""

from __future__ import annotations

import math
from functools import cache

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.evaluation.strings import WordCounts, align, count_errors, score_strings
from aurora_resnet.runtime.errors import ConfigError

strings = st.lists(st.sampled_from("ab"), max_size=6).map(tuple)


@cache
def distance(said: tuple[str, ...], found: tuple[str, ...]) -> int:
    if not said or not found:
        return len(said) + len(found)
    changed = distance(said[1:], found[1:]) + (said[0] != found[0])
    return min(changed, distance(said[1:], found) + 1, distance(said, found[1:]) + 1)


@given(said=strings, found=strings)
def test_no_alignment_has_fewer_errors_and_every_word_is_in_it_once(
    said: tuple[str, ...], found: tuple[str, ...]
) -> None:
    pairs = align(said, found)
    assert [i for i, _ in pairs if i is not None] == list(range(len(said)))
    assert [j for _, j in pairs if j is not None] == list(range(len(found)))
    counts = count_errors(said, found)
    assert counts.inserted + counts.deleted + counts.substituted == distance(said, found)
    assert counts.recognised == len(found)
    assert counts.right == sum(i is not None and j is not None and said[i] == found[j] for i, j in pairs)


@given(st.lists(st.tuples(strings.filter(len), strings), min_size=1, max_size=5))
def test_the_error_rate_is_that_of_jiwer(pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    said, found = ([" ".join(words) for words in side] for side in zip(*pairs, strict=True))
    assert score_strings(pairs).error_rate == pytest.approx(jiwer.wer(said, found))


def test_a_word_may_have_spaces_and_umlauts() -> None:
    counts = count_errors(("turn on", "fünf"), ("turn", "on", "fünf"))
    assert counts == WordCounts(said=2, inserted=1, substituted=1)


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    counts = count_errors(("a", "b", "c"), ("a", "c", "c", "d")) + WordCounts(said=1, deleted=1)
    recall, precision = 2 / 4, 2 / 4
    assert counts.right == 2
    assert counts.f1 == pytest.approx(2 * precision * recall / (precision + recall))


def test_nothing_said_and_nothing_heard() -> None:
    assert (count_errors((), ()), WordCounts().f1) == (WordCounts(), 1.0)
    assert math.isnan(WordCounts(inserted=2).error_rate)
    assert score_strings([]) == WordCounts()


def test_a_text_is_no_list_of_words() -> None:
    with pytest.raises(ConfigError, match="takes lists of words, got the text 'one two'; split it first"):
        count_errors("one two", ["one", "two"])
