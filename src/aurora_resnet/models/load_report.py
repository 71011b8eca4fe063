"""What became of every tensor when the weights of another training were loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadReport:
    """What became of every tensor.

    Attributes:
        source: file, shipped name or weight name.
        matched: copied as they are.
        adapted: copied after a change of shape: the stem's kernels summed over RGB, the rows of words that both know.
        new: in the network only, trained from scratch, as the head for new words is.
        dropped: in the file only, as the ImageNet classifier and stages that this network does not have.

    >>> str(LoadReport("compact", ("stem",), (), ("head",), ()))
    'compact: 1 tensors matched, 0 adapted, 1 new, 0 dropped'
    """

    source: str
    matched: tuple[str, ...]
    adapted: tuple[str, ...]
    new: tuple[str, ...]
    dropped: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.source}: {len(self.matched)} tensors matched, {len(self.adapted)} adapted, "
            f"{len(self.new)} new, {len(self.dropped)} dropped"
        )
