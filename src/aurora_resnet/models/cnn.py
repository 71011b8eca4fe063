"""The convolutional baselines: ``CnnClassifier``, and ``CnnLstmClassifier`` with an LSTM for the course in time."""

import torch
from torch import Tensor, nn

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.features.mel import MOST_BANDS
from aurora_resnet.models.interface import CELLS, SpeechClassifier, dense_head


def convolution_block(inputs: int, outputs: int) -> nn.Sequential:
    """Return 3 x 3 convolution, batch normalisation, ReLU and 2 x 2 max pooling.

    >>> convolution_block(1, 32)(__import__("torch").zeros(2, 1, 64, 101)).shape
    torch.Size([2, 32, 32, 50])
    """
    convolution = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2))


class CnnClassifier(SpeechClassifier):
    """Three convolution blocks (32, 64, 128 filters), mean over time, dense layer, dropout, classes.

    The size follows the small convolutional networks of spoken-digit papers. Averaging over time instead of flattening
    makes any clip length fit; frequency is kept.

    Args:
        dropout: probability in the head, 0 <= p < 1.
        hidden: width of the head's dense layer.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M``, at least 8.

    Shape: ``[B, M, T] -> [B, K]``.

    >>> import torch
    >>> CnnClassifier().eval()(torch.zeros(2, 64, 101)).shape
    torch.Size([2, 11])
    """

    def __init__(self, *, dropout: float = 0.5, hidden: int = 128, num_classes: int = 11, n_mels: int = 64) -> None:
        super().__init__(n_mels, num_classes)
        check_values(n_mels=(n_mels, Between(8, MOST_BANDS)))  # they are halved three times
        self.blocks = nn.Sequential(convolution_block(1, 32), convolution_block(32, 64), convolution_block(64, 128))
        self.head = dense_head(128 * (n_mels // 8), hidden, dropout, num_classes)

    def embed(self, features: Tensor) -> Tensor:
        """Return the filters' means over time, band by band."""
        x = self.blocks(features.unsqueeze(1))  # [B, 128, M/8, T/8]
        return torch.mean(x, dim=3).flatten(1)


class CnnLstmClassifier(SpeechClassifier):
    """Two convolution blocks (32, 64 filters), one LSTM layer of 128 cells, mean over time, dense head.

    Args:
        cells: width of the LSTM layer.
        dropout: probability in the head, 0 <= p < 1.
        hidden: width of the head's dense layer.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M``, at least 4.

    Shape: ``[B, M, T] -> [B, K]``.

    >>> import torch
    >>> CnnLstmClassifier().eval()(torch.zeros(2, 64, 101)).shape
    torch.Size([2, 11])
    """

    def __init__(
        self, *, cells: int = 128, dropout: float = 0.5, hidden: int = 128, num_classes: int = 11, n_mels: int = 64
    ) -> None:
        super().__init__(n_mels, num_classes)
        check_values(n_mels=(n_mels, Between(4, MOST_BANDS)), cells=(cells, CELLS))
        self.blocks = nn.Sequential(convolution_block(1, 32), convolution_block(32, 64))
        self.lstm = nn.LSTM(64 * (n_mels // 4), cells, batch_first=True)
        self.head = dense_head(cells, hidden, dropout, num_classes)

    def embed(self, features: Tensor) -> Tensor:
        """Return the mean of the LSTM's outputs."""
        x = self.blocks(features.unsqueeze(1))  # [B, 64, M/4, T/4]
        sequence = x.flatten(1, 2).transpose(1, 2)  # [B, T/4, 64 * M/4]
        outputs, _ = self.lstm(sequence)  # [B, T/4, C]
        return torch.mean(outputs, dim=1)
