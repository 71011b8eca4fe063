"""How fast what was learnt before may change while words are taught."""

from __future__ import annotations

import pytest

from aurora_resnet.checkpoints import PRETRAINED, read_config
from aurora_resnet.models.zoo import create_model
from aurora_resnet.teaching.recipe import BACKBONE_RATES, TeachConfig
from aurora_resnet.training.optimization import build_optimizer


@pytest.mark.parametrize(
    ("name", "rate"),
    [("compact", 0.05), ("resnet50", 0.003)],
)
def test_the_optimiser_gets_the_rate_of_the_backbone(name: str, rate: float) -> None:
    network = read_config(name)
    training = TeachConfig(init=name).training(network.model)
    head, backbone = build_optimizer(create_model(network.model, **network.options), training).param_groups
    assert (head["peak_lr"], backbone["peak_lr"]) == (0.05, rate)


@pytest.mark.parametrize("name", BACKBONE_RATES)
def test_a_rate_that_is_given_is_taken(name: str) -> None:
    config = TeachConfig(backbone_learning_rate=0.02, bfloat16=True)
    training = config.training(name)
    assert (training.backbone_learning_rate, training.bfloat16) == (0.02, True)


def test_rates_are_of_shipped_models() -> None:
    assert set(BACKBONE_RATES) <= set(PRETRAINED)
