r"""A network for answering only, which computes the same with less work a clip.

In evaluation mode batch normalisation is a fixed scale and shift of each channel, so it can be put into the weights
``W`` and the bias ``b`` of the convolution before it

.. math::

    W' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} W, \qquad
    b' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} (b - \mu) + \beta

and a pass over the memory is saved (Jacob et al., *Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference*, 2018, section 3.2). Of a single clip a good part of the time goes into rearranging
the weights for the processor, at every call anew; packing does it once.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from aurora_resnet.runtime.errors import ConfigError

Network = TypeVar("Network", bound=nn.Module)

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_TOLERANCE = 1e-3
"""Of the largest output: far above rounding, far below what a wrongly folded layer does."""


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
    fused = copy.deepcopy(module).eval().requires_grad_(False)
    pairs, expected = _pairs(fused, example)
    layers: dict[str, Any] = dict(fused.named_modules())
    for convolution, norm in pairs:
        _replace(fused, convolution, fuse_conv_bn_eval(layers[convolution], layers[norm]).requires_grad_(False))
        _replace(fused, norm, nn.Identity())
    fused = fused.to(memory_format=torch.channels_last).eval()  # the layout of 4-dimensional weights alone
    if not _agree(fused(example), expected):
        raise ConfigError(
            f"folding batch normalisation changes what {type(module).__name__} gives; "
            "a convolution that feeds one must feed nothing else"
        )
    return fused


class _PackedConvolution(nn.Module):
    """A convolution whose weights lie as oneDNN wants them for an input of a given shape."""

    def __init__(self, convolution: nn.Conv2d, shape: torch.Size) -> None:
        super().__init__()
        place = [[*value] for value in (convolution.padding, convolution.stride, convolution.dilation)]
        self.bias = convolution.bias
        self.arguments = (*place, convolution.groups, "none", [], "")  # no further operation after the convolution
        self.weight = torch.ops.mkldnn._reorder_convolution_weight(
            convolution.weight, *place, convolution.groups, list(shape)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of the input."""
        output: Tensor = torch.ops.mkldnn._convolution_pointwise(x, self.weight, self.bias, *self.arguments)
        return output


def pack_convolutions(module: Network, example: Tensor) -> Network:
    """Return a copy whose two-dimensional convolutions have their weights packed for this processor.

    Any input is computed right, one of the example's shape fastest. The operators are internals of torch (those that
    ``torch.compile`` uses on CPUs): where they are missing or do not give what the module gives, as on other devices,
    the module itself is returned.

    Args:
        module: a network in evaluation mode that needs no gradients, of one input and one output tensor.
        example: an input on the module's device; noise will do.

    >>> net = nn.Conv2d(1, 4, 3).requires_grad_(False)
    >>> x = torch.randn(1, 1, 8, 8)
    >>> torch.allclose(pack_convolutions(net, x)(x), net(x), atol=1e-5)
    True
    """
    shapes: dict[str, torch.Size] = {}

    def ran(name: str, _layer: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        shapes[name] = inputs[0].shape

    expected = _run(module, example, (nn.Conv2d,), ran)
    packed: nn.Module = nn.Sequential(copy.deepcopy(module))  # so that the module itself may be a convolution
    layers: dict[str, Any] = dict(module.named_modules())
    try:
        for name, shape in shapes.items():
            if layers[name].padding_mode == "zeros" and not isinstance(layers[name].padding, str):
                _replace(packed, f"0.{name}".rstrip("."), _PackedConvolution(layers[name], shape).eval())
        same = _agree(packed(example), expected)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):  # absent, not for this device, or changed
        return module
    return packed[0] if same else module  # type: ignore[index]


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

    output = _run(module, example, _CONVOLUTIONS + _NORMS, ran)
    return [pair for pair in pairs if all(calls[name] == 1 for name in pair)], output


def _run(module: nn.Module, example: Tensor, kinds: tuple[type[nn.Module], ...], ran: Callable[..., None]) -> Tensor:
    """Return the module's output; call ``ran(name, layer, inputs, output)`` after each layer of the kinds."""
    hooks = [
        layer.register_forward_hook(lambda layer, inputs, output, name=name: ran(name, layer, inputs, output))
        for name, layer in module.named_modules()
        if isinstance(layer, kinds)
    ]
    try:
        output: Tensor = module(example)
    finally:
        for hook in hooks:
            hook.remove()
    return output


def _agree(output: Tensor, expected: Tensor) -> bool:
    return bool((output - expected).abs().max() <= _TOLERANCE * expected.abs().max().clamp(min=1.0))


def _replace(module: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, layer)
