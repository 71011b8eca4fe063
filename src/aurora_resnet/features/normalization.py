"""Bring log-mel features to zero mean and unit variance, never across the clips of a batch."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.runtime.errors import ConfigError

#: Its square is added to the variance: a silent clip has none, and stays at zero.
_SMALLEST_DEVIATION = 1e-3


def normalize_utterance(features: Tensor) -> Tensor:
    """Shift and scale each clip's spectrogram to mean 0 and standard deviation 1 over bands and frames.

    Removes the recording's level (an added constant in the log domain) and its range.

    Shape: ``[..., M, T] -> [..., M, T]``.

    >>> y = normalize_utterance(torch.randn(3, 64, 101) * 5 + 7)
    >>> bool(y.mean(dim=(1, 2)).abs().max() < 1e-5)
    True
    """
    # Layer normalisation over the whole spectrogram is this very formula, in one pass over the memory.
    return F.layer_norm(features, features.shape[-2:], eps=_SMALLEST_DEVIATION**2)


class CorpusNormalization(nn.Module):
    """Shift and scale each mel band by the mean and deviation of a whole training corpus.

    The statistics are buffers, so they are saved with the model; ``fit`` sets them.

    Shape: ``[..., M, T] -> [..., M, T]``.

    >>> normalization = CorpusNormalization(n_mels=4)
    >>> normalization.fit([torch.randn(8, 4, 50) * 2 + 1])
    >>> [round(v) for v in normalization.mean.flatten().tolist()]
    [1, 1, 1, 1]
    """

    mean: Tensor
    deviation: Tensor
    fitted: Tensor

    @float32_on_cpu()
    def __init__(self, n_mels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_mels, 1))
        self.register_buffer("deviation", torch.ones(n_mels, 1))
        self.register_buffer("fitted", torch.tensor(False))

    def fit(self, batches: Iterable[Tensor]) -> None:
        """Compute the statistics from batches of features ``[B, M, T]``, summed in float64."""
        count = 0
        total = torch.zeros_like(self.mean, dtype=torch.float64)
        squares = torch.zeros_like(total)
        for features in batches:
            exact = features.double()
            count += features.shape[0] * features.shape[2]
            total += exact.sum(dim=(0, 2)).unsqueeze(1)
            squares += exact.square().sum(dim=(0, 2)).unsqueeze(1)
        if count == 0:
            raise ConfigError("corpus normalisation needs at least one batch of features, got none")
        mean = total / count
        self.mean.copy_(mean)
        self.deviation.copy_((squares / count - mean.square()).clamp(min=_SMALLEST_DEVIATION**2).sqrt())
        self.fitted.fill_(True)

    def forward(self, features: Tensor) -> Tensor:
        """Return the normalised features.

        Raises:
            ConfigError: if the statistics were never fitted.
        """
        if not self.fitted:
            raise ConfigError("normalization='corpus' has no statistics yet; call fit(...) on training features first")
        return (features - self.mean) / self.deviation
