"""Fresh clips of several sources as one, and fresh clips of which a few epochs take turns."""

from collections.abc import Sequence

from aurora_resnet.clips.clip_set import ClipSet, join_clips
from aurora_resnet.clips.source import ClipSource


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
