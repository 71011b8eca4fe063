r"""The front end for ONNX: frames and Fourier transform as one convolution, the mel filters as one matrix product.

ONNX's own transform takes four times as long in onnxruntime. With the window :math:`w` of :math:`W` points that starts
at :math:`s` in the frame of :math:`n` points, the real and imaginary parts of ``MelFrontend``'s spectrum are

.. math::

    \Re X[t, k] &= \sum_{j < W} x[t h + s + j - n/2] \; w[j] \cos(2\pi k (s + j) / n) \\
    \Im X[t, k] &= -\sum_{j < W} x[t h + s + j - n/2] \; w[j] \sin(2\pi k (s + j) / n)

a convolution of the mirrored waveform with stride ``h``. Cosine and sine have only ``n`` values each, so the kernels
are drawn from a table: that is exact, and small enough to be kept in the file in place of the kernels
(``aurora_resnet.export.formulas``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.features.filterbank import filter_edges
from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.features.pcen import pcen

Array = npt.NDArray[np.float32]

_SMALLEST_VARIANCE = 1e-6  # of ``normalize_utterance``


@dataclass(frozen=True)
class FourierTable:
    """What the kernels of the convolution are computed from.

    Attributes:
        cosines: of ``2 pi i / n``, ``[n]``.
        sines: of the same angles, ``[n]``.
        window: without the zeros around it, ``[W]``.
        first: where the window begins in the frame, ``s``.
    """

    cosines: Array
    sines: Array
    window: Array
    first: int

    @classmethod
    def of(cls, config: MelConfig) -> FourierTable:
        """Return the table of a front end."""
        angles = 2 * np.pi * np.arange(config.fft_length) / config.fft_length
        window = torch.hann_window(config.window_length).numpy()
        first = (config.fft_length - config.window_length) // 2
        return cls(np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32), window, first)

    def places(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the bins ``k`` as ``[n_bins, 1]`` and the samples ``s + j`` as ``[1, W]``."""
        bins = np.arange(len(self.cosines) // 2 + 1)
        return bins[:, None], self.first + np.arange(len(self.window))[None]

    def kernels(self) -> Array:
        """Return the kernels, first the cosines, then the sines, ``[2 n_bins, 1, W]``."""
        bins, samples = self.places()
        turns = bins * samples % len(self.cosines)
        kernels: Array = np.concatenate((self.cosines[turns], self.sines[turns])) * self.window
        return kernels[:, None]


@dataclass(frozen=True)
class FilterEdges:
    """What the mel filters are computed from: ``max(0, min((f - left) / rise, (right - f) / fall))``.

    Attributes:
        left: lower edge of each filter in Hz, ``[M, 1]``.
        right: upper edge, ``[M, 1]``.
        rise: from the lower edge to the peak, ``[M, 1]``.
        fall: from the peak to the upper edge, ``[M, 1]``.
        bins: frequencies ``f`` in Hz, ``[1, n_bins]``.
    """

    left: Array
    right: Array
    rise: Array
    fall: Array
    bins: Array

    @classmethod
    def of(cls, config: MelConfig) -> FilterEdges:
        """Return the edges of a front end in float32, as ``mel_filterbank`` has them."""
        edges = filter_edges(config.n_mels, config.f_min, config.top, config.mel_scale, torch.float32)
        left, peak, right = (part.unsqueeze(1).numpy() for part in (edges[:-2], edges[1:-1], edges[2:]))
        bins = torch.linspace(0.0, config.sample_rate / 2, config.fft_length // 2 + 1)
        return cls(left, right, peak - left, right - peak, bins.unsqueeze(0).numpy())

    def filters(self) -> Array:
        """Return the filters, ``[M, n_bins]``."""
        rising, falling = (self.bins - self.left) / self.rise, (self.right - self.bins) / self.fall
        filters: Array = np.maximum(np.minimum(rising, falling), np.float32(0))
        return filters


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
        table = FourierTable.of(config)
        left = config.fft_length // 2 - table.first
        self.margins = (left, config.window_length - left)  # what the first and the last frame reach beyond the ends
        self.register_buffer("kernels", torch.from_numpy(table.kernels()))
        self.register_buffer("filters", torch.from_numpy(FilterEdges.of(config).filters()))

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
            # normalize_utterance is a layer normalisation, whose file holds a number for each cell of the picture. The
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
