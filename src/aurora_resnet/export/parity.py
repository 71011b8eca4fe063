"""Whether an exported file answers as its network does; asked before it gets its name.

In float32 the probabilities may differ by 1e-4 at most, on audio, batch sizes and pieces that the exporter never saw.
In int8 they cannot be that near; there the words count, on voices that the quantisation was not made with, clean and in
noise: the accuracy on words of the vocabulary may fall by half a point, and where the network is sure no more than one
answer in two hundred may change. Of few recordings chance is allowed for, see ``more_than``.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from aurora_resnet.evaluation.strings import WordCounts, score_strings
from aurora_resnet.runtime.errors import ExportError

#: Of probabilities in float32.
LARGEST_DIFFERENCE = 1e-4
ACCURACY_LOSS = 0.005
CHANGED_WORDS = 0.005
#: Probability from which the network is sure of an answer.
SURE = 0.9
#: Standard deviations of a count that chance may add.
CHANCE = 2.0

#: The words of a clip; ``None`` where the model does not know them all.
Said = tuple[str, ...] | None


@dataclass(frozen=True)
class Outputs:
    """What a network, or a file, makes of ``n`` clips.

    Attributes:
        probabilities: of the words, or of the words in every frame, ``[n, ...]``.
        words: of the best answer to each clip.
        confidence: its probability, ``[n]``.
    """

    probabilities: npt.NDArray[Any]
    words: Sequence[tuple[str, ...]]
    confidence: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parity:
    """How far the answers of a file are from those of its network.

    Attributes:
        clips: compared.
        largest_difference: of a probability.
        changed_words: clips whose answer is another one, among those of which the network is sure.
        sure: how many these are.
        errors: of the network, on clips whose words are known.
        file_errors: of the file.
    """

    clips: int
    largest_difference: float
    changed_words: int
    sure: int
    errors: WordCounts
    file_errors: WordCounts

    @classmethod
    def of(cls, network: Outputs, file: Outputs, said: Sequence[Said]) -> Self:
        """Count the differences of two answers to the same clips; ``said`` has the words of each."""
        sure = network.confidence >= SURE
        changed = np.array([before != after for before, after in zip(network.words, file.words, strict=True)])
        errors, file_errors = (
            score_strings((known, found) for known, found in zip(said, each.words, strict=True) if known is not None)
            for each in (network, file)
        )
        return cls(
            clips=len(said),
            largest_difference=float(np.abs(network.probabilities - file.probabilities).max()),
            changed_words=int((changed & sure).sum()),
            sure=int(sure.sum()),
            errors=errors,
            file_errors=file_errors,
        )

    @property
    def labelled(self) -> int:
        """Words of the clips whose words are known."""
        return self.errors.said

    @property
    def changed(self) -> float:
        """Share of the clips whose answer is another one, among those of which the network is sure."""
        return self.changed_words / self.sure if self.sure else 0.0

    @property
    def accuracy(self) -> float:
        """Word accuracy of the network, at most 1; NaN if no word is known."""
        return 1 - self.errors.error_rate

    @property
    def accuracy_loss(self) -> float:
        """By how much that of the file is lower, below 0 where it is higher."""
        return self.file_errors.error_rate - self.errors.error_rate

    def __str__(self) -> str:
        accuracy = (
            f"accuracy on {self.labelled} known words {self.accuracy:.2%}, exported "
            f"{self.accuracy - self.accuracy_loss:.2%}"
            if self.labelled
            else "no word among them that the model knows"
        )
        return (
            f"{self.clips} clips: largest difference of a probability {self.largest_difference:.1e}, answers changed "
            f"{self.changed:.2%} where sure, {accuracy}"
        )

    def check(self, *, int8: bool) -> None:
        """Raise ``ExportError`` if they are too far apart; ``int8`` says which rule holds."""
        lost = more_than(ACCURACY_LOSS, self.file_errors.errors - self.errors.errors, self.labelled)
        if int8 and (lost or more_than(CHANGED_WORDS, self.changed_words, self.sure)):
            raise ExportError(
                f"in int8 the model answers too differently ({self}); quantise with more recordings (--recordings), "
                "or export it without --int8"
            )
        if not int8 and not self.largest_difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"the exported graph answers too differently ({self}; allowed is {LARGEST_DIFFERENCE:g}); nothing was "
                "written. Its front end or network has a part that the export does not know"
            )


def in_turn(total: int, sizes: Sequence[int]) -> Iterator[slice]:
    """Divide so many things into pieces whose sizes take turns.

    >>> list(in_turn(6, (1, 3)))
    [slice(0, 1, None), slice(1, 4, None), slice(4, 5, None), slice(5, 6, None)]
    """
    start = 0
    for size in cycle(sizes):
        if start >= total:
            return
        yield slice(start, min(start + size, total))
        start += size


def more_than(share: float, count: int, of: int) -> bool:
    """Say whether a count shows that more than a share is lost, or may be chance.

    A model that loses the share ``s`` of ``n`` clips loses ``n s`` of them on average, with a standard deviation of
    ``sqrt(n s)`` (Poisson). What lies within two of these above the mean may happen to any such model.

    Args:
        share: allowed, 0 to 1.
        count: clips lost; below 0 if some were won.
        of: so many clips.

    >>> [more_than(0.005, count, 300) for count in (2, 3, 4, 5)], more_than(0.005, 130, 20_000)
    ([False, False, True, True], True)
    """
    return count > max(1.0, of * share + CHANCE * math.sqrt(of * share))
