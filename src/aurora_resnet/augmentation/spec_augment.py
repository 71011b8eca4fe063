"""SpecAugment: hide stripes of the spectrogram.

Source: Park et al., *SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition*, 2019,
without time warping.
"""

from typing import Annotated

import torch
from torch import Tensor

from aurora_resnet.bounds import Between, configuration

Count = Annotated[int, Between(0, 1000)]


@configuration()
class SpecAugment:
    """Mask random bands and frames of log-mel features with the clip's mean.

    Raises:
        ConfigError: naming every option that is out of its range.

    >>> augment = SpecAugment(probability=1.0)
    >>> features = torch.randn(4, 64, 101)
    >>> mask = augment.sample(features.shape, torch.Generator().manual_seed(0))
    >>> augment.apply(features, mask).shape
    torch.Size([4, 64, 101])
    """

    frequency_masks: Count = 2
    #: Largest number of mel bands a mask hides.
    frequency_width: Count = 10
    time_masks: Count = 2
    #: Largest number of frames a mask hides.
    time_width: Count = 15
    #: Share of the clips that are masked at all.
    probability: Annotated[float, Between(0, 1)] = 0.5

    def sample(self, shape: torch.Size | tuple[int, int, int], generator: torch.Generator) -> Tensor:
        """Draw which cells of features ``[B, M, T]`` are hidden.

        Shape: boolean ``[B, M, T]``, true where hidden.
        """
        batch, n_mels, frames = shape
        bands = _stripes(batch, self.frequency_masks, self.frequency_width, n_mels, generator)  # [B, M]
        times = _stripes(batch, self.time_masks, self.time_width, frames, generator)  # [B, T]
        chosen = torch.rand(batch, 1, 1, generator=generator) < self.probability
        return (bands.unsqueeze(2) | times.unsqueeze(1)) & chosen

    @staticmethod
    def apply(features: Tensor, mask: Tensor) -> Tensor:
        """Return the features with the masked cells at each clip's mean; the input stays as it is."""
        mean = features.mean(dim=(1, 2), keepdim=True)
        return torch.where(mask.to(features.device), mean, features)


def _stripes(batch: int, count: int, width: int, size: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` stripes a clip: uniform widths, uniform starts where they fit. ``[B, size]``."""
    widths = torch.randint(0, min(width, size) + 1, (batch, count, 1), generator=generator)
    starts = (torch.rand(batch, count, 1, generator=generator) * (size - widths + 1)).floor()
    positions = torch.arange(size)
    inside = (positions >= starts) & (positions < starts + widths)  # [B, count, size]
    return inside.any(dim=1)
