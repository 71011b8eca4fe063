"""A network that learnt to hear from thousands of hours without labels, as a frozen front end.

wav2vec 2.0 (Baevski et al., 2020), HuBERT (Hsu et al., 2021) and WavLM (Chen et al., 2022) as torchaudio packs them.
Their middle layers tell words apart best (Pasad et al., *Layer-wise Analysis of a Self-supervised Speech Representation
Model*, 2021).
"""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from aurora_resnet.runtime.errors import ConfigError, DownloadError, MissingDependencyError, did_you_mean

SAMPLE_RATE = 16_000


class SelfSupervisedFrontend(nn.Module):
    """Mean and standard deviation over time of one layer of a frozen encoder.

    Args:
        encoder: a ``Wav2Vec2Model`` of torchaudio, pretrained or not; it is frozen and stays in evaluation mode.
        layer: whose output to take, counted from 1.

    Shape: waveforms ``[B, N]`` at 16 kHz -> ``[B, 2 D]``. One second gives 49 frames. Encoders with group normalisation
    see the whole waveform, so pad all clips to the same length.

    Raises:
        ConfigError: for a layer below 1.
    """

    def __init__(self, encoder: nn.Module, layer: int) -> None:
        super().__init__()
        if layer < 1:
            raise ConfigError(f"layers are counted from 1, got {layer}")
        self.encoder = encoder.requires_grad_(False).eval()
        self.layer = layer

    @classmethod
    def from_bundle(cls, name: str, layer: int) -> Self:
        """Download a pretrained encoder through torchaudio, once.

        Args:
            name: a bundle of ``torchaudio.pipelines``, such as ``"HUBERT_BASE"`` or ``"WAV2VEC2_BASE"`` (95 M
                parameters, 360 MB, 12 layers).
            layer: whose output to take.

        Raises:
            MissingDependencyError: if torchaudio does not import here.
            ConfigError: if torchaudio has no such bundle, or one of another rate.
            DownloadError: if the download fails.
        """
        try:
            from torchaudio import pipelines
        except (ImportError, OSError, RuntimeError) as error:  # it raises what its compiled part raises
            raise MissingDependencyError(
                f"self-supervised encoders come through torchaudio, which does not import here: {error}\n"
                "install one that fits your torch: pip install torchaudio"
            ) from error
        known = [each for each in dir(pipelines) if hasattr(getattr(pipelines, each), "get_model")]
        bundle: Any = getattr(pipelines, name, None)
        if name not in known:
            raise ConfigError(
                f"torchaudio has no bundle '{name}'{did_you_mean(name, known)}; it has {', '.join(known)}"
            )
        if bundle.sample_rate != SAMPLE_RATE:
            raise ConfigError(f"{name} works at {bundle.sample_rate} Hz, expected {SAMPLE_RATE}")
        try:
            encoder: nn.Module = bundle.get_model()
        except (OSError, RuntimeError) as error:
            raise DownloadError(f"{name} cannot be downloaded through torchaudio: {error}") from error
        return cls(encoder, layer)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode."""
        del mode
        return super().train(False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return the pooled features.

        Raises:
            ConfigError: if the encoder has fewer layers.
        """
        encoder: Any = self.encoder
        try:
            with torch.no_grad():
                layers, _ = encoder.extract_features(waveforms, num_layers=self.layer)
        except ValueError as error:  # torchaudio's answer to a layer that is not there
            raise ConfigError(f"the encoder has no layer {self.layer}: {error}") from error
        frames: Tensor = layers[-1]
        return torch.cat([frames.mean(dim=1), frames.std(dim=1, correction=0)], dim=1)
