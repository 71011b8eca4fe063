r"""BatchNorm over the whole batch while several processes hold a part of it each, on any device.

torch's ``SyncBatchNorm`` computes on GPUs alone. Here each process gives the mean, variance and number of its values of
a channel, and all take the mean :math:`\mu` and variance :math:`\sigma^2` of them together. Backwards, with the
output's gradient :math:`g`, :math:`\hat x = (x - \mu) / \sigma` and sums over all :math:`n` values of all processes

.. math::

    \frac{\partial L}{\partial x} = \frac{w}{\sigma} \Big( g - \frac1n \sum g - \hat x \, \frac1n \sum g \hat x \Big)

(Ioffe and Szegedy, *Batch Normalization*, 2015).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def synchronized_norms(network: nn.Module, processes: int) -> Iterator[None]:
    """Let the BatchNorms of a network see the batches of all processes meanwhile; one process changes nothing.

    Args:
        network: frozen BatchNorms, which are in evaluation mode, stay as they are.
        processes: that train together.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)] if processes > 1 else []
    for norm in norms:
        norm.forward = partial(_forward, norm)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward


def _forward(norm: _BatchNorm, values: Tensor) -> Tensor:
    if not norm.training:
        return type(norm).forward(norm, values)
    statistics = _statistics(values.detach())
    mean, variance, count = _together(statistics)
    with torch.no_grad():
        if norm.running_mean is not None and norm.running_var is not None and norm.num_batches_tracked is not None:
            norm.num_batches_tracked += 1
            momentum = 1 / norm.num_batches_tracked.item() if norm.momentum is None else norm.momentum
            norm.running_mean.lerp_(mean, momentum)
            norm.running_var.lerp_(variance * count / (count - 1), momentum)
    weight = torch.ones_like(mean) if norm.weight is None else norm.weight
    bias = torch.zeros_like(mean) if norm.bias is None else norm.bias
    result: Tensor = _Normalized.apply(values, weight, bias, mean, variance, count, norm.eps)
    return result


def _statistics(values: Tensor) -> Tensor:
    """Return mean, variance and number of a channel's values, ``[B, C, ...] -> [2 C + 1]`` float32."""
    # torch.var_mean takes twenty times as long where channels lie last in memory. This asks for running statistics.
    unused = torch.zeros(values.shape[1], device=values.device)
    mean, variance = torch.batch_norm_update_stats(values, unused, unused.clone(), 0.0)
    count = torch.full((1,), values.numel() / values.shape[1], device=values.device)
    return torch.cat((mean, variance, count))


def _together(statistics: Tensor) -> tuple[Tensor, Tensor, float]:
    """Return mean and variance over all processes, and the number of values."""
    table = torch.stack(_every(statistics)).double()  # [processes, 2 C + 1]
    channels = (table.shape[1] - 1) // 2
    means, variances, counts = table[:, :channels], table[:, channels:-1], table[:, -1:]
    count = counts.sum()
    mean = (counts * means).sum(0) / count
    variance = (counts * (variances + (means - mean).square())).sum(0) / count
    return mean.float(), variance.float(), count.item()


def _every(values: Tensor) -> list[Tensor]:
    """Return the values of all processes. Of few values Gloo gathers all in half the time of a sum over processes."""
    every = [torch.empty_like(values) for _ in range(distributed.get_world_size())]
    distributed.all_gather(every, values)
    return every


class _Normalized(torch.autograd.Function):
    """Normalise with given statistics, and give gradients as if they had been computed from the values."""

    @staticmethod
    def forward(
        context: Any,
        values: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        count: float,
        eps: float,
    ) -> Tensor:
        """Return ``w (x - mean) / sqrt(variance + eps) + b``."""
        context.save_for_backward(values, weight, mean, variance)
        context.count, context.eps = count, eps
        return F.batch_norm(values, mean, variance, weight, bias, training=False, eps=eps)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Any:
        """Return the gradients of values, weight and bias."""
        values, weight, mean, variance = context.saved_tensors
        given, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, values, weight, mean, variance, None, None, False, context.eps, [True, True, True]
        )
        along, constant = (torch.stack(_every(torch.cat((of_weight, of_bias)))).sum(0) / context.count).chunk(2)
        slope = weight * along / (variance + context.eps)
        offset = weight * constant * (variance + context.eps).rsqrt() - slope * mean
        shape = [1, -1] + [1] * (values.dim() - 2)
        given -= torch.addcmul(offset.view(shape), values, slope.view(shape)).to(given.dtype)
        return given, of_weight, of_bias, None, None, None, None
