from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from aurora_resnet.models.zoo import create_model, list_models
from aurora_resnet.training.choices import find_schedule
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.optimization import build_optimizer, set_rates

PEAK = 0.02


def ours(config: TrainingConfig, steps: int) -> list[float]:
    schedule = find_schedule(config.schedule, config.warmup_fraction)
    return [config.learning_rate * schedule(step, steps) for step in range(steps)]


def torchs(make: Callable[..., lr_scheduler.LRScheduler], steps: int, **options: object) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    scheduler = make(optimizer, **options)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(("steps", "warmup"), [(100, 0.3), (97, 0.2), (10, 0.25), (1000, 0.05), (5, 0.9)])
def test_one_cycle_is_torchs(steps: int, warmup: float) -> None:
    config = TrainingConfig(learning_rate=PEAK, schedule="one_cycle", warmup_fraction=warmup)
    expected = torchs(
        lr_scheduler.OneCycleLR, steps - 1, max_lr=PEAK, total_steps=steps, pct_start=warmup, cycle_momentum=False
    )
    # The scheduler refuses to be asked for a step beyond the last, so the last is its documented end.
    assert ours(config, steps) == pytest.approx([*expected, PEAK / 25 / 1e4], rel=1e-9)


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_cosine_is_torchs(steps: int) -> None:
    config = TrainingConfig(learning_rate=PEAK, schedule="cosine", warmup_fraction=0)
    expected = torchs(lr_scheduler.CosineAnnealingLR, steps, T_max=steps)
    assert ours(config, steps) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_cosine_after_a_linear_warm_up() -> None:
    config = TrainingConfig(learning_rate=PEAK, schedule="cosine", warmup_fraction=0.2)
    rates = ours(config, 50)
    assert rates[:10] == pytest.approx([PEAK * (step + 1) / 11 for step in range(10)])
    assert rates[10:] == pytest.approx(torchs(lr_scheduler.CosineAnnealingLR, 40, T_max=40))


def test_constant_stays_after_the_warm_up() -> None:
    rates = ours(TrainingConfig(learning_rate=PEAK, warmup_fraction=0.1), 20)
    assert rates == pytest.approx([PEAK / 3, PEAK * 2 / 3] + [PEAK] * 18)
    assert ours(TrainingConfig(learning_rate=PEAK, warmup_fraction=0), 3) == [PEAK] * 3


@settings(deadline=None)
@given(
    schedule=st.sampled_from(["constant", "cosine", "one_cycle"]),
    steps=st.integers(1, 300),
    warmup=st.floats(0, 1, exclude_max=True),
)
def test_rates_rise_once_then_never_again(schedule: str, steps: int, warmup: float) -> None:
    factors = [find_schedule(schedule, warmup)(step, steps) for step in range(steps)]
    assert all(0 < factor <= 1 + 1e-12 for factor in factors)
    top = factors.index(max(factors))
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)


@pytest.mark.parametrize("name", list_models())
def test_head_and_backbone_have_their_own_rates_and_hold_every_parameter_once(name: str) -> None:
    model = create_model(name)
    config = TrainingConfig(learning_rate=0.1, backbone_learning_rate=0.01)
    optimizer = build_optimizer(model, config)
    set_rates(optimizer, 0.5)
    rate = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(rate) == sum(len(group["params"]) for group in optimizer.param_groups)
    assert rate == {id(p): 0.05 if key.startswith("head.") else 0.005 for key, p in model.named_parameters()}


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_takes_its_options(momentum: float) -> None:
    optimizer = build_optimizer(create_model("cnn"), TrainingConfig(momentum=momentum, weight_decay=0.02))
    assert isinstance(optimizer, torch.optim.SGD)
    for group in optimizer.param_groups:
        assert group["momentum"] == momentum
        assert group["nesterov"] == (momentum > 0)
        assert group["weight_decay"] == 0.02


def test_adamw_takes_its_options() -> None:
    optimizer = build_optimizer(create_model("cnn"), TrainingConfig(optimizer="adamw", weight_decay=0.02))
    assert isinstance(optimizer, torch.optim.AdamW)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.02, 0.02]
