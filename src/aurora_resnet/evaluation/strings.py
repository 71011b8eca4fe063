"""What was heard beside what was said: the alignment with the fewest errors (Levenshtein)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class WordCounts:
    """Errors of one or more alignments; sums with ``+``.

    Attributes:
        said: words of the references.
        inserted: words heard that were not said.
        deleted: words said that were not heard.
        substituted: words said that were heard as another one.
    """

    said: int = 0
    inserted: int = 0
    deleted: int = 0
    substituted: int = 0

    def __add__(self, other: WordCounts) -> WordCounts:
        return WordCounts(
            self.said + other.said,
            self.inserted + other.inserted,
            self.deleted + other.deleted,
            self.substituted + other.substituted,
        )

    @property
    def right(self) -> int:
        """Words found."""
        return self.said - self.deleted - self.substituted

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of the words."""
        heard = self.said - self.deleted + self.inserted
        return 2 * self.right / (self.said + heard) if self.said + heard else 1.0


def align(said: Sequence[str], heard: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Return pairs of positions in what was said and heard, in order; ``None`` stands for an insertion or a deletion.

    Of alignments with equally few errors, the one that pairs words as late as it can.

    >>> align(["one", "two"], ["two"])
    [(0, None), (1, 0)]
    """
    cost = np.zeros((len(said) + 1, len(heard) + 1), dtype=np.int64)
    cost[:, 0], cost[0] = np.arange(len(said) + 1), np.arange(len(heard) + 1)
    for i, word in enumerate(said, 1):
        for j, other in enumerate(heard, 1):
            cost[i, j] = min(cost[i - 1, j - 1] + (word != other), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(said), len(heard)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (said[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def count_errors(said: Sequence[str], heard: Sequence[str]) -> WordCounts:
    """Count the errors of the alignment.

    >>> count_errors(["one", "two", "two"], ["one", "three", "two", "two"])
    WordCounts(said=3, inserted=1, deleted=0, substituted=0)
    """
    pairs = align(said, heard)
    return WordCounts(
        said=len(said),
        inserted=sum(i is None for i, _ in pairs),
        deleted=sum(j is None for _, j in pairs),
        substituted=sum(i is not None and j is not None and said[i] != heard[j] for i, j in pairs),
    )
