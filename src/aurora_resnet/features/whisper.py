r"""The front end of Whisper's encoder, computed at the rate of the recording.

Whisper (Radford et al., *Robust Speech Recognition via Large-Scale Weak Supervision*, 2022) takes sound at 16 kHz: a
Fourier transform of :math:`n = 400` samples in a periodic Hann window every 160, its power in 80 mel bands of equal
area from 0 to 8 kHz (Slaney's scale), and

.. math::

    Y = \tfrac14 \Big(4 + \max\big(\log_{10} \max(F |X|^2, 10^{-10}), \; \max_{m,t} - 8\big)\Big).

Sound of rate :math:`r` has no need to be resampled for that. A window of 25 ms holds :math:`r / 40` samples, so bins
lie 40 Hz apart at every rate, and what is resampled to 16 kHz has :math:`16000 / r` times as many samples, each of the
same size: its spectrum is :math:`16000 / r` times as large up to half the rate, and 0 above.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.features.filterbank import filter_edges
from aurora_resnet.features.fourier import fourier_kernels
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.runtime.errors import ConfigError

BANDS = 80
WHISPER_RATE, TOP_HZ, BIN_HZ = 16_000, 8000.0, 40
WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.010
#: Smallest power, and how far below the largest value of a clip the others end, in powers of ten.
FLOOR, RANGE = 1e-10, 8.0


def equal_area_filters(bins: int) -> Tensor:
    """Return Whisper's filters for bins from 0 Hz on, ``[BANDS, bins]``.

    >>> round(float(equal_area_filters(201).sum(1)[79]) * BIN_HZ, 2)
    1.0
    """
    at = BIN_HZ * torch.arange(bins, dtype=torch.float64).unsqueeze(1)
    edges = filter_edges(BANDS, 0.0, TOP_HZ, "slaney")
    left, peak, right = edges[:-2], edges[1:-1], edges[2:]
    triangles = torch.minimum((at - left) / (peak - left), (right - at) / (right - peak)).clamp(min=0)
    return (triangles * (2 / (right - left))).T.float()


class WhisperFrontend(nn.Module):
    """Whisper's log-mel spectrogram of a batch of waveforms, each clip by itself; no padding to 30 seconds.

    Args:
        mel: the sample rate, a multiple of 400 Hz; all else is Whisper's.

    Shape:
        - Input: ``[B, N]``, at least 25 ms, in [-1, 1].
        - Output: ``[B, 80, T]`` with ``T = N // hop``, a hop of 10 ms.

    >>> WhisperFrontend(MelConfig(sample_rate=8000))(torch.zeros(2, 8000)).shape
    torch.Size([2, 80, 100])
    """

    kernels: Tensor
    filters: Tensor

    @float32_on_cpu()
    def __init__(self, mel: MelConfig) -> None:
        super().__init__()
        if mel.sample_rate % 400:
            raise ConfigError(f"Whisper's front end needs a sample rate of whole 400 Hz, got {mel.sample_rate} Hz")
        self.sample_rate = mel.sample_rate
        self.window = mel.sample_rate // BIN_HZ
        self.hop = round(HOP_SECONDS * mel.sample_rate)
        spectrum = MelConfig(mel.sample_rate, window_seconds=WINDOW_SECONDS, n_fft=self.window)
        filters = equal_area_filters(self.window // 2 + 1) * (WHISPER_RATE / mel.sample_rate) ** 2
        self.register_buffer("kernels", torch.from_numpy(fourier_kernels(spectrum)), persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    @property
    def bands(self) -> int:
        """Number of mel bands."""
        return BANDS

    def frames(self, samples: int) -> int:
        """Return the number of frames of a waveform of so many samples."""
        return samples // self.hop

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the features of waveforms."""
        half = self.window // 2
        if waveform.dim() != 2 or waveform.shape[1] <= half:
            raise ConfigError(f"Whisper's front end takes more than {half} samples, [B, N], got {list(waveform.shape)}")
        with torch.autocast(waveform.device.type, enabled=False):
            x = F.pad(waveform.float(), (half, half), mode="reflect").unsqueeze(1)
            spectrum = F.conv1d(x, self.kernels.float(), stride=self.hop)[..., : self.frames(waveform.shape[1])]
            real, imaginary = spectrum.chunk(2, dim=1)
            energies = self.filters.float() @ (real * real + imaginary * imaginary)  # [B, M, T]
            features = energies.clamp(min=FLOOR).log10()
            features = torch.maximum(features, features.amax(dim=(1, 2), keepdim=True) - RANGE)
        return ((features + 4) / 4).to(waveform.dtype)
