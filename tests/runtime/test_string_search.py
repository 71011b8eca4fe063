"""The prefix search against a sum over all paths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.strings.rules import StringRules
from aurora_resnet.runtime.strings.search import BEAM, OTHERWISE, PrefixSearch, Words
from aurora_resnet.runtime.vocabulary import Vocabulary


def said(path: tuple[int, ...], words: int) -> Words:
    """What a path says."""
    return tuple(unit for unit, _ in itertools.groupby(path) if unit != words)


def posteriors(frames: np.ndarray) -> dict[Words, float]:
    """The probability of each string, summed path by path."""
    words = frames.shape[1] - 1
    found: dict[Words, float] = {}
    for path in itertools.product(range(words + 1), repeat=len(frames)):
        probability = float(np.prod([frames[t, unit] for t, unit in enumerate(path)]))
        found[said(path, words)] = found.get(said(path, words), 0.0) + probability
    return found


@st.composite
def some_frames(draw: st.DrawFn) -> np.ndarray:
    count, words = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    seed = draw(st.integers(0, 2**32 - 1))
    scores = np.random.default_rng(seed).normal(0, draw(st.floats(0.1, 4)), (count, words + 1))
    shares: np.ndarray = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return shares


@given(frames=some_frames())
def test_every_string_has_the_probability_of_all_its_paths(frames: np.ndarray) -> None:
    search = PrefixSearch(frames.shape[1] - 1, beam=1000)
    search.push(frames)
    expected = posteriors(frames)
    for hypothesis in search.best(most=1000):
        assert hypothesis.probability == pytest.approx(expected[hypothesis.words], rel=1e-3, abs=1e-3)
    best = search.best()[0]
    assert best.probability == pytest.approx(max(expected.values()), rel=1e-3, abs=1e-3)


@given(frames=some_frames(), length=st.integers(0, 4))
def test_a_known_length_is_the_best_of_the_strings_of_that_length(frames: np.ndarray, length: int) -> None:
    search = PrefixSearch(frames.shape[1] - 1, lengths={length}, beam=1000)
    search.push(frames)
    of_length = {string: p for string, p in posteriors(frames).items() if len(string) == length and p > 0}
    found = search.best()
    if not of_length:
        assert found == []
        return
    assert all(len(hypothesis.words) == length for hypothesis in found)
    share, best = sum(of_length.values()), max(of_length.values())
    expected = best / (share + OTHERWISE * (1 - share))  # Bayes: who should say such a string seldom says another one
    assert (found[0].probability if found else 0.0) == pytest.approx(expected, rel=0.02, abs=0.005)


@given(frames=some_frames(), length=st.integers(1, 4))
def test_what_was_said_so_far_does_not_depend_on_the_length_that_it_will_have(frames: np.ndarray, length: int) -> None:
    free, bound = PrefixSearch(frames.shape[1] - 1, beam=1000), PrefixSearch(frames.shape[1] - 1, {length}, beam=1000)
    free.push(frames)
    bound.push(frames)
    expected = {h.words: h.probability for h in free.so_far(most=1000) if len(h.words) <= length}
    found = {h.words: h.probability for h in bound.so_far(most=1000)}
    for words, probability in expected.items():
        assert found.get(words, 0.0) == pytest.approx(probability, rel=1e-2, abs=1e-2)


@given(frames=some_frames(), cut=st.integers(0, 5))
def test_frames_in_pieces_give_exactly_what_all_at_once_gives(frames: np.ndarray, cut: int) -> None:
    whole, pieces = (PrefixSearch(frames.shape[1] - 1) for _ in range(2))
    whole.push(frames)
    pieces.push(frames[:cut])
    pieces.push(frames[cut:])
    assert whole.best() == pieces.best()


def test_a_word_said_twice_needs_a_separator_between() -> None:
    once, twice = PrefixSearch(1), PrefixSearch(1)
    once.push([[0.99, 0.01]] * 3)
    twice.push([[0.99, 0.01], [0.01, 0.99], [0.99, 0.01]])
    assert once.best()[0].words == (0,)
    assert twice.best()[0].words == (0, 0)
    assert twice.best()[0].spans == ((0, 1), (2, 3))


def test_a_check_takes_the_best_string_that_passes() -> None:
    search = PrefixSearch(2)
    search.push([[0.6, 0.3, 0.1]])
    assert search.best(lambda words: words == (1,))[0].words == (1,)
    # Of ten who say something, six are heard saying (0,), three (1,), one nothing.
    assert search.best(lambda words: words == (1,))[0].probability == pytest.approx(0.3 / (0.3 + OTHERWISE * 0.7))
    assert search.best(lambda words: len(words) == 7) == []


def test_other_speech_separates_and_is_remembered() -> None:
    """With other speech in a column of its own the strings are the same."""
    frames = np.array([[0.9, 0.1, 0.0], [0.1, 0.7, 0.2], [0.8, 0.0, 0.2], [0.0, 0.6, 0.4]])
    together = np.column_stack((frames[:, 0], frames[:, 1:].sum(axis=1)))
    apart, merged = PrefixSearch(1), PrefixSearch(1)
    apart.push(frames)
    merged.push(together)
    assert apart.best() == merged.best()
    assert apart.best()[0].spans == ((0, 1), (2, 3))


@given(frames=some_frames())
def test_a_string_is_complete_along_the_paths_without_other_speech(frames: np.ndarray) -> None:
    """The last but one unit is other speech: summed path by path."""
    if frames.shape[1] < 3:
        return
    words = frames.shape[1] - 2
    anything: dict[Words, float] = {}
    alone: dict[Words, float] = {}
    for path in itertools.product(range(words + 2), repeat=len(frames)):
        probability = float(np.prod([frames[t, unit] for t, unit in enumerate(path)]))
        string = said(tuple(min(unit, words) for unit in path), words)
        anything[string] = anything.get(string, 0.0) + probability
        alone[string] = alone.get(string, 0.0) + probability * (words not in path)
    search = PrefixSearch(words, beam=1000)
    search.push(frames)
    for hypothesis in search.best(most=20):
        if hypothesis.words and hypothesis.probability > 0.01:
            expected = alone[hypothesis.words] / anything[hypothesis.words]
            assert search.complete(hypothesis) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_other_words_count_near_a_string_or_between_its_words_only() -> None:
    silence, other, word = [0.0, 0.0, 1.0], [0.0, 0.9, 0.1], [1.0, 0.0, 0.0]
    frames = [other, *[silence] * 40, word, silence, word, *[silence] * 10, other]
    near, far, between = (PrefixSearch(1) for _ in range(3))
    near.push(frames)
    far.push(frames[:-1])
    between.push([word, other, word])
    assert near.complete(near.best()[0]) == pytest.approx(0.1)
    assert near.complete(near.best()[0], beside=False) == pytest.approx(1.0)
    assert far.complete(far.best()[0]) == pytest.approx(1.0)
    assert between.complete(between.best()[0], beside=False) == pytest.approx(0.1)


def test_only_strings_that_may_begin_so_are_looked_for() -> None:
    frames = [[0.6, 0.3, 0.1], [0.0, 0.0, 1.0], [0.3, 0.6, 0.1]]
    free = PrefixSearch(2)
    bound = PrefixSearch(2, begins=lambda words: words in ((1,), (1, 1)))
    free.push(frames)
    bound.push(frames)
    anything = {h.words: h.probability for h in free.best()}
    assert {h.words: h.probability for h in bound.so_far()} == {
        words: anything[words] for words in anything if words in ((), (1,), (1, 1))
    }


def test_what_strings_have_in_common_is_stable() -> None:
    search = PrefixSearch(2)
    search.push([[0.98, 0.01, 0.01], [0.0, 0.0, 1.0], [0.5, 0.4, 0.1]])
    assert search.stable(0.95, 0.3) == [(0,), (0, 0)]
    search.commit((0,))
    assert search.stable(0.95, 0.3) == [(0,), (0, 0)]


@pytest.mark.parametrize(("words", "lengths"), [(0, None), (1, set()), (1, {-1})])
def test_wrong_arguments(words: int, lengths: set[int] | None) -> None:
    with pytest.raises(ConfigError):
        PrefixSearch(words, lengths)


def test_hours_of_frames_do_not_become_too_small_to_compute() -> None:
    search = PrefixSearch(2)
    search.push([[0.004, 0.006, 0.99]] * 500)
    search.push(np.full((3_000, 3), 1 / 3))  # nobody could tell what this is
    search.commit(search.so_far(most=1)[0].words)
    search.push([[0.0, 0.0, 1.0]] * 10)
    found = search.so_far(most=100)
    assert 0 < len(found) <= BEAM
    assert all(0 <= hypothesis.probability <= 1 for hypothesis in found)
    assert all(len(hypothesis.spans) == len(hypothesis.words) for hypothesis in found)


def test_digit_by_digit_a_word_of_another_number_is_other_speech() -> None:
    """Of frames that say "one fifty two" the digits are 12, and not all that was said, wherever the fifty is."""
    vocabulary = Vocabulary(("zero", "one", "two", "fifty"))
    said = {"fifty": 3, "one": 1, "two": 2, "other": 4, "-": 5}
    rows = np.full((6, 6), 0.004) + 0.98 * np.eye(6)

    def found(*words: str) -> tuple[str, float]:
        search = StringRules().search(vocabulary)
        search.push(rows[[said[word] for word in words]])
        best = StringRules().best(search, vocabulary, most=3)
        return StringRules().text(vocabulary, best[0].words), StringRules().complete(search, vocabulary, best)

    text, complete = found("-", "one", "-", "two", "-")
    assert text == "12"
    assert complete > 0.9
    for words in (("one", "-", "fifty", "-", "two"), ("fifty", "-", "one", "two"), ("one", "other", "two")):
        text, complete = found(*words)
        assert text == "12"
        assert complete < 0.05
    text, complete = found("other", "-", "one", "two", "other")  # "please"
    assert text == "12"
    assert complete > 0.9
    spoken = StringRules(numbers="spoken")
    search = spoken.search(vocabulary)
    search.push(rows[[said[word] for word in ("one", "-", "fifty", "two")]])
    assert spoken.text(vocabulary, spoken.best(search, vocabulary, most=1)[0].words) == "152"
