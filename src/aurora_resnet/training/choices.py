"""Optimisers and learning-rate schedules by name: those built in, registered ones, and ``package.module:name``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType

import torch

from aurora_resnet.registry import named, register
from aurora_resnet.runtime.errors import ConfigError

OptimizerBuilder = Callable[..., torch.optim.Optimizer]
"""A class of ``torch.optim``, or a function like it: parameter groups, ``lr`` and options of its own."""

Schedule = Callable[[int, int], float]
"""From a step, counted from 0, and the number of all steps to the share of the highest learning rate."""


OPTIMIZERS: dict[str, OptimizerBuilder] = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}
SCHEDULES: dict[str, Schedule | None] = {"constant": None, "cosine": None, "one_cycle": None}
"""Names, and what was registered for them; ``None`` where ``optimization`` has it."""


def register_optimizer(name: str, builder: OptimizerBuilder) -> None:
    """Make an optimiser known under a name, for ``TrainingConfig.optimizer`` and training files.

    Args:
        name: not taken yet.
        builder: a class of ``torch.optim`` or a function that takes groups, ``lr`` and ``optimizer_options``.

    Raises:
        ConfigError: if the name is taken or empty.

    >>> register_optimizer("sgd", torch.optim.SGD)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: an optimizer needs a name of its own, got 'sgd'
    """
    register(OPTIMIZERS, "optimizer", name, builder)


def register_schedule(name: str, schedule: Schedule) -> None:
    """Make a learning-rate schedule known under a name, for ``TrainingConfig.schedule`` and training files.

    Args:
        name: not taken yet.
        schedule: from step and number of steps to the share of the highest rate.

    Raises:
        ConfigError: if the name is taken or empty.
    """
    register(SCHEDULES, "schedule", name, schedule)


def find_optimizer(name: str) -> OptimizerBuilder:
    """Return an optimiser's builder.

    Raises:
        ConfigError: if there is none of that name, or the reference is no subclass of ``torch.optim.Optimizer``.

    >>> find_optimizer("adam")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: unknown optimizer 'adam' (did you mean 'adamw'?), known: sgd, adamw, ...
    """
    builder: OptimizerBuilder = named(OPTIMIZERS, "optimizer", name, kind=torch.optim.Optimizer)
    return builder


def find_own_schedule(name: str) -> Schedule | None:
    """Return a schedule that is not built in, ``None`` for those that are.

    Raises:
        ConfigError: if there is none of that name, or it is no function of a step and the number of steps.
    """
    schedule: Schedule | None = named(SCHEDULES, "schedule", name, kind=FunctionType)
    try:
        if schedule is not None:
            inspect.signature(schedule).bind(0, 1)
    except TypeError as error:
        raise ConfigError(f"'{name}' must be a function of a step and the number of steps ({error})") from None
    return schedule
