r"""Triangular filters on the mel scale.

HTK: :math:`m(f) = 2595 \log_{10}(1 + f / 700)` (Young et al., *The HTK Book*, 5.4).
Slaney: linear up to 1 kHz with 15 mel per kHz, then logarithmic with 27 mel per factor 6.4 (*Auditory Toolbox*,
1998). Filter :math:`m` rises from edge :math:`e_m` to :math:`e_{m+1}` and falls to :math:`e_{m+2}`, where the
edges lie evenly on the mel scale; all peaks are 1.
"""

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
