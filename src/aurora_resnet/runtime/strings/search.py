r"""Which strings of words were said, and how probable each is: prefix search over the frames of a CTC network.

A path names a unit for each frame. Runs of one unit are one, and everything but the words of the vocabulary (the blank,
other speech) only separates, so many paths say one string. With :math:`b_t(s)` the probability of all paths up to frame
``t`` that say the string :math:`s` and end in a separator, :math:`w_t(s)` of those that end in its last word :math:`k`,
and :math:`p_t` the frame's probabilities (:math:`p_t(-)` all separators together),

.. math::

    b_t(s) &= p_t(-) \, (b_{t-1}(s) + w_{t-1}(s))  \\
    w_t(s) &= p_t(k) \, (w_{t-1}(s) + b_{t-1}(s') + w_{t-1}(s') \, [k' \ne k]), \qquad s = s' k

where :math:`k'` is the last word of :math:`s'` (A. Graves, *Supervised Sequence Labelling with Recurrent Neural
Networks*, 2012, section 7.5.3). :math:`b_T(s) + w_T(s)` is the posterior of the string: lost and added words are among
its rivals. Only the most probable strings are kept.

Other speech separates words too, but a number in which other words were said is not the number of its digits; see
``completeness``.
"""

import heapq
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..errors import ConfigError
from .completeness import completeness

Words = tuple[int, ...]
Spans = tuple[tuple[int, int], ...]
Frames = npt.NDArray[np.float64]

#: A word that is less probable in a frame does not begin there; the lower one where a length is asked for.
LEAST_PROBABILITY, LEAST_OF_LENGTH = 1e-3, 1e-4
#: A string that is less probable than the best one by so much is dropped; the lower one where a length is asked for.
LEAST_SHARE, LEAST_SHARE_OF_LENGTH = 1e-5, 1e-7
#: Strings kept; of each length, where one is asked for.
BEAM, BEAM_OF_LENGTH = 24, 8
#: We assume that one speaker of ten says something else than a string of the length, or with the check digit, that is
#: asked for. A string that is possible only because it is asked for is not certain for that reason.
OTHERWISE = 0.1
#: Below this all probabilities are divided by the largest one.
SMALL = 1e-100
#: Longest string; a longer one is cut by whoever feeds the search.
WORDS_AT_A_TIME = 64


@dataclass(frozen=True)
class Hypothesis:
    """A string that may have been said.

    Attributes:
        words: its words, as indices.
        probability: posterior of the string, 0 to 1.
        spans: first frame and frame behind the last of each word, along the most probable path.
    """

    words: Words
    probability: float
    spans: Spans

    def later(self, frames: int) -> "Hypothesis":
        """Return the same string of a search that began so many frames earlier."""
        return replace(self, spans=tuple((start + frames, end + frames) for start, end in self.spans))


class _Node:
    """A string while frames come in: all paths that say it together, and the best one of each kind.

    Attributes:
        words: the string.
        separated: probability of all paths that end in a separator.
        inside: of all paths that end in the last word.
        best_separated: of the best path that ends in a separator, and ``spans`` of its words.
        best_inside: of the best path that ends in the last word, which began at frame ``start`` after ``before``.
    """

    __slots__ = ("before", "best_inside", "best_separated", "inside", "separated", "spans", "start", "words")

    def __init__(self, words: Words) -> None:
        self.words = words
        self.separated = self.inside = self.best_separated = self.best_inside = 0.0
        self.spans: Spans = ()
        self.before: Spans = ()
        self.start = 0

    @property
    def total(self) -> float:
        return self.separated + self.inside

    def best_spans(self, now: int) -> Spans:
        """Return where the words lie along the best path up to frame ``now``."""
        if self.best_separated >= self.best_inside:
            return self.spans
        return (*self.before, (self.start, now))

    def scale(self, all_paths: float, best_path: float) -> None:
        """Multiply the probabilities of the sums, and those of the best paths."""
        self.separated *= all_paths
        self.inside *= all_paths
        self.best_separated *= best_path
        self.best_inside *= best_path


