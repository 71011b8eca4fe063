r"""A second look: a finished string is read once more, as a whole, by a model that looks ahead.

What a stream's model knows of a string, it has to know as it comes. A slower model that sees the whole stretch is right
more often, and the two err differently. With their posteriors :math:`p` and :math:`q` of the strings that either finds
possible, as if they were independent,

.. math:: P(s) = \frac{p(s)^{1 - w} \, q(s)^{w}}{\sum_{s'} p(s')^{1 - w} \, q(s')^{w}}

where a string that one of them does not name has ``UNNAMED`` of its probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..audio.waveform import Samples
from ..errors import ConfigError
from ..models.strings import SequenceFacts, StringModel
from .answer import RIVALS
from .reading import read_strings
from .rules import StringRules
from .search import Hypothesis

UNNAMED = 1e-6
WEIGHT = 0.7
"""Of the second look."""
BEFORE_SECONDS = 1.2
"""Of the stream before the frame in which the first model tells the first word, up to half a second after it began."""


@dataclass
class SecondLook:
    """Read finished strings with a model beside a stream's own.

    Args:
        model: that looks; its words and steps are those of the stream's model. It may know more words behind them, of
            which a string that has one is told by this look alone.
        samples: steps of the stream at the model's rate, some before the search began and all since.
        known: words of the stream's model.
        before: how many before.
    """

    model: StringModel
    samples: list[Samples]
    known: int
    before: int = 0

    @classmethod
    def beside(cls, model: StringModel, first: SequenceFacts) -> SecondLook:
        """Return a second look at what a model recognises.

        Raises:
            ConfigError: if the two have other words, rates or steps.
        """
        second, known = model.facts, len(first.vocabulary)
        different = [name for name in ("sample_rate", "step_samples") if getattr(first, name) != getattr(second, name)]
        if second.vocabulary.words[:known] != first.vocabulary.words:
            different = ["vocabulary"]
        if different:
            raise ConfigError(f"{second.name} cannot look at what {first.name} finds: their {different[0]} differ")
        return cls(model, [], known)

    @property
    def _reach(self) -> int:
        return round(BEFORE_SECONDS / self.model.facts.step_seconds)

    def begin(self, *, anew: bool) -> None:
        """Go on with another search; ``anew`` behind a finished string, of which nothing may be read again."""
        self.samples = [] if anew else self.samples[-self._reach :]
        self.before = len(self.samples)

    def at(
        self, found: Sequence[Hypothesis], rules: StringRules, *, alone: bool = False
    ) -> tuple[list[Hypothesis], float]:
        """Return the strings of both, and how surely no other words are among them.

        Args:
            found: by the first model; its spans count from the first of ``samples``.
            rules: of what is possible.
            alone: whether this look tells the string, of all samples, and the first model only that there is one.
        """
        first = min((h.spans[0][0] for h in found if h.spans), default=0) + self.before
        start = 0 if alone else max(0, first - self._reach)
        looked, complete = read_strings(self.model, np.concatenate(self.samples[start:]), rules)
        offset = start - self.before
        moved = [replace(h, spans=tuple((begin + offset, end + offset) for begin, end in h.spans)) for h in looked]
        if alone or (moved and max(moved[0].words, default=0) >= self.known):
            return moved, complete
        return joined(found, moved), complete


def joined(first: Sequence[Hypothesis], second: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return the strings of two looks, the most probable one first; each lies where the second look finds it.

    >>> one = [Hypothesis((1,), 0.6, ((0, 5),)), Hypothesis((2,), 0.4, ((0, 5),))]
    >>> two = [Hypothesis((2,), 0.9, ((1, 6),)), Hypothesis((1,), 0.05, ((1, 6),))]
    >>> [(h.words, round(h.probability, 2)) for h in joined(one, two)]
    [((2,), 0.87), ((1,), 0.13)]
    """
    by_words = {h.words: h for h in (*first, *second)}
    before, after = ({h.words: h.probability for h in each} for each in (first, second))
    logs = {
        words: (1 - WEIGHT) * math.log(max(before.get(words, 0), UNNAMED))
        + WEIGHT * math.log(max(after.get(words, 0), UNNAMED))
        for words in by_words
    }
    whole = sum(map(math.exp, logs.values()))
    best = [replace(by_words[words], probability=math.exp(log) / whole) for words, log in logs.items()]
    return sorted(best, key=lambda hypothesis: -hypothesis.probability)[:RIVALS]
