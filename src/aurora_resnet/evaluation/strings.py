r"""Strings of words: what was recognised beside what was said.

The two are aligned with the fewest errors (V. Levenshtein, *Binary codes capable of correcting deletions, insertions,
and reversals*, 1966). Of ``N`` words said, ``D`` were left out, ``S`` were recognised as another one, and ``I`` words
were recognised that are not said. The word error rate is

.. math:: \mathrm{WER} = \frac{S + D + I}{N}.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from operator import add

import numpy as np

from aurora_resnet.runtime.errors import ConfigError


@dataclass(frozen=True)
class WordCounts:
    """Errors of one alignment, or of several; sums with ``+``.

    Attributes:
        said: words that were said.
        inserted: words recognised that were not said.
        deleted: words said that were left out.
        substituted: words said that were recognised as another one.

    >>> WordCounts(said=10, inserted=1, deleted=2) + WordCounts(said=10, substituted=1)
    WordCounts(said=20, inserted=1, deleted=2, substituted=1)
    """

    said: int = 0
    inserted: int = 0
    deleted: int = 0
    substituted: int = 0

    def __add__(self, other: WordCounts) -> WordCounts:
        return WordCounts(*map(add, astuple(self), astuple(other)))

    def by_name(self) -> dict[str, int]:
        """Return the counts by the names that tables give them."""
        shown = {"words": self.said, "substituted": self.substituted}
        return {**shown, "deleted": self.deleted, "inserted": self.inserted}

    @property
    def recognised(self) -> int:
        """Words that were recognised, right or wrong."""
        return self.said - self.deleted + self.inserted

    @property
    def right(self) -> int:
        """Words said that were recognised as themselves."""
        return self.said - self.deleted - self.substituted

    @property
    def errors(self) -> int:
        """All of them together."""
        return self.inserted + self.deleted + self.substituted

    @property
    def error_rate(self) -> float:
        """The word error rate: 0 for no error, above 1 where more is inserted than said; NaN if nothing was said."""
        return self.errors / self.said if self.said else math.nan

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of the words, 0 to 1; 1 where nothing was said or recognised."""
        return 2 * self.right / (self.said + self.recognised) if self.said + self.recognised else 1.0


def align(said: Sequence[str], recognised: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Pair the words of two strings with the fewest errors.

    Args:
        said: the words of the reference.
        recognised: the words that were recognised.

    Returns:
        Pairs of positions in ``said`` and ``recognised``, in order; ``None`` stands for an insertion or a deletion. Of
        alignments with equally few errors, the one that pairs words as late as it can.

    Raises:
        ConfigError: for a text instead of a list of words.

    >>> align(["one", "two"], ["two"])
    [(0, None), (1, 0)]
    """
    for words in (said, recognised):
        if isinstance(words, str):
            raise ConfigError(f"an alignment takes lists of words, got the text {words!r:.60}; split it first")
    cost = np.zeros((len(said) + 1, len(recognised) + 1), dtype=np.int64)
    cost[:, 0], cost[0] = np.arange(len(said) + 1), np.arange(len(recognised) + 1)
    for i, word in enumerate(said, 1):
        for j, other in enumerate(recognised, 1):
            cost[i, j] = min(cost[i - 1, j - 1] + (word != other), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(said), len(recognised)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (said[i - 1] != recognised[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def count_errors(said: Sequence[str], recognised: Sequence[str]) -> WordCounts:
    """Count the errors of the alignment of two strings; arguments and errors as ``align``.

    >>> count_errors(["one", "two", "two"], ["one", "three", "two", "two"])
    WordCounts(said=3, inserted=1, deleted=0, substituted=0)
    """
    pairs = align(said, recognised)
    return WordCounts(
        said=len(said),
        inserted=sum(i is None for i, _ in pairs),
        deleted=sum(j is None for _, j in pairs),
        substituted=sum(i is not None and j is not None and said[i] != recognised[j] for i, j in pairs),
    )


def score_strings(strings: Iterable[tuple[Sequence[str], Sequence[str]]]) -> WordCounts:
    """Count the errors of many strings together, each a pair of what was said and what was recognised.

    >>> score_strings([(["one", "two"], ["one"]), (["three"], ["three"])]).error_rate.__round__(3)
    0.333
    """
    return sum((count_errors(said, recognised) for said, recognised in strings), start=WordCounts())
