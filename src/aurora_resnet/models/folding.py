r"""A network for answering only, which computes the same with less work a clip.

In evaluation mode batch normalisation is a fixed scale and shift of each channel, so it can be put into the weights
``W`` and the bias ``b`` of the convolution before it

.. math::

    W' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} W, \qquad
    b' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} (b - \mu) + \beta

and a pass over the memory is saved (Jacob et al., *Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference*, 2018, section 3.2).
"""

import copy
from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from aurora_resnet.runtime.errors import ConfigError

Network = TypeVar("Network", bound=nn.Module)

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
#: Of the largest output: far above rounding, far below what a wrongly folded layer does.
_TOLERANCE = 1e-3


def fold_batch_norms(module: Network, example: Tensor) -> Network:
    """Return a copy without batch normalisation, in evaluation mode, which cannot be trained or saved as the module.

    Which convolution feeds which batch normalisation is seen in a run on the example: the two are a pair if the very
    tensor that one returned is what the other got, and both ran once. The copy is then compared with the module on the
    example. Its convolutions work with the channels innermost.

    Args:
        module: a network of one input and one output tensor; it stays as it is.
        example: an input on the module's device; noise will do.

    Raises:
        ConfigError: if the copy gives something else, since the network uses a convolution's output elsewhere too.

    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    >>> fold_batch_norms(net, torch.randn(1, 1, 8, 8))
    Sequential(
      (0): Conv2d(1, 4, kernel_size=(3, 3), stride=(1, 1))
      (1): Identity()
      (2): ReLU()
    )
    """
    folded = copy.deepcopy(module).eval().requires_grad_(False)
    pairs, expected = _pairs(folded, example)
    layers: dict[str, Any] = dict(folded.named_modules())
    for convolution, norm in pairs:
        fused = fuse_conv_bn_eval(layers[convolution], layers[norm]).requires_grad_(False)
        folded.set_submodule(convolution, fused)
        folded.set_submodule(norm, nn.Identity())
    folded = folded.to(memory_format=torch.channels_last).eval()  # the layout of 4-dimensional weights alone
    if not (folded(example) - expected).abs().max() <= _TOLERANCE * expected.abs().max().clamp(min=1.0):
        raise ConfigError(
            f"folding batch normalisation changes what {type(module).__name__} gives; "
            "a convolution that feeds one must feed nothing else"
        )
    return folded


def _pairs(module: nn.Module, example: Tensor) -> tuple[list[tuple[str, str]], Tensor]:
    """Run the module; return the names of convolutions and the norms that they feed, and the output."""
    made: dict[int, tuple[str, Tensor]] = {}  # the tensor is kept, so that no other one gets its address
    pairs: list[tuple[str, str]] = []
    calls: Counter[str] = Counter()

    def ran(name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls[name] += 1
        if isinstance(layer, _CONVOLUTIONS):
            made[id(output)] = name, output
        elif id(inputs[0]) in made:
            pairs.append((made[id(inputs[0])][0], name))

    with ExitStack() as hooks:
        for name, layer in module.named_modules():
            if isinstance(layer, _CONVOLUTIONS + _NORMS):
                hooks.enter_context(layer.register_forward_hook(partial(ran, name)))
        output: Tensor = module(example)
    return [pair for pair in pairs if all(calls[name] == 1 for name in pair)], output
