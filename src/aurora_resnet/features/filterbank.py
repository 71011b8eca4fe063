r"""Triangular filters on the mel scale.

HTK: :math:`m(f) = 2595 \log_{10}(1 + f / 700)` (Young et al., *The HTK Book*, 5.4).
Slaney: linear up to 1 kHz with 15 mel per kHz, then logarithmic with 27 mel per factor 6.4 (*Auditory Toolbox*,
1998). Filter :math:`m` rises from edge :math:`e_m` to :math:`e_{m+1}` and falls to :math:`e_{m+2}`, where the
edges lie evenly on the mel scale; all peaks are 1.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

MelScale = Literal["htk", "slaney"]

_SLANEY_BREAK_HZ = 1000.0
_SLANEY_BREAK_MEL = 15.0
_SLANEY_LOG_STEP = math.log(6.4) / 27.0


def hz_to_mel(frequency: float, mel_scale: MelScale) -> float:
    """Convert a frequency in Hz to mel.

    >>> round(hz_to_mel(1000.0, "htk"), 2), hz_to_mel(1000.0, "slaney")
    (999.99, 15.0)
    """
    if mel_scale == "htk":
        return 2595.0 * math.log10(1.0 + frequency / 700.0)
    if frequency < _SLANEY_BREAK_HZ:
        return frequency * _SLANEY_BREAK_MEL / _SLANEY_BREAK_HZ
    return _SLANEY_BREAK_MEL + math.log(frequency / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP


def mel_to_hz(mel: Tensor, mel_scale: MelScale) -> Tensor:
    """Convert mel to frequencies in Hz; the inverse of ``hz_to_mel``.

    >>> round(float(mel_to_hz(torch.tensor(hz_to_mel(440.0, "slaney")), "slaney")), 3)
    440.0
    """
    if mel_scale == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    linear = mel * (_SLANEY_BREAK_HZ / _SLANEY_BREAK_MEL)
    logarithmic = _SLANEY_BREAK_HZ * torch.exp(_SLANEY_LOG_STEP * (mel - _SLANEY_BREAK_MEL))
    return torch.where(mel < _SLANEY_BREAK_MEL, linear, logarithmic)


def filter_edges(
    n_mels: int, f_min: float, f_max: float, mel_scale: MelScale, *, dtype: torch.dtype = torch.float64
) -> Tensor:
    """Return the ``n_mels + 2`` edges of the filters in Hz; filter ``m`` has its peak at edge ``m + 1``.

    >>> [round(edge, 1) for edge in filter_edges(2, 0.0, 1000.0, "slaney").tolist()]
    [0.0, 333.3, 666.7, 1000.0]
    """
    low, high = hz_to_mel(f_min, mel_scale), hz_to_mel(f_max, mel_scale)
    return mel_to_hz(torch.linspace(low, high, n_mels + 2, dtype=dtype), mel_scale)


def mel_filterbank(
    *,
    n_bins: int,
    n_mels: int,
    f_min: float,
    f_max: float,
    sample_rate: int,
    mel_scale: MelScale,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return the filters as a matrix.

    Args:
        n_bins: number of FFT bins from 0 Hz to half the sample rate.
        n_mels: number of filters.
        f_min: lower edge of the first filter in Hz.
        f_max: upper edge of the last filter in Hz.
        sample_rate: in Hz.
        mel_scale: ``"htk"`` or ``"slaney"``.
        dtype: precision in which everything is computed.

    Shape: ``[n_bins, n_mels]``.

    >>> filters = mel_filterbank(
    ...     n_bins=129, n_mels=40, f_min=60.0, f_max=4000.0, sample_rate=8000, mel_scale="htk"
    ... )
    >>> filters.shape, bool((filters >= 0).all())
    (torch.Size([129, 40]), True)
    """
    bins = torch.linspace(0.0, sample_rate / 2, n_bins, dtype=dtype).unsqueeze(1)  # [n_bins, 1]
    edges = filter_edges(n_mels, f_min, f_max, mel_scale, dtype=dtype)
    left, peak, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - left) / (peak - left)
    falling = (right - bins) / (right - peak)
    return torch.minimum(rising, falling).clamp(min=0.0)
