r"""The best sequence of segments that do not overlap, decided as early as it is certain.

Time runs in steps. A segment :math:`s = [a, b)` is worth its gain :math:`g(s)`, what lies between segments is worth
nothing, so the best value up to step :math:`t` is (Viterbi, 1967)

.. math::

    V(t) = \max\Big(V(t - 1), \; \max_{s = [a, t)} V(a) + g(s)\Big), \qquad V(0) = 0

Every way goes on from one of the steps at which a later segment may still begin. What the best ways to all of those
have in common at their beginning will be part of the best sequence whatever comes, and is decided (Brown, Spohrer,
Hochschild and Baker, *Partial traceback and dynamic programming*, 1982). Nothing is lost by deciding so early: the
decisions are those of the whole stream at once. Only where a decision is due after ``patience`` steps, the best way so
far decides.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True)
class Segment:
    """A word that may have been spoken from step ``start`` to before step ``end``.

    Attributes:
        start: first step.
        end: the step after the last one.
        gain: what it is worth; segments of 0 and less are never chosen.
        word: class index.
        confidence: of the word, 0 to 1; not used in the search.
    """

    start: int
    end: int
    gain: float
    word: int = 0
    confidence: float = 0.0


Way = tuple[Segment, ...]


class SegmentSearch:
    """Find the best sequence of segments while they come in.

    Args:
        patience: steps after the end of a segment at which it is decided at the latest.

    >>> search = SegmentSearch(patience=100)
    >>> long, short = Segment(0, 2, gain=1.0), Segment(0, 1, gain=0.7)
    >>> search.advance([short], starts=[0])
    []
    >>> [segment.gain for segment in search.advance([long], starts=[])]
    [1.0]
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.step = 0
        self._ways: dict[int, tuple[float, Way]] = {0: (0.0, ())}  # by the step where they end; without decided parts

    def advance(self, segments: Sequence[Segment], starts: Collection[int]) -> list[Segment]:
        """Go on by one step and return what is decided thereby, in order.

        Args:
            segments: all that end at the new step and begin at one of the ``starts`` of the call before, or at the step
                before the new one.
            starts: the earlier steps, all of them among those of the call before or the step before the new one, at
                which later segments may begin; those that begin at the new step or after it need not be named.
        """
        best = self._ways[self.step]
        for segment in segments:
            way = self._ways.get(segment.start)  # a way that the patience cut off is not there any more
            if way is not None and way[0] + segment.gain > best[0]:
                best = (way[0] + segment.gain, (*way[1], segment))
        self.step += 1
        self._ways = {step: way for step, way in self._ways.items() if step in starts}
        self._ways[self.step] = best
        self._cut(tuple(segment for segment in best[1] if segment.end <= self.step - self.patience))
        return self._decide(_common_start([way for _, way in self._ways.values()]))

    def finish(self) -> list[Segment]:
        """Return the rest of the best sequence; there is nothing more to come."""
        return self._decide(len(self._ways[self.step][1]))

    def _cut(self, due: Way) -> None:
        """Drop the ways that do not begin with what is due, or hold something else that old."""
        latest = self.step - self.patience
        self._ways = {
            step: (value, way)
            for step, (value, way) in self._ways.items()
            if way[: len(due)] == due and all(segment.end > latest for segment in way[len(due) :])
        }

    def _decide(self, count: int) -> list[Segment]:
        """Take the first ``count`` segments, common to all ways that are left, off."""
        decided = self._ways[self.step][1][:count]
        gain = sum(segment.gain for segment in decided)
        self._ways = {
            step: (value - gain, way[count:]) for step, (value, way) in self._ways.items() if way[:count] == decided
        }
        return list(decided)


def _common_start(ways: Sequence[Way]) -> int:
    """Return how many segments all ways have in common at their beginning."""
    alike = (all(segment == segments[0] for segment in segments) for segments in zip(*ways, strict=False))
    return sum(takewhile(bool, alike))
