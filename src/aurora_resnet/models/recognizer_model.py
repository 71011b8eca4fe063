"""Front end and classifier as one network: what is trained, saved and exported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, field
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor, nn

from aurora_resnet.bounds import Between, configuration
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.features.frontend import create_frontend, unknown_frontend
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.interface import StringClassifier
from aurora_resnet.models.zoo import create_model, unknown_model
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import AnyModel, Kind, added
from aurora_resnet.runtime.models import LONGEST_CLIP_SECONDS
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

#: Of a clip's spectrogram, frames by bands: a minute at a hop of 10 ms has 384,000 with 64 bands.
MOST_CELLS = 2**20
#: Samples of a clip in all its windows together, which the front end holds at once as complex numbers: 128 MB.
MOST_WINDOWED = 2**24


@configuration()
class RecognizerConfig:
    """Everything needed to rebuild a recogniser's network without its weights.

    Attributes:
        model: name in the zoo.
        mel: the front end.
        options: the classifier's options, without ``n_mels``, ``num_classes`` and ``weights``.
        clip_seconds: length of the clips that the network works on.
        vocabulary: its words, in class order.
        frontend: a front end of another package instead of ``MelFrontend``, which gets ``mel``; see ``Frontend``.
        frontend_options: its own options.
    """

    model: str
    mel: MelConfig
    _: KW_ONLY
    options: Mapping[str, object] = field(default_factory=dict)
    clip_seconds: Annotated[float, Between(0, LONGEST_CLIP_SECONDS, above=True)] = 1.0
    vocabulary: Vocabulary = DIGITS
    frontend: str | None = None
    frontend_options: Mapping[str, object] = field(default_factory=dict)

    def _misfits(self) -> Iterator[str]:
        yield from unknown_model(self.model)
        yield from unknown_frontend(self.frontend)
        if self.frontend_options and self.frontend is None:
            yield "frontend_options need a frontend"
        half = self.mel.fft_length // 2
        if self.clip_seconds * self.mel.sample_rate <= half:
            yield f"clip_seconds must exceed half an FFT window ({half} samples), got {self.clip_seconds} s"
        frames = self.mel.frames(self.clip_samples)
        if frames * self.mel.fft_length > MOST_WINDOWED or frames * self.mel.n_mels > MOST_CELLS:
            yield (
                f"clip_seconds {self.clip_seconds:g} and hop_seconds {self.mel.hop_seconds:g} make {frames:,} frames: "
                f"at most {MOST_CELLS // self.mel.n_mels:,} with {self.mel.n_mels} n_mels, "
                f"{MOST_WINDOWED // self.mel.fft_length:,} with an FFT of {self.mel.fft_length}"
            )
        if taken := {"n_mels", "num_classes", "weights"} & set(self.options):
            yield f"{', '.join(sorted(taken))} cannot stand in the model's options; they follow"

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the vocabulary."""
        return self.vocabulary.words

    @property
    def sample_rate(self) -> int:
        """Rate of the clips in Hz."""
        return self.mel.sample_rate

    @property
    def clip_samples(self) -> int:
        """Clip length in samples."""
        return round(self.clip_seconds * self.mel.sample_rate)


class RecognizerModel(nn.Module):
    """From waveforms to logits: a front end and a classifier of the zoo, built in float32 and on the CPU.

    Args:
        config: what to build.
        weights: ImageNet weights for a classifier that takes them (``"imagenet"`` or a path).

    Shape: ``[B, N] -> [B, K]``; N is ``config.clip_samples`` in training, other lengths work too.

    >>> config = RecognizerConfig(model="cnn", mel=MelConfig(sample_rate=8000))
    >>> RecognizerModel(config).eval()(torch.zeros(2, 8000)).shape
    torch.Size([2, 11])
    """

    @float32_on_cpu()
    def __init__(self, config: RecognizerConfig, *, weights: str | Path | None = None) -> None:
        super().__init__()
        self.config = config
        self._calibrated: tuple[Calibration, bytes | None] = Calibration(), None
        options = {**config.options, **({} if weights is None else {"weights": weights})}
        self.frontend = create_frontend(config.frontend, config.mel, config.frontend_options)
        self.classifier = create_model(
            config.model, n_mels=self.frontend.bands, num_classes=len(config.vocabulary), **options
        )
        frames = self.frontend.frames(config.clip_samples)
        if frames < self.classifier.minimum_frames:
            raise ConfigError(
                f"model '{config.model}' needs at least {self.classifier.minimum_frames} frames, got {frames}; "
                f"take a shorter hop_seconds than {config.mel.hop_seconds:g}, or longer clips"
            )

    def forward(self, waveform: Tensor) -> Tensor:
        """Return logits ``[B, K]`` of waveforms ``[B, N]``."""
        logits: Tensor = self.classifier(self.frontend(waveform))
        return logits

    @classmethod
    def from_pretrained(cls, name_or_path: AnyModel, *, trust_code: bool = False) -> RecognizerModel:
        """Load a trained network, in evaluation mode and on the CPU.

        Args:
            name_or_path: a shipped name, a checkpoint, a folder of ``save_pretrained``, or ``owner/name`` on the hub.
            trust_code: as ``load_checkpoint``, which gives the card and everything else that the file says too.

        Raises:
            CheckpointError: as ``load_checkpoint``.

        >>> RecognizerModel.from_pretrained("compact")(torch.zeros(2, 8000)).shape
        torch.Size([2, 11])
        """
        model: RecognizerModel = added("checkpoint", "a network")(name_or_path, trust_code=trust_code).model
        return model

    def save_pretrained(self, folder: str | Path, *, onnx: bool = True) -> Path:
        """Write the network as a folder that ``from_pretrained`` of all classes takes, and return the folder.

        Args:
            folder: where; made if needed.
            onnx: export it too, which needs the extra ``export``.

        Raises:
            ExportError: if the exported model does not answer as the network does.
        """
        written: Path = added("folder", "a folder")(self, folder, onnx=onnx)
        return written

    @property
    def kind(self) -> Kind:
        """Whether it is a network for single words or for strings of words."""
        return "strings" if isinstance(self.classifier, StringClassifier) else "words"

    @property
    def calibration(self) -> Calibration:
        """That was chosen for these weights; none since they changed. Set it where one was chosen.

        >>> model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
        >>> model.calibration = Calibration(1.5, 2.0)
        >>> model.calibration
        Calibration(temperature=1.5, threshold=2.0)
        >>> _ = nn.init.zeros_(next(model.classifier.parameters()))
        >>> model.calibration
        Calibration(temperature=1.0, threshold=None)
        """
        calibration, weights = self._calibrated
        return calibration if weights is not None and weights == self._digest() else Calibration()

    @calibration.setter
    def calibration(self, calibration: Calibration) -> None:
        self._calibrated = calibration, None if calibration == Calibration() else self._digest()

    def _digest(self) -> bytes:
        """Return what no other weights have."""
        digest = hashlib.sha256()
        for name, tensor in self.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        return digest.digest()
