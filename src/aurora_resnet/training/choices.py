"""Optimisers and learning-rate schedules by name: those built in, registered ones, and ``package.module:name``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch

from aurora_resnet.references import is_reference, load_reference
from aurora_resnet.runtime.errors import ConfigError, did_you_mean

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
    _register(OPTIMIZERS, "an optimizer", name, builder)


def register_schedule(name: str, schedule: Schedule) -> None:
    """Make a learning-rate schedule known under a name, for ``TrainingConfig.schedule`` and training files.

    Args:
        name: not taken yet.
        schedule: from step and number of steps to the share of the highest rate.

    Raises:
        ConfigError: if the name is taken or empty.
    """
    _register(SCHEDULES, "a schedule", name, schedule)


def unknown_choice(table: dict[str, Any], what: str, name: str) -> list[str]:
    """Return what to say of a name that a table does not have, as a list that is empty otherwise.

    >>> unknown_choice(OPTIMIZERS, "optimizer", "adam")
    ["optimizer must be sgd, adamw or package.module:name, got 'adam' (did you mean 'adamw'?)"]
    """
    if isinstance(name, str) and (name in table or is_reference(name)):
        try:
            find_choice(table, name)
        except ConfigError as error:
            return [str(error)]
        return []
    hint = did_you_mean(str(name), table)
    return [f"{what} must be {', '.join(table)} or package.module:name, got {name!r}{hint}"]


def find_choice(table: dict[str, Any], name: str) -> Any:
    """Return what a name stands for; ``None`` for those built in.

    Raises:
        ConfigError: if a reference cannot be imported, or is no subclass of ``torch.optim.Optimizer`` or no function of
            a step and the number of steps.
    """
    if name in table:
        return table[name]
    if table is OPTIMIZERS:
        return load_reference(name, torch.optim.Optimizer)
    schedule = load_reference(name, FunctionType)
    try:
        inspect.signature(schedule).bind(0, 1)
    except TypeError as error:
        raise ConfigError(f"'{name}' must be a function of a step and the number of steps ({error})") from None
    return schedule


def _register(table: dict[str, Any], what: str, name: str, thing: Any) -> None:
    if not name or name in table:
        raise ConfigError(f"{what} needs a name of its own, got '{name}'")
    table[name] = thing
