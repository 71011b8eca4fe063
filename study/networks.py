"""Networks and a front end that only the study needs: what the paper says of depth, skip connections and channels."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.models.interface import StringClassifier
from aurora_resnet.models.resnet import ResidualSpeechNet


class FourStages(ResidualSpeechNet):
    """The whole ResNet-50; a fourth stage that the weights do not have starts from random ones."""

    def __init__(
        self, *, weights: str | Path | None = None, dropout: float = 0.5, num_classes: int = 11, n_mels: int = 64
    ) -> None:
        super().__init__(4, dropout=dropout, num_classes=num_classes, n_mels=n_mels)
        if weights is not None:
            three = ResidualSpeechNet(3, weights=weights)
            self.load_report = three.load_report
            known = {name: value for name, value in three.state_dict().items() if not name.startswith("head.")}
            self.load_state_dict(known, strict=False)


class NoSkip(nn.Module):
    """In the place of a block's skip connection: nothing is added."""

    def forward(self, x: Tensor) -> Tensor:
        """Return 0."""
        return x.new_zeros(())


class WithoutSkips(ResidualSpeechNet):
    """The three stages without their skip connections; everything else is the same, ImageNet's weights included."""

    def __init__(
        self, *, weights: str | Path | None = None, dropout: float = 0.5, num_classes: int = 11, n_mels: int = 64
    ) -> None:
        super().__init__(3, weights=weights, dropout=dropout, num_classes=num_classes, n_mels=n_mels)
        from torchvision.models.resnet import Bottleneck  # importing it takes seconds

        for block in self.modules():
            if isinstance(block, Bottleneck):
                block.downsample = NoSkip()


class StringResNet(StringClassifier):
    """The three stages for strings: steps of 40 ms, as the last two stages halve the bands alone, and CTC's units.

    Shape: ``[B, M, T] -> [B, T // 4, K + others + 1]``.
    """

    def __init__(
        self, *, others: int = 27, weights: str | Path | None = None, num_classes: int = 11, n_mels: int = 64
    ) -> None:
        super().__init__(n_mels, num_classes, others)
        self.backbone = ResidualSpeechNet(3, weights=weights, n_mels=n_mels)
        self.backbone.head = nn.Identity()
        stages: tuple[Any, ...] = self.backbone.layer2, self.backbone.layer3
        for stage in stages:
            stage[0].conv2.stride = stage[0].downsample[0].stride = (2, 1)
        self.head = nn.Linear(self.backbone.channels, self.blank + 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        self.check_features(features)
        whole = features.shape[2] // self.frames_per_answer * self.frames_per_answer
        logits: Tensor = self.head(self.backbone.feature_map(features[..., :whole]).mean(dim=2).transpose(1, 2))
        return logits


class ChannelFrontend(MelFrontend):
    """A log-mel front end against channels: without the mean of each band, or trained with random tilts.

    A channel multiplies the spectrum, so it adds a constant to each band's logarithm, which the mean over time takes with
    it (Atal, *Effectiveness of linear prediction characteristics ...*, 1974). A tilt is a line over the bands.

    Args:
        mel: its configuration.
        band_means: whether the mean over time of each band is taken away.
        tilt_db: standard deviation in training of the tilt from the middle band to either end, in dB of power.
    """

    def __init__(self, mel: MelConfig, band_means: bool = False, tilt_db: float = 0.0) -> None:
        super().__init__(mel)
        self.band_means, self.tilt_db = band_means, tilt_db

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the normalised log-mel features of waveforms ``[B, N]``."""
        features = self.log_mel(waveform)  # [B, M, T], nepers of power
        if self.band_means:
            features = features - features.mean(dim=2, keepdim=True)
        if self.training and self.tilt_db:
            nepers = self.tilt_db * torch.randn(len(features), 1, 1, device=features.device) / 4.343
            features = features + nepers * torch.linspace(-1, 1, self.bands, device=features.device)[:, None]
        normalised: Tensor = nn.functional.layer_norm(features, features.shape[1:], eps=1e-6).to(waveform.dtype)
        return normalised
