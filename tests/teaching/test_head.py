"""The layer against the optimum of its loss, computed by torch."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from aurora_resnet.teaching.head import SCALE, STRENGTH, fit_layer


def test_the_gradient_of_the_loss_is_zero() -> None:
    generator = np.random.default_rng(0)
    vectors, negatives = (generator.standard_normal((n, 6)).astype(np.float32) for n in (12, 30))
    vectors, negatives = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (vectors, negatives))
    labels = np.arange(12) % 3
    fitted = fit_layer(vectors, labels, negatives)
    weights, biases = (torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in fitted)
    prior = torch.tensor(np.stack([vectors[labels == k].mean(axis=0) for k in range(3)]), dtype=torch.float64)
    prior = SCALE * F.normalize(prior, dim=1)
    x = torch.tensor(np.concatenate((vectors, negatives)), dtype=torch.float64)
    logits = F.pad(x @ weights.T + biases, (0, 1))  # the last class is none of the words
    target = torch.tensor([*labels, *[3] * 30])
    each = F.cross_entropy(logits, target, reduction="none")
    loss = each[:12].mean() / 2 + each[12:].mean() / 2 + STRENGTH * (weights - prior).square().sum()
    loss.backward()  # type: ignore[no-untyped-call]
    assert weights.grad is not None
    assert biases.grad is not None
    assert max(float(weights.grad.abs().max()), float(biases.grad.abs().max())) < 2e-3


def test_with_a_strong_prior_words_are_told_apart_by_their_prototypes() -> None:
    vectors = np.eye(4, dtype=np.float32)
    weights, _ = fit_layer(vectors[:3], np.arange(3), vectors[3:], strength=1e3)
    assert np.abs(weights - SCALE * vectors[:3]).max() < 0.01
