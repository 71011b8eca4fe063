"""``DigitRecognizer``: a file or an array goes in, a word comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from aurora_resnet.audio.clips import fit_length, read_clip
from aurora_resnet.audio.resampling import resample
from aurora_resnet.audio.waveform import Samples, check_samples
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.devices import check_device
from aurora_resnet.errors import ConfigError
from aurora_resnet.labels import word_digit
from aurora_resnet.models.recognizer_model import RecognizerModel


@dataclass(frozen=True)
class Recognition:
    """What was heard in one recording.

    Attributes:
        word: the most probable word.
        digit: the digit that it names; ``zero`` and ``oh`` are both 0.
        confidence: its probability by the network, from 0 to 1, not calibrated.
        probabilities: of every word; they sum to 1.
        silent: the recording holds nothing but zeros, so the word means nothing.
    """

    word: str
    digit: int
    confidence: float
    probabilities: dict[str, float]
    silent: bool


class DigitRecognizer:
    """Recognise isolated spoken digits with a trained model.

    A recording may have any rate and length: it is brought to the model's rate, a short one is centred in silence, and
    of a long one the most energetic stretch of the model's clip length is taken.

    Args:
        model: a trained network.
        device: where to compute.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    >>> answer = DigitRecognizer(model).recognize(np.zeros(16000, np.float32), 16000)
    >>> answer.silent, len(answer.probabilities)
    (True, 11)
    """

    def __init__(self, model: RecognizerModel, *, device: str = "cpu") -> None:
        self.device = check_device(device)
        self.model = model.eval().to(self.device)

    @classmethod
    def from_checkpoint(cls, path: str | Path, *, device: str = "cpu") -> Self:
        """Load a checkpoint that ``Trainer`` wrote.

        Raises:
            CheckpointError: if the file is missing, damaged or not one of ours.
        """
        return cls(load_checkpoint(path).model, device=device)

    def recognize(self, recording: str | Path | npt.ArrayLike, sample_rate: int | None = None) -> Recognition:
        """Recognise one recording.

        Args:
            recording: a sound file, or mono samples ``[N]`` in [-1, 1].
            sample_rate: of the samples in Hz; a file knows its own.

        Raises:
            AudioError: if the recording cannot be used.
            ConfigError: for samples without a rate, or a file with one.
        """
        return self.recognize_batch([recording], sample_rate)[0]

    def recognize_batch(
        self, recordings: Sequence[str | Path | npt.ArrayLike], sample_rate: int | None = None
    ) -> list[Recognition]:
        """Recognise several recordings at once; each gets what it would get alone."""
        if not recordings:
            return []
        config = self.model.config
        clips = [fit_length(self._prepare(r, sample_rate), config.clip_samples) for r in recordings]
        with torch.inference_mode():
            logits = self.model(torch.from_numpy(np.stack(clips)).to(self.device))
            probabilities = logits.double().softmax(dim=1).cpu().tolist()
        return [self._answer(row, not clip.any()) for row, clip in zip(probabilities, clips, strict=True)]

    def _prepare(self, recording: str | Path | npt.ArrayLike, sample_rate: int | None) -> Samples:
        config = self.model.config
        if isinstance(recording, str | Path):
            if sample_rate is not None:
                raise ConfigError(f"sample_rate is for arrays; the file {recording} states its own")
            return read_clip(recording, config.mel.sample_rate, config.clip_seconds)
        if sample_rate is None:
            raise ConfigError("an array of samples needs sample_rate (Hz)")
        return resample(check_samples(recording, "recording"), sample_rate, config.mel.sample_rate)

    def _answer(self, probabilities: list[float], silent: bool) -> Recognition:
        words = self.model.config.words
        best = int(np.argmax(probabilities))
        return Recognition(
            word=words[best],
            digit=word_digit(words[best]),
            confidence=probabilities[best],
            probabilities=dict(zip(words, probabilities, strict=True)),
            silent=silent,
        )
