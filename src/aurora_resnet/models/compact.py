"""``CompactResNet``: a small residual network for one thread of a small machine."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.models.interface import DROPOUT, LAYERS, SpeechClassifier
from aurora_resnet.runtime.errors import ConfigError

FILTERS = Between(1, 4096)


def shortcut(inputs: int, outputs: int, stride: int | tuple[int, int]) -> nn.Module:
    """Return what passes a block by: the identity, or a 1 x 1 convolution where the shape changes."""
    if inputs == outputs and stride in (1, (1, 1)):
        return nn.Identity()
    convolution = nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut.

    Source: He et al., *Deep Residual Learning for Image Recognition*, 2015.

    Shape: ``[B, inputs, M, T] -> [B, outputs, ceil(M / stride), ceil(T / stride)]``.

    >>> BasicBlock(8, 16, stride=2)(torch.zeros(2, 8, 32, 51)).shape
    torch.Size([2, 16, 16, 26])
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's answer."""
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        answer: Tensor = self.relu(y + self.shortcut(x))
        return answer


class CompactResNet(SpeechClassifier):
    """A stem and three residual stages, each of which halves bands and frames; global average pooling; the classes.

    With the default widths 0.47 M parameters, under a megabyte in float16, and 29 M multiply-accumulates a second of
    audio: a fifteenth of ``ResidualSpeechNet``.

    Args:
        widths: filters of the stem and of the three stages.
        blocks: residual blocks of each stage.
        dropout: probability before the classes, 0 <= p < 1.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M``.

    Shape: ``[B, M, T] -> [B, K]``.

    >>> CompactResNet().eval()(torch.zeros(2, 64, 101)).shape
    torch.Size([2, 11])
    """

    def __init__(
        self,
        *,
        widths: Sequence[int] = (24, 40, 72, 104),
        blocks: Sequence[int] = (1, 1, 2),
        dropout: float = 0.1,
        num_classes: int = 11,
        n_mels: int = 64,
    ) -> None:
        super().__init__(n_mels, num_classes)
        if len(widths) != 4 or len(blocks) != 3:
            raise ConfigError(f"four widths and three numbers of blocks are needed, got {list(widths)}, {list(blocks)}")
        check_values(
            dropout=(dropout, DROPOUT),
            **{f"widths[{i}]": (width, FILTERS) for i, width in enumerate(widths)},
            **{f"blocks[{i}]": (number, LAYERS) for i, number in enumerate(blocks)},
        )
        convolution = nn.Conv2d(1, widths[0], kernel_size=5, stride=2, padding=2, bias=False)
        self.stem = nn.Sequential(convolution, nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True))
        layers: list[nn.Module] = []
        for inputs, outputs, number in zip(widths, widths[1:], blocks, strict=False):
            layers += [BasicBlock(inputs if i == 0 else outputs, outputs, 2 if i == 0 else 1) for i in range(number)]
        self.stages = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(widths[-1], num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.to(memory_format=torch.channels_last)  # see ResidualSpeechNet

    def embed(self, features: Tensor) -> Tensor:
        """Return the filters' means."""
        x = self.stages(self.stem(features.unsqueeze(1)))  # [B, C, M/16, T/16]
        return torch.mean(x, dim=(2, 3))
