"""What a training can learn from besides clips that stay the same."""

from __future__ import annotations

from typing import Protocol

from aurora_resnet.clips.clip_set import ClipSet


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
