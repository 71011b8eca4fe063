"""What a training can learn from besides clips that stay the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

import torch

from aurora_resnet.clips.clip_set import ClipSet

SILENCE = torch.zeros(1, dtype=torch.float32, device="cpu")
"""Stands for a clip that was not made."""


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
