"""``RecurrentClassifier``: the LSTM and BiLSTM baselines."""

import torch
from torch import Tensor, nn

from aurora_resnet.bounds import check_values
from aurora_resnet.models.interface import CELLS, LAYERS, SpeechClassifier, dense_head


class RecurrentClassifier(SpeechClassifier):
    """Two LSTM layers of 128 cells over the frames, mean over time, dense layer, dropout, classes.

    The mean over all outputs replaces the last one, which would only see the silence after a short word.

    Args:
        bidirectional: read the frames in both directions (BiLSTM).
        cells: width of each layer and direction.
        layers: number of LSTM layers.
        dropout: probability in the head, 0 <= p < 1.
        hidden: width of the head's dense layer.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M``.

    Shape: ``[B, M, T] -> [B, K]``.

    >>> import torch
    >>> RecurrentClassifier(bidirectional=True).eval()(torch.zeros(2, 64, 101)).shape
    torch.Size([2, 11])
    """

    minimum_frames = 1

    def __init__(
        self,
        *,
        bidirectional: bool = False,
        cells: int = 128,
        layers: int = 2,
        dropout: float = 0.5,
        hidden: int = 128,
        num_classes: int = 11,
        n_mels: int = 64,
    ) -> None:
        super().__init__(n_mels, num_classes)
        check_values(cells=(cells, CELLS), layers=(layers, LAYERS))
        self.lstm = nn.LSTM(n_mels, cells, layers, batch_first=True, bidirectional=bidirectional)
        self.head = dense_head(cells * (2 if bidirectional else 1), hidden, dropout, num_classes)

    def embed(self, features: Tensor) -> Tensor:
        """Return the mean of the LSTM's outputs."""
        sequence = features.transpose(1, 2)
        if torch.is_autocast_enabled(sequence.device.type):
            # Autocast rounds the weights; not every CPU multiplies them with a float32 sequence.
            sequence = sequence.to(torch.get_autocast_dtype(sequence.device.type))
        outputs, _ = self.lstm(sequence)  # [B, T, C]
        return torch.mean(outputs, dim=1)
