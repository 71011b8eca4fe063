"""``SpeechEncoder`` and ``StringEncoder``: Whisper's encoder with a small head for words, or for strings of them."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.bounds import Between, check_values
from aurora_resnet.models.interface import CELLS, DROPOUT, SpeechClassifier, StringClassifier
from aurora_resnet.models.whisper_encoder import FRAMES_PER_STEP, WhisperEncoder


class BlockMixture(nn.Module):
    """A learnt mixture of what the blocks of an encoder say, normalised, of groups of steps.

    Args:
        width: of the encoder.
        blocks: of the encoder.
        pool: steps of a group, which are averaged.

    Shape: of each block ``[B, T, C] -> [B, C, T // pool]``.
    """

    def __init__(self, width: int, blocks: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(blocks))
        self.mixture = nn.Parameter(torch.zeros(blocks))

    def forward(self, outputs: list[Tensor]) -> Tensor:
        """Return the mixture."""
        whole = outputs[0].shape[1] // self.pool * self.pool
        grouped = [x[:, :whole].reshape(x.shape[0], -1, self.pool, x.shape[2]).mean(dim=2) for x in outputs]
        shares = self.mixture.softmax(dim=0)
        mixed = sum(share * norm(x) for share, norm, x in zip(shares, self.norms, grouped, strict=True))
        return torch.as_tensor(mixed).transpose(1, 2)


def count_doubt(logits: Tensor) -> Tensor:
    r"""Count doubt which word it is as evidence for none, ``[B, K] -> [B, K]``.

    A noise is often a little like many words, so it is more likely that it is any of them than that it is the best
    one, whose probability :math:`p`, among the words and none of them, becomes that of a word:

    .. math:: z'_k = z_k - \log \sum_j e^{z_j} + \log \frac{p}{1 - p}.

    The words stay as probable among each other as they were.

    >>> count_doubt(torch.zeros(1, 2)).exp()  # the odds of 1 in 3, shared by both
    tensor([[0.2500, 0.2500]])
    """
    best, others = logits.topk(logits.shape[1], dim=1).values.tensor_split((1,), dim=1)
    odds = best - F.pad(others, (0, 1)).logsumexp(dim=1, keepdim=True)
    return logits - logits.logsumexp(dim=1, keepdim=True) + odds


class WordHead(nn.Module):
    """From what the blocks of an encoder say of each step to the logits of words.

    Their mixture goes through two convolutions over time, and what attention, mean and maximum make of the steps
    through a dense layer; in evaluation doubt is counted.

    Args:
        width: of the encoder.
        blocks: of the encoder.
        pool: steps of a group.
        channels: of the convolutions.
        dropout: before the dense layer, 0 <= p < 1.
        num_classes: number of logits ``K``.

    Shape: of each block ``[B, T, C] -> [B, K]``.
    """

    def __init__(self, *, width: int, blocks: int, pool: int, channels: int, dropout: float, num_classes: int) -> None:
        super().__init__()
        check_values(pool=(pool, Between(1, 100)), channels=(channels, CELLS), dropout=(dropout, DROPOUT))
        self.mixture = BlockMixture(width, blocks, pool)
        self.conv1 = nn.Conv1d(width, channels, 3, padding=1)
        self.conv2 = nn.Conv1d(channels, channels, 3, padding=1)
        self.attention = nn.Conv1d(channels, 1, 1, bias=False)  # softmax takes a bias away again
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(3 * channels, num_classes)

    def forward(self, outputs: list[Tensor]) -> Tensor:
        """Return logits."""
        x = F.gelu(self.conv2(F.gelu(self.conv1(self.mixture(outputs)))))  # [B, C, T / pool]
        weights = self.attention(x).softmax(dim=2)
        pooled = torch.cat(((weights * x).sum(dim=2), x.mean(dim=2), x.amax(dim=2)), dim=1)
        logits: Tensor = self.classes(self.dropout(pooled))
        return logits if self.training else count_doubt(logits)


class Encoded(SpeechClassifier):
    """Base of networks of Whisper's encoder and a head for what its blocks say."""

    minimum_frames = 16
    dynamic_ranges = True
    encoder: WhisperEncoder

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        self.check_features(features)
        logits: Tensor = self.head(self.encoder(features))
        return logits


class SpeechEncoder(Encoded):
    """Words by an encoder that has met most of the world's ways to speak; it needs the front end ``whisper``.

    With the default sizes (Whisper tiny's) 7.9 M parameters and 0.4 G multiply-accumulates a second of sound. Whisper
    base is ``width=512, blocks=6, heads=8, hidden=2048``, small ``width=768, blocks=12, heads=12, hidden=3072``.

    Args:
        width: of the encoder.
        blocks: of the encoder.
        heads: of its attention.
        hidden: width of its dense networks.
        longest: most steps of 20 ms.
        pool: steps that the head averages.
        channels: of the head.
        dropout: in the head, 0 <= p < 1.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M``.
        weights: of Whisper, see ``WhisperEncoder.load``; random ones if not given.

    Shape: ``[B, M, T] -> [B, K]``.

    >>> SpeechEncoder(width=64, blocks=1, heads=1, hidden=64).eval()(torch.zeros(2, 80, 100)).shape
    torch.Size([2, 11])
    """

    def __init__(
        self,
        *,
        width: int = 384,
        blocks: int = 4,
        heads: int = 6,
        hidden: int = 1536,
        longest: int = 1500,
        pool: int = 2,
        channels: int = 160,
        dropout: float = 0.2,
        num_classes: int = 11,
        n_mels: int = 80,
        weights: str | Path | None = None,
    ) -> None:
        super().__init__(n_mels, num_classes)
        self.encoder = WhisperEncoder(
            width=width, blocks=blocks, heads=heads, hidden=hidden, bands=n_mels, longest=longest, weights=weights
        )
        check_values(pool=(pool, Between(1, self.minimum_frames // FRAMES_PER_STEP)))
        self.head = WordHead(
            width=width, blocks=blocks, pool=pool, channels=channels, dropout=dropout, num_classes=num_classes
        )


class StringHead(nn.Module):
    """From what the blocks of an encoder say to the logits of units for every 40 ms, ``[B, T, C] -> [B, T / 2, U]``."""

    def __init__(self, width: int, blocks: int, pool: int, dropout: float, units: int) -> None:
        super().__init__()
        check_values(dropout=(dropout, DROPOUT))
        self.mixture = BlockMixture(width, blocks, pool)
        self.dropout = nn.Dropout(dropout)
        self.units = nn.Linear(width, units)

    def forward(self, outputs: list[Tensor]) -> Tensor:
        """Return logits."""
        logits: Tensor = self.units(self.dropout(self.mixture(outputs).transpose(1, 2)))
        return logits


class StringEncoder(Encoded, StringClassifier):
    """Strings of words by the encoder of ``SpeechEncoder``, trained with CTC; it sees all of a recording at once.

    Args:
        others: units for other speech; 27 are the letters of the alphabet and any other word.
        width, blocks, heads, hidden, longest, dropout, num_classes, n_mels, weights: as ``SpeechEncoder``.

    Shape: ``[B, M, T] -> [B, T // 4, K + others + 1]``.

    >>> StringEncoder(width=64, blocks=1, heads=1, hidden=64).eval()(torch.zeros(2, 80, 100)).shape
    torch.Size([2, 25, 39])
    """

    def __init__(
        self,
        *,
        others: int = 27,
        width: int = 384,
        blocks: int = 4,
        heads: int = 6,
        hidden: int = 1536,
        longest: int = 1500,
        dropout: float = 0.1,
        num_classes: int = 11,
        n_mels: int = 80,
        weights: str | Path | None = None,
    ) -> None:
        super().__init__(n_mels, num_classes, others)
        self.encoder = WhisperEncoder(
            width=width, blocks=blocks, heads=heads, hidden=hidden, bands=n_mels, longest=longest, weights=weights
        )
        self.head = StringHead(width, blocks, self.frames_per_answer // FRAMES_PER_STEP, dropout, self.blank + 1)
