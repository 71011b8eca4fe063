"""``ResidualSpeechNet``: a ResNet-50 that looks at a log-mel spectrogram.

Stem and stages are torchvision's (He et al., 2015, with the stride in the 3 x 3 convolution) under torchvision's
names, so that ImageNet weights load by name. The stem takes one channel: an ImageNet stem that sees the same grey
image in red, green and blue computes ``sum_c W_c * x``, which is one convolution with the summed kernels.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from aurora_resnet.models.imagenet import load_backbone
from aurora_resnet.models.interface import SpeechClassifier, dense_head
from aurora_resnet.models.load_report import LoadReport
from aurora_resnet.runtime.errors import ConfigError

_STAGES = ("layer1", "layer2", "layer3", "layer4")


class ResidualSpeechNet(SpeechClassifier):
    """ResNet-50 bottleneck stages, global average pooling, a dense layer, dropout, the classes.

    Args:
        stages: 3 for the paper's network (filters of 64, 128 and 256), 4 for the full ResNet-50.
        weights: ``"imagenet"`` downloads torchvision's weights, a path loads a local ``.safetensors`` or torchvision
            ``.pth`` file, ``None`` starts from random weights.
        dropout: probability in the head, 0 <= p < 1.
        hidden: width of the head's dense layer.
        num_classes: number of logits ``K``.
        n_mels: mel bands ``M`` that the features have. Any number works; it is checked in ``forward``.

    Shape: ``[B, M, T] -> [B, K]``.

    Raises:
        ConfigError: for ``stages`` other than 3 and 4.
        CheckpointError: for weights that do not fit; ``load_report`` says what was loaded.

    Source: He et al., *Deep Residual Learning for Image Recognition*, 2015; arXiv 2505.01632 for its use on speech.

    >>> net = ResidualSpeechNet(stages=3).eval()
    >>> net(torch.zeros(2, 64, 101)).shape
    torch.Size([2, 11])
    """

    #: What ``weights`` gave, ``None`` for random weights.
    load_report: LoadReport | None = None

    def __init__(
        self,
        stages: int = 3,
        *,
        weights: str | Path | None = None,
        dropout: float = 0.5,
        hidden: int = 128,
        num_classes: int = 11,
        n_mels: int = 64,
    ) -> None:
        super().__init__(n_mels, num_classes)
        if stages not in (3, 4):
            raise ConfigError(f"stages must be 3 (the paper's network) or 4 (full ResNet-50), got {stages}")
        from aurora_resnet.models.torchvision_resnet import resnet50  # importing it takes seconds

        self.stages = stages
        image_net = resnet50(weights=None)
        self.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.bn1 = image_net.bn1
        self.relu = image_net.relu
        self.maxpool = image_net.maxpool
        for name in _STAGES[:stages]:
            setattr(self, name, getattr(image_net, name))
        self.head = self.build_head(hidden, dropout)
        if weights is not None:
            self.load_report = load_backbone(self, weights)
        # The convolutions of CPUs and tensor cores are fastest with the channels innermost. Module.to marks kernels of
        # one input channel or of 1 x 1 as such too, which contiguous() takes for done: a fifth of the training time.
        self.to(memory_format=torch.channels_last)

    def build_head(self, hidden: int, dropout: float) -> nn.Module:
        """Return what turns an embedding into logits."""
        return dense_head(self.channels, hidden, dropout, self.num_classes)

    def freezable_parts(self) -> dict[str, list[nn.Module]]:
        """Return the plans ``none``, ``stem``, ``stage1`` ... ``stage3`` (and all before), ``all_but_head``."""
        parts: dict[str, list[nn.Module]] = {"none": [], "stem": [self.conv1, self.bn1]}
        below = parts["stem"]
        for number, name in enumerate(_STAGES[: self.stages], start=1):
            below = [*below, getattr(self, name)]
            if number <= 3:
                parts[f"stage{number}"] = below
        parts["all_but_head"] = below
        return parts

    @property
    def channels(self) -> int:
        """Number ``C`` of channels of the last stage: 1024 (3 stages) or 2048 (4 stages)."""
        return 1024 if self.stages == 3 else 2048

    def feature_map(self, features: Tensor) -> Tensor:
        """Return what the last stage sees, ``[B, M, T] -> [B, C, M/16, T/16]`` (rounded up; 32 with 4 stages)."""
        self.check_features(features)
        x: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(features.unsqueeze(1)))))  # [B, 64, M/4, T/4]
        for name in _STAGES[: self.stages]:
            x = getattr(self, name)(x)
        return x

    def embed(self, features: Tensor) -> Tensor:
        """Return the pooled embedding, ``[B, M, T] -> [B, C]``."""
        return torch.mean(self.feature_map(features), dim=(2, 3))
