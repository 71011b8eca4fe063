"""``StringNet``: a causal network that tells, 25 times a second, which word is being said; trained with CTC.

Every layer looks back only and can go on from what it saw before, so a stream that comes in pieces gives the numbers of
the whole. What a layer has to remember is its *memory*: the last frames of its input. The memories of all layers stand
one after the other in one vector a stream.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.models.compact import shortcut
from aurora_resnet.models.interface import DROPOUT, StreamingStringClassifier
from aurora_resnet.runtime.errors import ConfigError

CHANNELS = Between(1, 4096)


class Memory:
    """The memories of all layers, read and written in the order in which they run.

    Args:
        before: ``[B, size]`` from the step before; ``None`` at the beginning, where all layers remember zeros.
    """

    def __init__(self, before: Tensor | None) -> None:
        self.before, self.place = before, 0
        self._after: list[Tensor] = []

    def extend(self, x: Tensor, frames: int) -> Tensor:
        """Return ``x`` ``[B, ..., T]`` with the ``frames`` before it, and remember its last ones."""
        if frames == 0:
            return x
        if self.before is None:
            x = F.pad(x, (frames, 0))
        else:
            size = x[0, ..., 0].numel() * frames
            past = self.before[:, self.place : self.place + size].reshape(-1, *x.shape[1:-1], frames)
            self.place += size
            x = torch.cat((past, x), dim=-1)
        self._after.append(x[..., x.shape[-1] - frames :].flatten(1))
        return x

    def after(self) -> Tensor:
        """Return what the next step goes on from, ``[B, size]``."""
        return torch.cat(self._after, dim=1)


class CausalBlock(nn.Module):
    """``BasicBlock`` of ``CompactResNet`` whose convolutions do not look ahead in time.

    Shape: ``[B, inputs, M, T] -> [B, outputs, ceil(M / stride[0]), T / stride[1]]``; ``stride[1]`` divides ``T``.
    """

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=(1, 0), bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=(1, 0), bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """Return the block's answer."""
        y = F.relu(self.bn1(self.conv1(memory.extend(x, 3 - self.stride[1]))))
        y = self.bn2(self.conv2(memory.extend(y, 2)))
        # The newest of the frames that one answer stands for.
        answer: Tensor = F.relu(y + self.shortcut(x[..., self.stride[1] - 1 :]))
        return answer


class TemporalBlock(nn.Module):
    """A dilated convolution over time and a shortcut, ``[B, C, T] -> [B, C, T]``.

    Source: Bai et al., *An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling*,
    2018.
    """

    def __init__(self, channels: int, width: int, dilation: int) -> None:
        super().__init__()
        self.frames = (width - 1) * dilation
        self.conv = nn.Conv1d(channels, channels, width, dilation=dilation, bias=False)
        self.bn = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """Return the block's answer."""
        return F.relu(x + self.bn(self.conv(memory.extend(x, self.frames))))


class SpeechUnit(nn.Module):
    """Whether there is speech at all, ``[B, C, T] -> [B, 1, T]``, a logit; it sees the last 0.6 s of what it gets.

    It takes what is known of single frames, before the blocks over time, which answer only when a word is nearly over.
    """

    def __init__(self, inputs: int, channels: int, dilations: Sequence[int] = (1, 2, 4)) -> None:
        super().__init__()
        self.join = nn.Conv1d(inputs, channels, 1)
        self.over_time = nn.ModuleList(nn.Conv1d(channels, channels, 3, dilation=dilation) for dilation in dilations)
        self.frames = [2 * dilation for dilation in dilations]
        self.head = nn.Conv1d(channels, 1, 1)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """Return the logit of each frame."""
        x = F.relu(self.join(x))
        for conv, frames in zip(self.over_time, self.frames, strict=True):
            x = F.relu(x + conv(memory.extend(x, frames)))
        logit: Tensor = self.head(x)
        return logit


class StringNet(StreamingStringClassifier):
    """Which word is being said, frame by frame: residual blocks on the spectrogram, then blocks over time.

    With the default sizes 0.68 M parameters and 30 M multiply-accumulates a second of sound. It sees the last 2 s.

    Args:
        widths: filters of the stem and of the three residual blocks.
        channels: of the blocks over time.
        dilations: one block over time for each.
        width: frames that a convolution over time spans, before dilation.
        others: units for other speech; 27 are the letters of the alphabet and any other word.
        speech: channels of a ``SpeechUnit``, which is trained after the rest; 0 for none.
        dropout: probability before the units, 0 <= p < 1.
        num_classes: number of words ``K``.
        n_mels: mel bands ``M``.

    Shape: ``[B, M, T] -> [B, T // 4, K + others + 1]``.

    >>> StringNet().eval()(torch.zeros(2, 40, 100)).shape
    torch.Size([2, 25, 39])
    """

    def __init__(
        self,
        *,
        widths: Sequence[int] = (16, 32, 48, 48),
        channels: int = 160,
        dilations: Sequence[int] = (1, 2, 4, 8, 1, 2, 4),
        width: int = 3,
        others: int = 27,
        speech: int = 0,
        dropout: float = 0.1,
        num_classes: int = 11,
        n_mels: int = 40,
    ) -> None:
        super().__init__(n_mels, num_classes, others)
        if len(widths) != 4:
            raise ConfigError(f"four widths are needed, got {list(widths)}")
        check_values(
            channels=(channels, CHANNELS),
            width=(width, Between(1, 64)),
            speech=(speech, Between(0, 4096)),
            dropout=(dropout, DROPOUT),
            **{f"widths[{i}]": (filters, CHANNELS) for i, filters in enumerate(widths)},
            **{f"dilations[{i}]": (dilation, Between(1, 64)) for i, dilation in enumerate(dilations)},
        )
        convolution = nn.Conv2d(1, widths[0], 5, stride=2, padding=(2, 0), bias=False)
        self.stem = nn.Sequential(convolution, nn.BatchNorm2d(widths[0]), nn.ReLU())
        strides = ((2, 2), (2, 1), (1, 1))
        self.blocks = nn.ModuleList(
            CausalBlock(inputs, outputs, stride)
            for inputs, outputs, stride in zip(widths, widths[1:], strides, strict=False)
        )
        joined = nn.Conv1d(widths[3] * math.ceil(n_mels / 8), channels, 1, bias=False)  # bands are halved three times
        self.join = nn.Sequential(joined, nn.BatchNorm1d(channels), nn.ReLU())
        self.over_time = nn.ModuleList(TemporalBlock(channels, width, dilation) for dilation in dilations)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Conv1d(channels, num_classes + others + 1, 1))
        self.speech = SpeechUnit(channels, speech) if speech else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def step(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Go on with streams; ``T`` is a multiple of 4. The logit of the ``SpeechUnit``, if any, stands last."""
        layers = Memory(memory)
        x = frames = self.single_frames(features, layers)
        for block in self.over_time:
            x = block(x, layers)
        logits: Tensor = self.head(x)
        if self.speech is not None:
            logits = torch.cat((logits, self.speech(frames, layers)), dim=1)
        return logits.transpose(1, 2), layers.after()

    def single_frames(self, features: Tensor, memory: Memory) -> Tensor:
        """Return what is known of each frame before the blocks over time, ``[B, M, T] -> [B, C, T / 4]``."""
        x = self.stem(memory.extend(features.unsqueeze(1), 3))
        for block in self.blocks:
            x = block(x, memory)
        frames: Tensor = self.join(x.flatten(1, 2))
        return frames
