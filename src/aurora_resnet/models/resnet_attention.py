"""``ResidualSpeechNet`` with attention where the paper has a global average.

The last stage's map is averaged over the bands, which leaves a sequence of ``T / 16`` vectors of ``C`` channels, about
one for every 160 ms. What turns it into logits belongs to the head: the ImageNet weights know nothing of it.
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from aurora_resnet.bounds import check_values
from aurora_resnet.models.interface import CELLS, LAYERS, dense_head
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.runtime.errors import ConfigError


class AttentionPooling(nn.Module):
    r"""A weighted mean over time whose weights the network gives itself.

    .. math:: a = \mathrm{softmax}_t\big(v^\top \tanh(W h_t + b)\big), \qquad y = \sum_t a_t h_t

    Source: Okabe et al., *Attentive Statistics Pooling for Deep Speaker Embedding*, 2018, the mean alone.

    Shape: ``[B, L, C] -> [B, C]``.

    >>> AttentionPooling(channels=8, hidden=4)(torch.ones(2, 7, 8)).shape
    torch.Size([2, 8])
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(channels, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)  # a constant cancels in the softmax

    def forward(self, sequence: Tensor) -> Tensor:
        """Return the weighted mean."""
        weights = self.score(torch.tanh(self.hidden(sequence))).softmax(dim=1)  # [B, L, 1]
        mean: Tensor = (weights * sequence).sum(dim=1)
        return mean


class TransformerPooling(nn.Module):
    """A transformer encoder over the sequence, then the mean.

    Layers normalise before attention (Xiong et al., *On Layer Normalization in the Transformer Architecture*, 2020),
    which trains without a long warm-up; positions are told by sines (Vaswani et al., *Attention Is All You Need*,
    2017, section 3.5), so any length works.

    Shape: ``[B, L, C] -> [B, width]``.

    >>> TransformerPooling(channels=8, width=4, layers=1, heads=2, dropout=0.0)(torch.ones(2, 7, 8)).shape
    torch.Size([2, 4])
    """

    def __init__(self, channels: int, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(channels, width)
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, sequence: Tensor) -> Tensor:
        """Return the mean of the encoded sequence."""
        projected = self.project(sequence)
        encoded: Tensor = self.encoder(projected + _positions(projected))
        return encoded.mean(dim=1)


def _positions(sequence: Tensor) -> Tensor:
    """Return sines and cosines ``[L, width]`` of wavelengths from 2 pi to 20,000 pi positions."""
    length, width = sequence.shape[1:]
    position = torch.arange(length, device=sequence.device, dtype=torch.float32).unsqueeze(1)
    steps = torch.arange(0, width, 2, device=sequence.device, dtype=torch.float32)
    rates = torch.exp(steps * (-math.log(10_000.0) / width))
    return torch.cat([torch.sin(position * rates), torch.cos(position * rates)], dim=1).to(sequence.dtype)


class _OverTime(ResidualSpeechNet):
    """The stages, and a head that takes the sequence ``[B, T/16, C]`` in the place of its mean."""

    def embed(self, features: Tensor) -> Tensor:
        """Return the sequence."""
        return self.feature_map(features).mean(dim=2).transpose(1, 2)


class ResNetAttention(_OverTime):
    """ResNet-50 stages, attention pooling over time, the dense head.

    Args:
        stages: 3 or 4, as ``ResidualSpeechNet``.
        weights: as ``ResidualSpeechNet``.
        dropout: probability in the head, 0 <= p < 1.
        hidden: width of the head's dense layer, and of the attention.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M``.

    Shape: ``[B, M, T] -> [B, K]``.

    >>> ResNetAttention().eval()(torch.zeros(2, 64, 101)).shape
    torch.Size([2, 11])
    """

    def build_head(self, hidden: int, dropout: float) -> nn.Module:
        """Return attention pooling and the dense layers."""
        dense = dense_head(self.channels, hidden, dropout, self.num_classes)
        return nn.Sequential(AttentionPooling(self.channels, hidden), *dense)


class ResNetTransformer(_OverTime):
    """ResNet-50 stages, a transformer encoder over time, the dense head.

    Args:
        stages: 3 or 4, as ``ResidualSpeechNet``.
        weights: as ``ResidualSpeechNet``.
        dropout: probability in the dense head, 0 <= p < 1.
        hidden: width of the head's dense layer.
        width: of the encoder, an even multiple of ``heads``.
        layers: number of encoder layers.
        heads: attention heads of a layer.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M``.

    Shape: ``[B, M, T] -> [B, K]``.

    Raises:
        ConfigError: for a width that the heads do not divide, or no layers.

    >>> ResNetTransformer().eval()(torch.zeros(2, 64, 101)).shape
    torch.Size([2, 11])
    """

    def __init__(
        self,
        stages: int = 3,
        *,
        weights: str | Path | None = None,
        dropout: float = 0.5,
        hidden: int = 128,
        width: int = 256,
        layers: int = 2,
        heads: int = 4,
        num_classes: int = 11,
        n_mels: int = 64,
    ) -> None:
        check_values(width=(width, CELLS), layers=(layers, LAYERS), heads=(heads, CELLS))
        if width % heads or width % 2:
            raise ConfigError(f"an even width that the heads divide is needed, got width {width} and {heads} heads")
        super().__init__(
            stages, weights=weights, dropout=dropout, hidden=hidden, num_classes=num_classes, n_mels=n_mels
        )
        pooling = TransformerPooling(self.channels, width, layers, heads, dropout=0.1)
        self.head = nn.Sequential(pooling, *dense_head(width, hidden, dropout, num_classes))
