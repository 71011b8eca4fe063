r"""The front end: from a waveform to a log-mel spectrogram.

For a waveform :math:`x[n]` of :math:`N` samples, a window :math:`w` of :math:`n_\mathrm{fft}` points (a periodic
Hann window of ``window_seconds``, centred in zeros), hop :math:`h` and mel filters :math:`F`

.. math::

    X[t, k] &= \sum_{n} x[t h + n - n_\mathrm{fft}/2] \; w[n] \; e^{-2\pi i k n / n_\mathrm{fft}}  \\
    Y[m, t] &= \log \max\Big(\sum_k F[k, m] \, |X[t, k]|^p, \; \mathrm{floor}\Big), \qquad
    t = 0 \dots \lfloor N / h \rfloor

with the waveform mirrored at both ends: the definition of ``torchaudio.transforms.MelSpectrogram`` (centred,
reflecting), which the tests take as one of two references. Mel scales: HTK (Young et al., *The HTK Book*,
5.4) and Slaney (*Auditory Toolbox*, 1998).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY
from typing import Annotated, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.bounds import Between, configuration
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.features.filterbank import MelScale, filter_edges
from aurora_resnet.features.normalization import CorpusNormalization, normalize_utterance
from aurora_resnet.features.pcen import pcen, pcen_step
from aurora_resnet.runtime.audio.waveform import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from aurora_resnet.runtime.errors import ConfigError

MOST_BANDS = 1000
MOST_FILTER_VALUES = 2**24
Seconds = Annotated[float, Between(0, 1, above=True)]
Frequency = Annotated[float, Between(0, MAX_SAMPLE_RATE / 2)]


@configuration()
class MelConfig:
    """What the front end computes; a value that is saved with every model.

    >>> config = MelConfig(sample_rate=8000)
    >>> config.window_length, config.hop_length, config.fft_length, config.frames(8000)
    (200, 80, 256, 101)
    """

    #: Rate of the waveforms in Hz; there is no default on purpose.
    sample_rate: Annotated[int, Between(MIN_SAMPLE_RATE, MAX_SAMPLE_RATE)]
    _: KW_ONLY
    #: From one sample to a second, as ``hop_seconds``.
    window_seconds: Seconds = 0.025
    hop_seconds: Seconds = 0.010
    #: FFT length in samples; ``None`` takes the next power of two of the window.
    n_fft: Annotated[int, Between(2, 2**20)] | None = None
    n_mels: Annotated[int, Between(1, MOST_BANDS)] = 64
    #: Lower edge of the first filter in Hz.
    f_min: Frequency = 60.0
    #: Upper edge of the last filter in Hz; ``None`` takes half the sample rate.
    f_max: Frequency | None = None
    mel_scale: MelScale = "htk"
    #: Exponent of the magnitude: 2 for power, 1 for magnitude.
    power: Annotated[float, Between(0, 10, above=True)] = 2.0
    #: The logarithm, or a gain control for each band (``pcen``), which has no use for floor and range.
    compression: Literal["log", "pcen"] = "log"
    #: Smallest value before the logarithm, about the quantisation noise of 8-bit telephone speech.
    log_floor: Annotated[float, Between(0, 1e6, above=True)] = 1e-6
    #: Raise everything to so many dB below the clip's loudest cell, so that neither the level of a recording nor
    #: digital silence around a word shows; ``None`` leaves it. Needs a ``log_floor`` far below speech.
    dynamic_range_db: Annotated[float, Between(0, 1000, above=True)] | None = None
    normalization: Literal["none", "utterance", "corpus"] = "utterance"
    #: Frames that do not look ahead, for streams: frame ``t`` ends with sample ``(t + 1) hop``, silence is thought
    #: before the waveform, and there are ``N // hop`` of them. Needs a normalisation that does not look ahead either.
    causal: bool = False

    def _misfits(self) -> Iterator[str]:
        """Yield where fields do not fit each other."""
        nyquist = self.sample_rate / 2
        for name, seconds in (("window_seconds", self.window_seconds), ("hop_seconds", self.hop_seconds)):
            if seconds * self.sample_rate < 1:
                yield f"{name} must be at least one sample, got {seconds}"
        if not self.f_min < self.top <= nyquist:
            yield f"0 <= f_min < f_max <= {nyquist:g} Hz is needed, got f_min {self.f_min:g}, f_max {self.top:g}"
        if self.causal and (self.normalization == "utterance" or self.dynamic_range_db is not None):
            yield "causal frames cannot know a whole clip: set normalization to none or corpus, and no dynamic_range_db"
        if self.causal and self.hop_seconds > self.window_seconds:
            yield "causal frames need a hop_seconds of at most window_seconds"
        if self.compression == "pcen" and self.dynamic_range_db is not None:
            yield f"compression 'pcen' has no dynamic_range_db, got {self.dynamic_range_db}"
        within = self.sample_rate <= MAX_SAMPLE_RATE and self.n_mels <= MOST_BANDS  # or it was said already
        if within and self.fft_length * self.n_mels > MOST_FILTER_VALUES:
            yield f"n_fft {self.fft_length} and n_mels {self.n_mels} make more than {MOST_FILTER_VALUES:,} values"
        # An odd length has no bin at half the sample rate, and its frames are not centred on multiples of the hop.
        if self.fft_length < self.window_length or self.fft_length % 2:
            yield f"n_fft must be even and at least the window's {self.window_length} samples, got {self.n_fft}"

    @property
    def top(self) -> float:
        """Upper edge of the last filter in Hz."""
        return self.sample_rate / 2 if self.f_max is None else self.f_max

    @property
    def window_length(self) -> int:
        """Window length in samples."""
        return round(self.window_seconds * self.sample_rate)

    @property
    def hop_length(self) -> int:
        """Hop in samples."""
        return round(self.hop_seconds * self.sample_rate)

    @property
    def fft_length(self) -> int:
        """FFT length in samples."""
        if self.n_fft is not None:
            return self.n_fft
        return 1 << max(self.window_length - 1, 1).bit_length()

    def frames(self, samples: int) -> int:
        """Return the number of frames of a waveform: ``1 + samples // hop_length``, one less if they are causal."""
        return samples // self.hop_length + (not self.causal)

    @property
    def margins(self) -> tuple[int, int]:
        """How many samples the FFTs of the first and the last frame reach beyond the waveform."""
        if not self.causal:
            return self.fft_length // 2, self.fft_length // 2
        after = self.fft_length - self.window_length - self.window_start
        return self.fft_length - self.hop_length - after, after

    @property
    def window_start(self) -> int:
        """First point of the FFT that the window does not make zero."""
        return (self.fft_length - self.window_length) // 2


