"""Optimisers and learning-rate schedules by name: those built in, and ``package.module:name``."""

import inspect
import math
from collections.abc import Callable
from functools import partial
from types import FunctionType

import torch

from aurora_resnet.registry import named
from aurora_resnet.runtime.errors import ConfigError

#: A class of ``torch.optim``, or a function like it: parameter groups, ``lr`` and options of its own.
OptimizerBuilder = Callable[..., torch.optim.Optimizer]

#: From a step, counted from 0, and the number of all steps to the share of the highest learning rate.
Schedule = Callable[[int, int], float]

OPTIMIZERS: dict[str, OptimizerBuilder] = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}
_ONE_CYCLE_START, _ONE_CYCLE_END = 25.0, 25.0 * 1e4


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


def find_schedule(name: str, warmup_fraction: float = 0.1) -> Schedule:
    """Return a schedule.

    Args:
        name: of a built-in one, or ``package.module:name``.
        warmup_fraction: share of all steps in which the rate rises, 0 to below 1; for those that are built in.

    Raises:
        ConfigError: if there is none of that name, or it is no function of a step and the number of steps.

    >>> [round(find_schedule("cosine")(step, 100), 3) for step in (0, 9, 10, 55, 99)]
    [0.091, 0.909, 1.0, 0.5, 0.0]
    """
    schedule: Callable[..., float] = named(SCHEDULES, "schedule", name, kind=FunctionType)
    if name in SCHEDULES:
        return partial(schedule, warmup_fraction=warmup_fraction)
    try:
        inspect.signature(schedule).bind(0, 1)
    except TypeError as error:
        raise ConfigError(f"'{name}' must be a function of a step and the number of steps ({error})") from None
    return schedule


def constant(step: int, total_steps: int, warmup_fraction: float) -> float:
    r"""Return :math:`\min(1, (s + 1) / (w + 1))`, with :math:`w` warm-up steps."""
    return min(1.0, (step + 1) / (round(warmup_fraction * total_steps) + 1))


def cosine(step: int, total_steps: int, warmup_fraction: float) -> float:
    r"""Return the rise of ``constant``, then :math:`(1 + \cos \pi u) / 2` with :math:`u = (s - w) / (S - w)`.

    Source: Loshchilov and Hutter, *SGDR*, 2017.
    """
    warmup = round(warmup_fraction * total_steps)
    if step < warmup:
        return constant(step, total_steps, warmup_fraction)
    return _along_cosine(1.0, 0.0, (step - warmup) / (total_steps - warmup))


def one_cycle(step: int, total_steps: int, warmup_fraction: float) -> float:
    """Return 1/25 to 1 along a cosine in the warm-up steps, then along a cosine to 1/250,000.

    Source: Smith and Topin, *Super-Convergence*, 2018, with the constants of ``torch.optim.lr_scheduler.OneCycleLR``.
    """
    peak = warmup_fraction * total_steps - 1
    if step <= peak:
        return _along_cosine(1 / _ONE_CYCLE_START, 1.0, step / peak if peak > 0 else 1.0)
    return _along_cosine(1.0, 1 / _ONE_CYCLE_END, (step - peak) / (total_steps - 1 - peak))


def _along_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


SCHEDULES: dict[str, Callable[..., float]] = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
