"""The linear head against the conditions of an optimum."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from aurora_resnet.runtime.errors import ConfigError
from study.linear_head import fit_linear_head


def clusters(n: int = 120, size: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 3
    return torch.randn(n, size, generator=generator) + 1.5 * labels[:, None] * torch.eye(size)[labels], labels


def test_no_direction_lowers_the_penalised_loss() -> None:
    features, labels = clusters()
    head = fit_linear_head(features, labels, 3, penalty=0.01)
    standardised = (features - features.mean(0)) / features.std(0, correction=0)
    weight = (head.weight * features.std(0, correction=0)).detach().requires_grad_()
    bias = (head.bias + head.weight @ features.mean(0)).detach().requires_grad_()
    loss = F.cross_entropy(standardised @ weight.T + bias, labels) + 0.01 * weight.square().sum()
    torch.autograd.backward(loss)
    assert weight.grad is not None
    assert bias.grad is not None
    assert max(weight.grad.abs().max(), bias.grad.abs().max()) < 1e-3


def test_scale_and_offset_of_the_features_do_not_matter() -> None:
    features, labels = clusters()
    plain = fit_linear_head(features, labels, 3)(features)
    moved = 40 * features - 7
    torch.testing.assert_close(fit_linear_head(moved, labels, 3)(moved), plain, rtol=0.02, atol=0.02)


def test_unusable_features_are_refused() -> None:
    features, labels = clusters()
    for bad in ((features[0], labels[:1], 0.1), (features, labels[:-1], 0.1), (features, labels, -1.0)):
        with pytest.raises(ConfigError, match="expected features"):
            fit_linear_head(bad[0], bad[1], 3, penalty=bad[2])
