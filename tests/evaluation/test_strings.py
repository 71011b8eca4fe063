"""The alignment with which ``benchmarks/streaming.py`` counts, against the recursive definition of Levenshtein."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

strings = st.lists(st.sampled_from("ab"), max_size=6).map(tuple)


@pytest.fixture(scope="module")
def alignment() -> Any:
    return importlib.import_module("aurora_resnet.evaluation.strings")


@cache
def distance(said: tuple[str, ...], heard: tuple[str, ...]) -> int:
    if not said or not heard:
        return len(said) + len(heard)
    changed = distance(said[1:], heard[1:]) + (said[0] != heard[0])
    return min(changed, distance(said[1:], heard) + 1, distance(said, heard[1:]) + 1)


@given(said=strings, heard=strings)
def test_no_alignment_has_fewer_errors_and_every_word_is_in_it_once(
    alignment: Any, said: tuple[str, ...], heard: tuple[str, ...]
) -> None:
    pairs = alignment.align(said, heard)
    assert [i for i, _ in pairs if i is not None] == list(range(len(said)))
    assert [j for _, j in pairs if j is not None] == list(range(len(heard)))
    counts = alignment.count_errors(said, heard)
    assert counts.inserted + counts.deleted + counts.substituted == distance(said, heard)
    assert counts.said - counts.deleted + counts.inserted == len(heard)


def test_f1_is_the_harmonic_mean_of_precision_and_recall(alignment: Any) -> None:
    counts = alignment.count_errors(("a", "b", "c"), ("a", "c", "c", "d")) + alignment.WordCounts(said=1, deleted=1)
    recall, precision = 2 / 4, 2 / 4
    assert counts.right == 2
    assert counts.f1 == pytest.approx(2 * precision * recall / (precision + recall))