def mel_filters(config: MelConfig, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the filters of a front end as a matrix, ``[n_bins, M]``, for the bins from 0 Hz to half the sample rate.

    >>> filters = mel_filters(MelConfig(sample_rate=8000))
    >>> filters.shape, bool((filters >= 0).all())
    (torch.Size([129, 64]), True)
    """
    bins = torch.linspace(0.0, config.sample_rate / 2, config.fft_length // 2 + 1, dtype=dtype).unsqueeze(1)
    edges = filter_edges(config.n_mels, config.f_min, config.top, config.mel_scale, dtype=dtype)
    left, peak, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - left) / (peak - left)
    falling = (right - bins) / (right - peak)
    return torch.minimum(rising, falling).clamp(min=0.0)


class MelFrontend(nn.Module):
    """Log-mel spectrogram of a batch of waveforms, differentiable, each clip by itself.

    Args:
        config: what to compute.

    Shape:
        - Input: ``[B, N]`` or ``[N]``, at least ``n_fft // 2 + 1`` samples, in [-1, 1].
        - Output: ``[B, M, T]`` or ``[M, T]`` with ``T = 1 + N // hop_length``, in the input's dtype.

    The arithmetic is done in float32 whatever the dtype of the module and whether or not autocast is on, since a
    power spectrum spans more than half precision holds; a float64 waveform is computed in float64, constants
    included.

    >>> frontend = MelFrontend(MelConfig(sample_rate=8000))
    >>> frontend(torch.zeros(2, 8000)).shape
    torch.Size([2, 64, 101])
    """

    window: Tensor
    filters: Tensor

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        self.config = config
        self.normalization = CorpusNormalization(config.n_mels) if config.normalization == "corpus" else None
        # Derived from the config, so not part of the state dict.
        window, filters = self._constants(torch.float32)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    @property
    def sample_rate(self) -> int:
        """Rate of the waveforms in Hz."""
        return self.config.sample_rate

    @property
    def bands(self) -> int:
        """Number ``M`` of mel bands."""
        return self.config.n_mels

    def frames(self, samples: int) -> int:
        """Return the number ``T`` of frames of a waveform of so many samples."""
        return self.config.frames(samples)

    @float32_on_cpu()
    def _constants(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        config = self.config
        window = torch.zeros(config.fft_length, dtype=dtype)
        end = config.window_start + config.window_length
        window[config.window_start : end] = torch.hann_window(config.window_length, dtype=dtype)
        filters = mel_filters(config, dtype)  # [n_bins, M]
        if config.power == 2.0:
            # sum_k F[k] (re_k^2 + im_k^2) is linear in the squares, so each row stands twice and the power
            # spectrum is never formed.
            filters = filters.repeat_interleave(2, dim=0)  # [2 n_bins, M]
        return window, filters

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        # .half() and .double() cast every buffer; the constants follow to the device but stay exact float32.
        window, filters = self._constants(torch.float32)
        self.window, self.filters = window.to(self.window.device), filters.to(self.filters.device)
        return self

    def _frames_by_bands(self, waveform: Tensor) -> Tensor:
        config = self.config
        if waveform.dim() not in (1, 2) or not waveform.is_floating_point():
            raise ConfigError(
                "the front end takes a floating-point waveform [B, N] or [N], "
                f"got {waveform.dtype} of shape {list(waveform.shape)}"
            )
        half = config.fft_length // 2
        if waveform.shape[-1] <= half:
            raise ConfigError(
                f"the front end needs more than {half} samples ({half / config.sample_rate:.3f} s), "
                f"got {waveform.shape[-1]}; pad the clip with zeros first"
            )
        window, filters = self.window, self.filters
        if waveform.dtype == torch.float64:
            window, filters = (c.to(waveform.device) for c in self._constants(torch.float64))
        with torch.autocast(waveform.device.type, enabled=False):
            x = waveform.to(window.dtype).reshape(-1, waveform.shape[-1])  # [B, N]
            padded = F.pad(x, config.margins) if config.causal else F.pad(x, config.margins, mode="reflect")
            frames = padded.unfold(1, config.fft_length, config.hop_length)
            spectrum = torch.view_as_real(torch.fft.rfft(frames * window))  # [B, T, n_bins, 2]
            if config.power == 2.0:
                # In place where the values are ours: fresh memory costs more than the arithmetic.
                energies = spectrum.square_().flatten(2) @ filters  # [B, T, M]
            else:
                # The smallest normal float32 keeps the root's gradient finite at zero.
                energies = spectrum.square().sum(-1).clamp(min=1.2e-38).pow(config.power / 2) @ filters
            if config.compression == "pcen":
                return pcen_step(energies, torch.zeros_like(energies[:, :1]))[0] if config.causal else pcen(energies)
            features = energies.clamp_(min=config.log_floor).log_()
            if config.dynamic_range_db is None:
                return features
            range_nepers = config.dynamic_range_db * config.power * math.log(10) / 20
            return torch.maximum(features, features.amax(dim=(1, 2), keepdim=True) - range_nepers)

    def log_mel(self, waveform: Tensor) -> Tensor:
        """Return the log-mel features before normalisation, ``[B, N] -> [B, M, T]``."""
        features = self._frames_by_bands(waveform).transpose(1, 2)
        return features.reshape(*waveform.shape[:-1], *features.shape[1:])

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the normalised log-mel features of waveforms."""
        features = self._frames_by_bands(waveform)  # [B, T, M]
        if self.config.normalization == "utterance":
            # The same numbers in either layout, and this one is contiguous.
            features = normalize_utterance(features)
        features = features.transpose(1, 2).contiguous()  # [B, M, T], as convolutions like it
        if self.normalization is not None:
            features = self.normalization(features)
        return features.reshape(*waveform.shape[:-1], *features.shape[1:]).to(waveform.dtype)
