"""How a model is trained, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.runtime.errors import ConfigError


@dataclass(frozen=True)
class Distillation:
    """How much a teacher's answers count beside the labels, and at which temperature; see ``losses``."""

    weight: float = 0.7
    temperature: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1 or not 0 < self.temperature < inf:
            raise ConfigError(
                f"distillation needs a weight in 0..1 and a temperature above 0, got {self.weight}, {self.temperature}"
            )


@dataclass(frozen=True)
class TrainingConfig:
    """Options of the ``Trainer``; the defaults are the paper's (SGD at 0.001) where it states them.

    >>> TrainingConfig(epochs=12, schedule="one_cycle", learning_rate=0.02).optimizer
    'sgd'
    """

    epochs: int = 30
    batch_size: int = 32
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.001
    """Highest learning rate of the head, and of everything else unless ``backbone_learning_rate`` is given."""
    backbone_learning_rate: float | None = None
    momentum: float = 0.9
    """Nesterov momentum of SGD; 0 for none."""
    weight_decay: float = 1e-4
    schedule: Literal["constant", "cosine", "one_cycle"] = "constant"
    warmup_fraction: float = 0.1
    """Share of all steps in which the rate rises (linearly; one-cycle: along a cosine)."""
    label_smoothing: float = 0.0
    gradient_clip: float | None = None
    """Largest norm of the gradient."""
    mixed_precision: bool = True
    """float16 with loss scaling on CUDA; on the CPU float32."""
    bfloat16: bool = False
    """Compute the network in bfloat16, the weights stay float32: twice as fast on CPUs with matrix units (AMX), and
    no loss scaling on CUDA, where it takes the place of float16."""
    weight_average: float | None = None
    """Decay of an exponential average of the weights over the steps, as 0.999; the average is what is validated and
    kept as the best. Source: Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging*, 1992."""
    distillation: Distillation | None = None
    """How to learn from a teacher's answers; the teacher is an argument of ``Trainer``."""
    freeze: str = "none"
    """Freeze plan of the model: none, stem, stage1 ... stage3, all_but_head."""
    unfreeze: tuple[tuple[int, str], ...] = ()
    """Gradual unfreezing: from epoch (counted from 0) on, this plan instead."""
    early_stopping: int | None = None
    """Stop after so many epochs without a better validation result."""
    seed: int = 0
    random_position: bool = True
    """Place each clip anywhere in the window; off: in its middle, as in evaluation."""
    speed_factors: tuple[float, ...] = (1.0,)
    """Speeds to draw from for each clip and epoch."""
    spec_augment: SpecAugment | None = None
    tensorboard: bool = False

    def __post_init__(self) -> None:
        checks = {
            f"epochs must be at least 1, got {self.epochs}": self.epochs >= 1,
            f"batch_size must be at least 2, got {self.batch_size}": self.batch_size >= 2,
            f"learning_rate must be positive, got {self.learning_rate}": 0 < self.learning_rate < inf,
            f"backbone_learning_rate must be positive, got {self.backbone_learning_rate}": (
                self.backbone_learning_rate is None or 0 < self.backbone_learning_rate < inf
            ),
            f"momentum must lie in 0..1, got {self.momentum}": 0 <= self.momentum < 1,
            f"weight_decay must not be negative, got {self.weight_decay}": 0 <= self.weight_decay < inf,
            f"warmup_fraction must lie in 0..1, got {self.warmup_fraction}": 0 <= self.warmup_fraction < 1,
            f"label_smoothing must lie in 0..1, got {self.label_smoothing}": 0 <= self.label_smoothing < 1,
            f"gradient_clip must be positive, got {self.gradient_clip}": (
                self.gradient_clip is None or self.gradient_clip > 0
            ),
            f"weight_average must lie in 0..1, got {self.weight_average}": (
                self.weight_average is None or 0 < self.weight_average < 1
            ),
            f"early_stopping must be at least 1 epoch, got {self.early_stopping}": (
                self.early_stopping is None or self.early_stopping >= 1
            ),
            f"seed must not be negative, got {self.seed}": self.seed >= 0,
            f"unfreeze must name epochs in rising order, got {self.unfreeze}": (
                [epoch for epoch, _ in self.unfreeze] == sorted({epoch for epoch, _ in self.unfreeze})
            ),
            f"speed_factors must lie in 0.5..2, got {self.speed_factors}": (
                bool(self.speed_factors) and all(0.5 <= factor <= 2.0 for factor in self.speed_factors)
            ),
        }
        wrong = [message for message, fine in checks.items() if not fine]
        if wrong:
            raise ConfigError("; ".join(wrong))

    def freeze_plan(self, epoch: int) -> str:
        """Return the freeze plan of an epoch (counted from 0).

        >>> config = TrainingConfig(freeze="all_but_head", unfreeze=((2, "stage2"), (4, "none")))
        >>> [config.freeze_plan(epoch) for epoch in range(5)]
        ['all_but_head', 'all_but_head', 'stage2', 'stage2', 'none']
        """
        plan = self.freeze
        for start, later in self.unfreeze:
            if epoch >= start:
                plan = later
        return plan
