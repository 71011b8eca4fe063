"""Optimisers and learning-rate schedules by name: those built in, and ``package.module:name``."""

import inspect
from collections.abc import Callable
from types import FunctionType

import torch

from aurora_resnet.registry import named
from aurora_resnet.runtime.errors import ConfigError

#: A class of ``torch.optim``, or a function like it: parameter groups, ``lr`` and options of its own.
OptimizerBuilder = Callable[..., torch.optim.Optimizer]

#: From a step, counted from 0, and the number of all steps to the share of the highest learning rate.
Schedule = Callable[[int, int], float]


OPTIMIZERS: dict[str, OptimizerBuilder] = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}
#: Built in; ``None`` where ``optimization`` has it.
SCHEDULES: dict[str, Schedule | None] = {"constant": None, "cosine": None, "one_cycle": None}


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
