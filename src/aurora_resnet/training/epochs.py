"""What is random in an epoch, and in which order it shows the clips: a pure function of the seed and the epoch."""

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor


@contextlib.contextmanager
def seeded_epoch(seed: int, epoch: int, device: torch.device, rank: int = 0) -> Iterator[torch.Generator]:
    """Seed everything random in an epoch; torch's global generator (dropout) gets its former state back.

    Args:
        seed: of the training.
        epoch: counted from 0.
        device: where the network is.
        rank: of this process among those that train together; each has its own dropout.

    Yields:
        The generator of order, positions, speeds and masks, the same in all processes.

    >>> draws = []
    >>> for _ in range(2):
    ...     with seeded_epoch(3, 1, torch.device("cpu")) as generator:
    ...         draws.append((torch.rand(1).item(), torch.rand(1, generator=generator).item()))
    >>> draws[0] == draws[1]
    True
    """
    seeds = np.random.SeedSequence([seed, epoch]).generate_state(2)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(seeds[0]) + rank)
        yield torch.Generator().manual_seed(int(seeds[1]))


def epoch_batches(
    variants: int, clips: int, batch_size: int, generator: torch.Generator, fewest: int = 2
) -> Iterator[Tensor]:
    """Yield the indices of each batch: every clip once, at a random speed.

    Args:
        variants: all clips at all speeds (``ClipSet.with_speeds``).
        clips: how many one speed has.
        batch_size: of all batches but the last.
        generator: decides everything.
        fewest: clips of the last batch, which is left out if it has fewer: BatchNorm needs two in each process.

    >>> batches = list(epoch_batches(10, 5, 2, torch.Generator().manual_seed(0)))
    >>> [len(batch) for batch in batches], len({index % 5 for batch in batches for index in batch.tolist()})
    ([2, 2], 4)
    """
    speeds = torch.randint(0, variants // clips, (clips,), generator=generator)
    order = torch.randperm(clips, generator=generator)
    for batch in (order + clips * speeds[order]).split(batch_size):  # type: ignore[no-untyped-call]
        if len(batch) >= fewest:
            yield batch


def steps_per_epoch(clips: int, batch_size: int, fewest: int = 2) -> int:
    """Return how many batches ``epoch_batches`` makes of so many clips.

    >>> steps_per_epoch(88, 29), steps_per_epoch(89, 29)
    (3, 4)
    """
    full, rest = divmod(clips, batch_size)
    return full + (rest >= fewest)
