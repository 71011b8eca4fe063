"""Processes that train one network together, as ``torchrun`` starts them: who does which part of a batch.

All processes draw the same random numbers and so know the whole batch; each computes its part, gradients are summed by
``DistributedDataParallel``, and so the weights stay the same everywhere and are those of one process with that batch,
but for rounding, for dropout, whose masks differ, and for BatchNorms, each of which sees the part of its process.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

#: How long a process waits for another one, which may be making an epoch's clips.
PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        rank: number of this process, from 0.
        count: of the processes.

    >>> Ranks().share(5), Ranks(1, 2).share(5)
    (slice(0, 5, None), slice(3, 5, None))
    """

    rank: int = 0
    count: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Ranks:
        """Return this process's place, and join the rest if ``torchrun`` started several.

        Args:
            device: processes on CUDA devices communicate by NCCL, all else by Gloo.
        """
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this is the one process that writes files and shows progress."""
        return self.rank == 0

    def share(self, length: int) -> slice:
        """Return which of the clips of a batch are this process's; shares differ by one clip at most."""
        part, rest = divmod(length, self.count)
        start = self.rank * part + min(self.rank, rest)
        return slice(start, start + part + (self.rank < rest))

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes; the tensor given may be changed."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def from_first(self, value: str) -> str:
        """Return the value of the first process, in all of them."""
        if self.count == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values)
        return values[0]

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return a network whose gradients are the means over all processes; frozen parts must be frozen before."""
        if self.count == 1:
            return network
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch 2.14 renames it, 2.11 does not know that
            parallel: nn.Module = nn.parallel.DistributedDataParallel(network)
        return parallel

    @staticmethod
    def leave() -> None:
        """Leave the process group, when all is done."""
        if distributed.is_initialized():
            distributed.destroy_process_group()


def local_device(device: torch.device) -> torch.device:
    """Return the device of this process: ``cuda`` is another GPU for each process of a machine.

    >>> local_device(torch.device("cpu"))
    device(type='cpu')
    """
    local = os.environ.get("LOCAL_RANK")
    return torch.device("cuda", int(local)) if local is not None and str(device) == "cuda" else device
