"""What is learnt: the loss of a step and what counts as right, apart from how the ``Trainer`` takes its steps."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.ranks import Ranks


class Learner(Protocol):
    """What objectives and callbacks see of a ``Trainer``.

    Attributes:
        model: the network, on the device.
        config: how it is trained.
        out: folder of checkpoints and history.
        device: where it is trained.
        optimizer: that changes the weights.
        ranks: this process among those that train together.
        rejects: whether some clips say none of the words; their label is the number of words.
    """

    model: RecognizerModel
    config: TrainingConfig
    out: Path
    device: torch.device
    optimizer: torch.optim.Optimizer
    ranks: Ranks
    rejects: bool

    @property
    def judged(self) -> RecognizerModel:
        """The network that is validated and kept: the average of the weights if there is one."""

    def features(self, waveforms: Tensor, generator: torch.Generator) -> Tensor:
        """Return the features of waveforms, ``[B, N] -> [B, M, T]``, masked as the configuration says."""

    def logits(self, features: Tensor) -> Tensor:
        """Return the network's logits in float32, computed in the precision of the configuration."""

    def autocast(self) -> AbstractContextManager[object]:
        """Compute in the precision of the configuration meanwhile."""


class Objective(Protocol):
    """What a ``Trainer`` minimises; one object serves one training."""

    def begin(self, learner: Learner) -> None:
        """Get ready, when the trainer is made.

        Raises:
            ConfigError: if model or configuration do not suit.
        """

    def __call__(
        self, learner: Learner, waveforms: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss of a batch, with its gradient, and the number of clips that are right.

        Args:
            learner: the trainer.
            waveforms: ``[B, N]`` on the device.
            labels: of the clips, on the device.
            generator: of everything random but dropout.
        """

    def validate(self, learner: Learner, clips: ClipSet) -> tuple[float, float]:
        """Return mean loss and share of right clips of ``learner.judged``."""
