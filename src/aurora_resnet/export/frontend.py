r"""The front end for ONNX: frames and Fourier transform as one convolution, the mel filters as one matrix product.

ONNX's own transform takes four times as long in onnxruntime. With the window :math:`w` of :math:`W` points that starts
at :math:`s` in the frame of :math:`n` points, the real and imaginary parts of ``MelFrontend``'s spectrum are

.. math::

    \Re X[t, k] &= \sum_{j < W} x[t h + s + j - n/2] \; w[j] \cos(2\pi k (s + j) / n) \\
    \Im X[t, k] &= -\sum_{j < W} x[t h + s + j - n/2] \; w[j] \sin(2\pi k (s + j) / n)

a convolution of the mirrored waveform with stride ``h``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.features.mel import MelConfig, MelFrontend, mel_filters
from aurora_resnet.features.pcen import pcen

Array = npt.NDArray[np.float32]

_SMALLEST_VARIANCE = 1e-6  # of ``normalize_utterance``


def fourier_kernels(config: MelConfig) -> Array:
    """Return the kernels of the convolution, first the cosines, then the sines, ``[2 n_bins, 1, W]``.

    Cosine and sine take only ``n`` values each; turns are reduced to whole ones as integers, which is exact.
    """
    n, window = config.fft_length, torch.hann_window(config.window_length, dtype=torch.float32).numpy()
    turns = np.arange(n // 2 + 1)[:, None] * (_first_sample(config) + np.arange(len(window))) % n
    angles = 2 * np.pi * turns / n
    kernels: Array = np.concatenate((np.cos(angles), np.sin(angles))).astype(np.float32) * window
    return kernels[:, None]


def _first_sample(config: MelConfig) -> int:
    """Return where the window begins in the frame, ``s``."""
    return (config.fft_length - config.window_length) // 2


class ConvolutionalFrontend(nn.Module):
    """``MelFrontend`` for waveforms ``[B, N]``, made of operations that ONNX runtimes do fast.

    Args:
        frontend: what it computes.

    Shape: ``[B, N] -> [B, M, T]``.

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
        left = config.fft_length // 2 - _first_sample(config)
        self.margins = (left, config.window_length - left)  # what the first and the last frame reach beyond the ends
        self.register_buffer("kernels", torch.from_numpy(fourier_kernels(config)))
        self.register_buffer("filters", mel_filters(config).T.contiguous())

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the normalised log-mel features."""
        config = self.config
        x = F.pad(waveform, self.margins, mode="reflect").unsqueeze(1)
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
            return pcen(energies.transpose(1, 2)).transpose(1, 2)
        features = energies.clamp(min=config.log_floor).log()
        if config.dynamic_range_db is None:
            return features
        range_nepers = config.dynamic_range_db * config.power * math.log(10) / 20
        return torch.maximum(features, features.amax(dim=(1, 2), keepdim=True) - range_nepers)
