"""The front end for ONNX: frames and Fourier transform as one convolution, the mel filters as one matrix product."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.features.fourier import fourier_kernels
from aurora_resnet.features.mel import MelFrontend, mel_filters
from aurora_resnet.features.pcen import pcen, pcen_step

_SMALLEST_VARIANCE = 1e-6  # of ``normalize_utterance``


class ConvolutionalFrontend(nn.Module):
    """``MelFrontend`` for waveforms ``[B, N]``, made of operations that ONNX runtimes do fast.

    Args:
        frontend: what it computes.

    Shape: ``[B, N] -> [B, M, T]``.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> frontend = MelFrontend(MelConfig(sample_rate=8000))
    >>> waveform = torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    >>> torch.allclose(ConvolutionalFrontend(frontend)(waveform), frontend(waveform), atol=1e-4)
    True
    """

    kernels: Tensor
    filters: Tensor

    def __init__(self, frontend: MelFrontend) -> None:
        super().__init__()
        self.config = config = frontend.config
        self.normalization = frontend.normalization
        left = config.margins[0] - config.window_start
        self.margins = (left, config.window_length - left - (config.hop_length if config.causal else 0))
        self.register_buffer("kernels", torch.from_numpy(fourier_kernels(config)))
        self.register_buffer("filters", mel_filters(config).T.contiguous())

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the normalised log-mel features."""
        config = self.config
        x = F.pad(waveform, self.margins, mode="constant" if config.causal else "reflect").unsqueeze(1)
        spectrum = F.conv1d(x, self.kernels, stride=config.hop_length)  # [B, 2 n_bins, T]
        real, imaginary = spectrum.chunk(2, dim=1)
        power = real * real + imaginary * imaginary  # [B, n_bins, T]
        if config.power != 2.0:
            power = power.clamp(min=1.2e-38).pow(config.power / 2)
        features = self._compressed(self.filters @ power)  # [B, M, T]
        if self.normalization is not None:
            return (features - self.normalization.mean) / self.normalization.deviation
        if config.normalization == "utterance":
            # normalize_utterance is a layer normalisation, whose file holds a number for each cell. The
            # mean goes anyway; taking the largest value off first makes silence exactly 0, whose deviation of 0 is
            # divided by 0.001: that would make a thousand of the mean's rounding error.
            features = features - features.amax(dim=(1, 2), keepdim=True)
            return F.instance_norm(features.unsqueeze(1), eps=_SMALLEST_VARIANCE).squeeze(1)
        return features

    def _compressed(self, energies: Tensor) -> Tensor:
        config = self.config
        if config.compression == "pcen":
            frames = energies.transpose(1, 2)
            features = pcen_step(frames, torch.zeros_like(frames[:, :1]))[0] if config.causal else pcen(frames)
            return features.transpose(1, 2)
        features = energies.clamp(min=config.log_floor).log()
        if config.dynamic_range_db is None:
            return features
        range_nepers = config.dynamic_range_db * config.power * math.log(10) / 20
        return torch.maximum(features, features.amax(dim=(1, 2), keepdim=True) - range_nepers)
