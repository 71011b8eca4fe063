"""A linear layer on fixed features: multinomial logistic regression, solved to its optimum."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.runtime.errors import ConfigError


def fit_linear_head(features: Tensor, labels: Tensor, classes: int, *, penalty: float = 1e-3) -> nn.Linear:
    r"""Return standardisation and a linear layer that fit the labels best.

    Minimises :math:`\frac{1}{n} \sum_i -\log p(y_i | x_i) + \lambda \lVert W \rVert^2` by L-BFGS. The problem is
    convex, so there is no learning rate, no seed and nothing to stop early.

    Args:
        features: ``[n, D]``.
        labels: class indices ``[n]``.
        classes: number of classes ``K``.
        penalty: :math:`\lambda` on the weights of standardised features, at least 0.

    Returns:
        A network ``[B, D] -> [B, K]``.

    Raises:
        ConfigError: for no clips, other shapes, or a negative penalty.

    >>> points = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9], [0.8, 0.2]])
    >>> fit_linear_head(points, torch.tensor([0, 1, 0, 1]), classes=2)(points).argmax(dim=1).tolist()
    [0, 1, 0, 1]
    """
    if features.dim() != 2 or len(features) == 0 or labels.shape != features.shape[:1] or penalty < 0:
        raise ConfigError(
            f"expected features [n, D], labels [n] and a penalty of at least 0, "
            f"got {list(features.shape)}, {list(labels.shape)} and {penalty}"
        )
    mean, deviation = features.mean(dim=0), features.std(dim=0, correction=0).clamp(min=1e-6)
    standardised = (features - mean) / deviation
    layer = nn.Linear(features.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        value = F.cross_entropy(layer(standardised), labels) + penalty * layer.weight.square().sum()
        torch.autograd.backward(value)
        return value.item()

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():  # the standardisation becomes part of the layer: W ((x - m) / d) + b
        layer.weight.div_(deviation)
        layer.bias.sub_(layer.weight @ mean)
    return layer.requires_grad_(False)
