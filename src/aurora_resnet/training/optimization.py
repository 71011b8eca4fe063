"""The optimiser, its parameter groups and their rates."""

from typing import Any

import torch

from aurora_resnet.models.interface import SpeechClassifier
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.choices import OptimizerBuilder, find_optimizer
from aurora_resnet.training.config import TrainingConfig


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
