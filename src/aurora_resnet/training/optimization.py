"""Optimiser, parameter groups and learning-rate schedules."""

import math
from functools import partial
from typing import Any

import torch

from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.choices import OptimizerBuilder, Schedule, find_optimizer, find_own_schedule
from aurora_resnet.training.config import TrainingConfig

_ONE_CYCLE_START = 25.0
_ONE_CYCLE_END = 25.0 * 1e4


def rate_factor(step: int, total_steps: int, config: TrainingConfig) -> float:
    r"""Return the learning rate of a step as a share of the highest one.

    With :math:`w` warm-up steps of :math:`S` and :math:`u = (s - w) / (S - w)`:

    - constant: :math:`\min(1, (s + 1) / (w + 1))`
    - cosine: the same rise, then :math:`(1 + \cos \pi u) / 2` (Loshchilov and Hutter, *SGDR*, 2017)
    - one_cycle: along a cosine from 1/25 to 1 in :math:`w` steps, then along a cosine to 1/250,000 (Smith and Topin,
      *Super-Convergence*, 2018, with the constants of ``torch.optim.lr_scheduler.OneCycleLR``)

    Args:
        step: from 0 to ``total_steps - 1``.
        total_steps: steps of the whole training.
        config: names schedule and warm-up.

    >>> config = TrainingConfig(schedule="cosine", warmup_fraction=0.1)
    >>> [round(rate_factor(step, 100, config), 3) for step in (0, 9, 10, 55, 99)]
    [0.091, 0.909, 1.0, 0.5, 0.0]
    """
    if config.schedule == "one_cycle":
        peak = config.warmup_fraction * total_steps - 1
        if step <= peak:
            return _cosine(1 / _ONE_CYCLE_START, 1.0, step / peak if peak > 0 else 1.0)
        return _cosine(1.0, 1 / _ONE_CYCLE_END, (step - peak) / (total_steps - 1 - peak))
    warmup = round(config.warmup_fraction * total_steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if config.schedule == "constant":
        return 1.0
    return _cosine(1.0, 0.0, (step - warmup) / (total_steps - warmup))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def find_schedule(config: TrainingConfig) -> Schedule:
    """Return the schedule of a configuration, built in or not.

    Raises:
        ConfigError: if a reference cannot be imported.

    >>> find_schedule(TrainingConfig(warmup_fraction=0.0))(5, 10)
    1.0
    """
    own = find_own_schedule(config.schedule)
    return partial(rate_factor, config=config) if own is None else own


def build_optimizer(
    classifier: SpeechClassifier, config: TrainingConfig, builder: OptimizerBuilder | None = None
) -> torch.optim.Optimizer:
    """Return the optimiser over two groups, head and backbone, each with its highest rate as ``peak_lr``.

    Args:
        classifier: whose parameters are trained.
        config: rates, and which optimiser with which options.
        builder: the optimiser instead.

    Raises:
        ConfigError: if a reference cannot be imported, or the options do not suit the optimiser.

    >>> from aurora_resnet.models.zoo import create_model
    >>> config = TrainingConfig(learning_rate=0.01, backbone_learning_rate=0.001)
    >>> optimizer = build_optimizer(create_model("cnn"), config)
    >>> [group["peak_lr"] for group in optimizer.param_groups]
    [0.01, 0.001]
    """
    backbone_rate = config.backbone_learning_rate or config.learning_rate
    groups = [
        {"params": classifier.parameters_of_head(), "peak_lr": config.learning_rate},
        {"params": classifier.parameters_of_backbone(), "peak_lr": backbone_rate},
    ]
    known: dict[str, dict[str, Any]] = {
        "sgd": {"momentum": config.momentum, "nesterov": config.momentum > 0, "weight_decay": config.weight_decay},
        "adamw": {"weight_decay": config.weight_decay},
    }
    options = config.optimizer_options if builder else known.get(config.optimizer, config.optimizer_options)
    build = builder or find_optimizer(config.optimizer)
    try:
        optimizer: torch.optim.Optimizer = build(groups, lr=config.learning_rate, **options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"optimizer {config.optimizer} cannot be built: {error}") from error
    return optimizer


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to ``factor`` times its highest one."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor
