"""What an epoch has learnt from so far: the sum of the losses and the number of clips that were right."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import Tensor
from tqdm.asyncio import tqdm

from aurora_resnet.training.ranks import Ranks

#: Between two readings for the bar: reading a number off a GPU waits for it.
SHOWN_SECONDS = 0.5


class Tally:
    """Counts the steps of an epoch.

    Args:
        device: where losses and hits are.
        bar: shows how far the training is.
        name: of the epoch, on the bar.
    """

    def __init__(self, device: torch.device, bar: tqdm[Any] | None, name: str) -> None:
        self.loss, self.right = torch.zeros((), device=device), torch.zeros((), dtype=torch.int64, device=device)
        self.seen, self.bar, self.name = 0, bar, name
        self.started = self.shown = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since the epoch began."""
        return time.perf_counter() - self.started

    def add(self, loss: Tensor, hits: Tensor, clips: int, seen: int) -> None:
        """Count a step.

        Args:
            loss: mean over this process's clips.
            hits: how many of them are right.
            clips: how many they are.
            seen: clips of all processes.
        """
        self.loss += loss * clips
        self.right += hits
        self.seen += seen
        if self.bar is None:
            return
        if not self.bar.disable and time.perf_counter() - self.shown > SHOWN_SECONDS:
            self.shown = time.perf_counter()
            self.bar.set_description(self.name, refresh=False)
            loss_text, accuracy = f"{self.loss.item() / self.seen:.3f}", f"{100 * self.right.item() / self.seen:.1f}%"
            speed = f"{self.seen / self.seconds:.0f}"
            self.bar.set_postfix(loss=loss_text, accuracy=accuracy, clips_per_s=speed, refresh=False)
        self.bar.update()

    def means(self, ranks: Ranks) -> tuple[float, float]:
        """Return mean loss and share of right clips over all processes."""
        loss, right = ranks.sum(self.loss), ranks.sum(self.right)
        return loss.item() / self.seen, right.item() / self.seen
