r"""BatchNorm over the whole batch while several processes hold a part of it each, on any device.

torch's ``SyncBatchNorm`` computes on GPUs alone. Here each process sums its :math:`n` values of a channel and their
squares, both from the running mean :math:`r` on, so that little cancels; the processes add their sums up, and with

.. math::

    \mu - r = \frac1n \sum (x - r), \qquad \sigma^2 = \frac1n \sum (x - r)^2 - (\mu - r)^2

each normalises its part (Ioffe and Szegedy, *Batch Normalization*, 2015). Gradients pass through the addition, which
adds the gradients of all processes up in turn.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
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
    start = norm.running_mean
    if start is None or norm.running_var is None or norm.num_batches_tracked is None:
        raise NotImplementedError("BatchNorm without running statistics is trained by one process")
    axes, shape = [0, *range(2, values.dim())], [1, -1] + [1] * (values.dim() - 2)
    moved = values.float() - start.clone().view(shape)
    count = torch.full((1,), values.numel() / values.shape[1], device=values.device)
    sums: Tensor = all_reduce(torch.cat((moved.sum(axes), moved.square().sum(axes), count)))  # type: ignore[no-untyped-call]
    count = sums[-1].detach()
    offset, squares = (sums[:-1] / count).chunk(2)
    variance = squares - offset.square()
    scale = (variance + norm.eps).rsqrt() * (1.0 if norm.weight is None else norm.weight)
    result: Tensor = (moved - offset.view(shape)) * scale.view(shape)
    with torch.no_grad():
        norm.num_batches_tracked += 1
        momentum = 1 / norm.num_batches_tracked.item() if norm.momentum is None else norm.momentum
        start.lerp_(start + offset, momentum)
        norm.running_var.lerp_(variance * count / (count - 1), momentum)
    if norm.bias is not None:
        result = result + norm.bias.view(shape)
    return result.to(values.dtype)