@dataclass
class PrefixSearch:
    """Search strings while the frames come in.

    Args:
        words: how many words are looked for, the first ones of the vocabulary.
        lengths: numbers of words that a string may have; any if ``None``.
        beam: strings kept; of each length, where one is asked for. ``BEAM`` or ``BEAM_OF_LENGTH`` if not given.
        begins: tells whether a possible string begins so; only such strings are looked for.

    >>> search = PrefixSearch(words=2)
    >>> search.push(np.array([[0.9, 0.05, 0.05], [0.1, 0.0, 0.9], [0.8, 0.1, 0.1]]))
    >>> best = search.best()[0]
    >>> best.words, round(best.probability, 3)
    ((0, 0), 0.648)
    """

    words: int
    lengths: Collection[int] | None = None
    beam: int = 0
    begins: Callable[[Words], bool] | None = None
    frame: int = 0
    _nodes: dict[Words, _Node] = field(default_factory=dict)
    _frames: list[Sequence[float]] = field(default_factory=list)
    #: Logarithm of what the sums were divided by, so that hours do not become too small to compute.
    _log_kept: float = 0.0
    #: Words at the beginning that all strings have.
    _committed: int = 0

    def __post_init__(self) -> None:
        self.beam = self.beam or (BEAM if self.lengths is None else BEAM_OF_LENGTH)
        if self.words < 1 or self.beam < 1:
            raise ConfigError(f"words and beam must be at least 1, got {self.words} and {self.beam}")
        if self.lengths is not None and (not self.lengths or min(self.lengths) < 0):
            raise ConfigError(f"lengths must name at least one number of words, 0 or more, got {set(self.lengths)}")
        empty = self._nodes[()] = _Node(())
        empty.separated = empty.best_separated = 1.0

    @property
    def longest(self) -> int:
        """Most words of a string."""
        return WORDS_AT_A_TIME if self.lengths is None else max(self.lengths)

    def push(self, frames: npt.ArrayLike) -> None:
        """Go on with frames.

        Args:
            frames: probabilities ``[T, words + 2]`` that sum to 1: of the words, of other speech, of neither. With one
                column behind the words no other speech is known; further ones, behind the words, are words that
                are other speech in this search.
        """
        for row in np.asarray(frames, dtype=np.float64):
            self._advance(row.tolist())

    def best(self, check: Callable[[Words], bool] | None = None, *, most: int = 10) -> list[Hypothesis]:
        """Return the most probable strings, the best one first, if nothing follows.

        Args:
            check: which strings are possible at all; all if not given.
            most: how many at most.

        Returns:
            Strings of the possible lengths that pass the check. Their probabilities are those among all strings, of
            which those that should not be possible count ``OTHERWISE`` of what they are recognised as.
        """
        if self.lengths is None and check is None and self.begins is None:
            return self.so_far(most=most)
        possible = [
            node
            for node in self._nodes.values()
            if (self.lengths is None or len(node.words) in self.lengths) and (check is None or check(node.words))
        ]
        kept = math.exp(self._log_kept)
        share = kept * sum(node.total for node in possible)
        return self._hypotheses(possible, kept / (share + OTHERWISE * (1 - share)), most)

    def so_far(self, *, most: int = 10) -> list[Hypothesis]:
        """Return the most probable strings, the best one first, whatever follows: of any length that may still grow.

        Their probabilities are those among all strings, also those that were dropped.
        """
        return self._hypotheses(self._nodes.values(), math.exp(self._log_kept), most)

    def complete(self, string: Hypothesis, *, beside: bool = True) -> float:
        """Return the probability that nothing but the words of a string was said with it; see ``completeness``."""
        return completeness(np.array(self._frames), self.words, string.words, string.spans, beside=beside)

    def stable(self, *shares: float) -> list[Words]:
        """Return, for each share of the probability, the longest beginning that so much of it has in common."""
        beginnings: dict[Words, float] = {}
        whole = 0.0
        for node in self._nodes.values():
            total, words = node.separated + node.inside, node.words
            whole += total
            for length in range(max(1, self._committed), len(words) + 1):
                beginning = words[:length]
                beginnings[beginning] = beginnings.get(beginning, 0.0) + total
        return [
            max((beginning for beginning, mass in beginnings.items() if mass >= share * whole), key=len, default=())
            for share in shares
        ]

    def commit(self, words: Words) -> None:
        """Keep only strings that begin with these words, one of which there must be."""
        self._nodes = {key: node for key, node in self._nodes.items() if key[: len(words)] == words}
        self._committed = len(words)

    def _advance(self, row: Sequence[float]) -> None:
        separator, now = sum(row[self.words :]), self.frame
        self._frames.append(row)
        least = LEAST_PROBABILITY if self.lengths is None else LEAST_OF_LENGTH
        likely = [(word, row[word]) for word in range(self.words) if row[word] > least]
        after: dict[Words, _Node] = {}
        for node in self._nodes.values():
            words, total = node.words, node.separated + node.inside
            kept = after.get(words)
            if kept is None:
                kept = after[words] = _Node(words)
            kept.separated = separator * total
            best, spans = max(node.best_separated, node.best_inside), node.best_spans(now)
            kept.best_separated, kept.spans = separator * best, spans
            last = words[-1] if words else -1
            if words:
                stays = row[last]
                kept.inside += stays * node.inside
                if stays * node.best_inside > kept.best_inside:
                    kept.best_inside, kept.start, kept.before = stays * node.best_inside, node.start, node.before
            if not likely or len(words) == self.longest:
                continue
            for word, probability in likely:
                again = word == last  # without a separator between, it would be one word
                from_all = node.separated if again else total
                if from_all <= 0.0 or not (self.begins is None or self.begins((*words, word))):
                    continue
                longer = after.get((*words, word))
                if longer is None:
                    longer = after[*words, word] = _Node((*words, word))
                longer.inside += probability * from_all
                begins = probability * (node.best_separated if again else best)
                if begins > longer.best_inside:
                    longer.best_inside, longer.start, longer.before = begins, now, node.spans if again else spans
        self._nodes = self._pruned(after)
        self.frame += 1

    def _pruned(self, nodes: dict[Words, _Node]) -> dict[Words, _Node]:
        """Keep the best ones, where a length is asked for the best of each."""
        ranked = sorted(nodes.values(), key=lambda node: -(node.separated + node.inside))
        most = ranked[0].total
        best = max(ranked[0].best_separated, ranked[0].best_inside)
        if most < SMALL or best < SMALL:
            best = max(max(node.best_separated, node.best_inside) for node in ranked) or 1.0
            for node in ranked:
                node.scale(1 / most, 1 / best)
            self._log_kept += math.log(most)
            most = 1.0
        if self.lengths is None:
            least = most * LEAST_SHARE
            return {node.words: node for node in ranked[: self.beam] if node.separated + node.inside > least}
        least = most * LEAST_SHARE_OF_LENGTH
        room = [self.beam] * (self.longest + 1)
        kept: dict[Words, _Node] = {}
        for node in ranked:
            if node.separated + node.inside <= least:
                break
            if room[len(node.words)]:
                room[len(node.words)] -= 1
                kept[node.words] = node
        return kept

    def _hypotheses(self, nodes: Iterable[_Node], factor: float, most: int) -> list[Hypothesis]:
        best = heapq.nlargest(most, nodes, key=lambda node: node.separated + node.inside)
        return [
            Hypothesis(node.words, node.total * factor, node.best_spans(self.frame)) for node in best if node.total > 0
        ]
