"""The mean of the weights of trainings that began at one network: often better than each.

After Wortsman et al., *Model soups*, ICML 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.state import LAST

AVERAGE = "average.module."
"""Where a training keeps the average of its weights."""


def mean_of(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each tensor of numbers with fractions; of whole numbers, which only count, the last.

    >>> states = [{"w": torch.tensor([1.0]), "n": torch.tensor(1)}, {"w": torch.tensor([2.0]), "n": torch.tensor(5)}]
    >>> mean_of(states)
    {'w': tensor([1.5000]), 'n': tensor(5)}
    """
    return {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(last.dtype)
        if last.is_floating_point()
        else last
        for name, last in states[-1].items()
    }


def mean_model(files: Sequence[Path]) -> RecognizerModel:
    """Return the network with the mean of the weights of checkpoints; one that is named twice counts twice.

    Raises:
        ConfigError: if they are of different networks.
    """
    models = [load_checkpoint(file).model for file in files]
    if any(model.config != models[0].config for model in models):
        raise ConfigError(f"the mean of different networks was asked for: {', '.join(map(str, files))}")
    models[-1].load_state_dict(mean_of([model.state_dict() for model in models]))
    return models[-1]


def last_average(run: Path) -> RecognizerModel:
    """Return the network with the average of its weights that a training kept at its end, not its best epoch.

    Args:
        run: folder of the training.
    """
    ended = load_checkpoint(run / LAST)
    ended.model.load_state_dict({name: ended.state[f"{AVERAGE}{name}"] for name in ended.model.state_dict()})
    return ended.model
