"""What became of every tensor when the weights of another training were loaded."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


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


def misfits(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Return what keeps tensors from being loaded in the place of a network's own.

    >>> import torch
    >>> misfits({"a": torch.zeros(2), "b": torch.zeros(1)}, {"a": torch.zeros(3), "c": torch.zeros(1)})
    ['b is missing', 'a has shape [3], expected [2]', 'c is unexpected']
    """
    missing = [f"{name} is missing" for name in own if name not in given]
    shapes = [(name, list(given[name].shape), list(tensor.shape)) for name, tensor in own.items() if name in given]
    wrong = [f"{name} has shape {came}, expected {expected}" for name, came, expected in shapes if came != expected]
    return [*missing, *wrong, *(f"{name} is unexpected" for name in given if name not in own)]
