"""What a training can learn from besides clips that stay the same: fresh ones, of several sources, or in turns."""

from collections.abc import Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from torch.utils.data import DataLoader, Dataset

from aurora_resnet.clips.clip_set import ClipSet, join_clips

T = TypeVar("T")
BATCH = 64
#: Stands for a clip that was not made.
SILENCE = torch.zeros(1, dtype=torch.float32, device="cpu")


class ClipSource(Protocol):
    """Clips that are other ones in every epoch, as many in each."""

    @property
    def sample_rate(self) -> int:
        """Rate of the clips in Hz."""

    @property
    def has_negatives(self) -> bool:
        """Whether some clips are none of the words; their label is the number of words."""

    def __len__(self) -> int:
        """Return how many clips an epoch has."""

    def epoch(self, number: int) -> ClipSet:
        """Return the clips of an epoch, the same ones whenever they are asked for."""


@runtime_checkable
class PartialSource(ClipSource, Protocol):
    """A source that can make a part of an epoch, for one of several processes that share it."""

    def part(self, number: int, rows: Collection[int]) -> ClipSet:
        """Return an epoch's clips, as many as ever, of which those outside ``rows`` are silent and cost nothing."""


class RepeatedEpochs:
    """A few epochs of a source, kept in memory, which take turns.

    Where several trainings learn from the same clips, or making clips takes longer than learning from them, they are
    made once.

    Args:
        source: what makes the clips.
        distinct: how many epochs differ, at least 1.

    >>> from aurora_resnet.corpora.samples import read_samples
    >>> from aurora_resnet.clips.clip_set import load_clips
    >>> from aurora_resnet.runtime.models import load_model
    >>> clips = load_clips(read_samples().filter(speakers="samples/flite-awb"), load_model("compact").facts)
    >>> class Same:
    ...     sample_rate, has_negatives = 8000, False
    ...     __len__ = lambda self: len(clips)
    ...     epoch = lambda self, number: clips
    >>> len(JoinedClips([RepeatedEpochs(Same(), 2), Same()]).epoch(7))
    44
    """

    def __init__(self, source: ClipSource, distinct: int) -> None:
        self.source, self.distinct = source, distinct
        self.sample_rate, self.has_negatives = source.sample_rate, source.has_negatives
        self._made: dict[int, ClipSet] = {}

    def __len__(self) -> int:
        return len(self.source)

    def epoch(self, number: int) -> ClipSet:
        """Return the clips of an epoch; those of epoch ``number`` modulo ``distinct``."""
        turn = number % self.distinct
        if turn not in self._made:
            self._made[turn] = self.source.epoch(turn)
        return self._made[turn]


class JoinedClips:
    """Several sources of one format and vocabulary as one, one part after the other.

    Args:
        sources: at least one; the first gives the format.
    """

    def __init__(self, sources: Sequence[ClipSource]) -> None:
        self.sources, self.sample_rate = tuple(sources), sources[0].sample_rate
        self.has_negatives = any(source.has_negatives for source in sources)

    def __len__(self) -> int:
        return sum(map(len, self.sources))

    def epoch(self, number: int) -> ClipSet:
        """Return the clips of an epoch of all sources."""
        return join_clips([source.epoch(number) for source in self.sources])


def make_all(make: Callable[[int], T], rows: Sequence[int], workers: int) -> list[T]:
    """Return what is made for rows, in their order.

    Args:
        make: makes the thing of a row, the same one in every process.
        rows: numbers.
        workers: processes that make them; 0 makes them in this one.

    >>> make_all(abs, [-3, 1], workers=0)
    [3, 1]
    """
    batches = DataLoader(_Rows(make, rows), batch_size=BATCH, num_workers=workers, collate_fn=list)
    return [made for batch in batches for made in batch]


class _Rows(Dataset[T], Generic[T]):
    def __init__(self, make: Callable[[int], T], rows: Sequence[int]) -> None:
        self.make, self.rows = make, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> T:
        return self.make(self.rows[index])
