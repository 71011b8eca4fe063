"""``BandEnergies``: a front end of one's own, from waveforms to features."""

import torch
from torch import Tensor, nn


class BandEnergies(nn.Module):
    """Log energies of learnt filters: a strided convolution, squared, averaged.

    Args:
        mel: the library's front end configuration; this one takes its sample rate, bands and hop.
        width: samples of a filter.

    Shape: ``[B, N] -> [B, bands, frames(N)]``.
    """

    def __init__(self, mel: object, width: int = 200) -> None:
        super().__init__()
        self.sample_rate: int = mel.sample_rate  # type: ignore[attr-defined]
        self.bands: int = mel.n_mels  # type: ignore[attr-defined]
        self.hop: int = mel.hop_length  # type: ignore[attr-defined]
        self.width = width
        time = torch.arange(width) / self.sample_rate
        centres = torch.linspace(100, 0.45 * self.sample_rate, self.bands)
        waves = torch.cos(2 * torch.pi * centres[:, None] * time) * torch.hann_window(width)
        self.filters = nn.Parameter(waves[:, None])

    def frames(self, samples: int) -> int:
        """Return the number of frames of a waveform of so many samples."""
        return 1 + samples // self.hop

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the features, each clip with mean 0 and deviation 1."""
        padded = nn.functional.pad(waveform, (self.width // 2, self.width // 2))
        energies = nn.functional.conv1d(padded[:, None], self.filters, stride=self.hop).square()
        features = torch.log(energies + 1e-6)
        mean = features.mean(dim=(1, 2), keepdim=True)
        return (features - mean) / (features.square().mean(dim=(1, 2), keepdim=True) - mean.square() + 1e-3).sqrt()
