"""``SegmentSearch`` against trying every sequence of segments."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.streaming.segment_search import Segment, SegmentSearch

LONGEST = 4


def decide(segments: list[Segment], steps: int, patience: int = 1000) -> tuple[list[Segment], list[tuple[int, int]]]:
    """Return the decided segments, and when each was decided: (its end, the step)."""
    search = SegmentSearch(patience)
    decided, times = [], []
    for end in range(1, steps + 1):
        new = search.advance([segment for segment in segments if segment.end == end], range(end + 1 - LONGEST, end))
        decided += new
        times += [(segment.end, end) for segment in new]
    return decided + search.finish(), times


def best_total(segments: list[Segment]) -> float:
    """Try every subset of the segments."""
    best = 0.0
    for count in range(1, len(segments) + 1):
        for chosen in itertools.combinations(segments, count):
            ordered = sorted(chosen, key=lambda segment: segment.start)
            if all(a.end <= b.start for a, b in itertools.pairwise(ordered)):
                best = max(best, sum(segment.gain for segment in chosen))
    return best


segment_lists = st.lists(
    st.builds(
        lambda start, length, gain: Segment(start, start + length, gain / 64),  # sums without rounding
        st.integers(0, 12),
        st.integers(1, LONGEST),
        st.integers(-8, 64),
    ),
    max_size=9,
)


@settings(max_examples=25, deadline=None)
@given(segments=segment_lists)
def test_early_decisions_make_up_the_best_sequence_of_the_whole(segments: list[Segment]) -> None:
    decided, _ = decide(segments, steps=16)
    assert all(a.end <= b.start for a, b in itertools.pairwise(decided))
    assert set(decided) <= set(segments)
    assert sum(segment.gain for segment in decided) == best_total(segments)


@settings(max_examples=25, deadline=None)
@given(segments=segment_lists, patience=st.integers(1, 4))
def test_patience_bounds_the_wait_and_keeps_segments_apart(segments: list[Segment], patience: int) -> None:
    decided, times = decide(segments, steps=16, patience=patience)
    assert all(a.end <= b.start for a, b in itertools.pairwise(decided))
    assert all(step - end <= patience for end, step in times)


def test_three_equal_words_in_a_row_stay_three() -> None:
    words = [Segment(start, start + 3, 1.0, word=2) for start in (0, 3, 6)]
    assert decide(words, steps=9)[0] == words


def test_one_long_word_and_two_short_ones_compete() -> None:
    long, first, second = Segment(0, 4, 1.0), Segment(0, 2, 0.6), Segment(2, 4, 0.3)
    assert decide([long, first, second], steps=4)[0] == [long]
    better = Segment(2, 4, 0.5)
    assert decide([long, first, better], steps=4)[0] == [first, better]


def test_where_nothing_later_can_begin_within_a_word_it_is_decided_at_once() -> None:
    search = SegmentSearch(patience=1000)
    word = Segment(0, 1, 1.0)
    assert search.advance([word], starts=[0]) == []
    assert search.advance([], starts=[]) == [word]
