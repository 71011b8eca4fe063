"""``DigitRecognizer``: a file or an array goes in, a word comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.environment import check_device, set_threads
from aurora_resnet.models.folding import fold_batch_norms, pack_convolutions
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.pretrained.shipped import pretrained_path
from aurora_resnet.recognition.rejection import Calibration, digit_evidence
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples, check_sample_rate, mono_waveform
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import word_digit

Recording = str | Path | npt.ArrayLike | Tensor
"""A sound file, or samples ``[N]``, ``[N, C]`` or ``[C, N]``; see ``mono_waveform``."""

_SOUND = 2.0**-15
"""One step of 16-bit audio: where no sample goes beyond it there is nothing but zeros and dither."""


@dataclass(frozen=True)
class Recognition:
    """What was heard in one recording.

    Attributes:
        word: the most probable word.
        digit: the digit that it names; ``zero`` and ``oh`` are both 0.
        confidence: the probability of the word, given that it is one of the words: 0 to 1, calibrated if the model
            carries a calibration.
        accepted: whether to believe that a digit was spoken at all. ``False`` where no sample exceeds one step of
            16-bit audio (2^-15), and where the evidence for a digit is below the model's threshold; a model without a
            threshold accepts everything else.
        probabilities: of every word, like ``confidence``; they sum to 1.
    """

    word: str
    digit: int
    confidence: float
    accepted: bool
    probabilities: dict[str, float]


class DigitRecognizer:
    """Recognise isolated spoken digits with a trained model.

    A recording may have any rate, length, number of channels and usual sample type: its channels are averaged, it is
    brought to the model's rate, a short one is centred in silence, and of a long one the most energetic stretch of the
    model's clip length is taken. Recognising changes nothing, so one recogniser may serve many threads.

    Args:
        model: a trained network; it stays as it is. ``self.model`` is a copy that answers faster
            (``models.fusion``) and cannot be trained or saved.
        calibration: temperature and threshold that belong to the network.
        device: where to compute.
        threads: number of threads with which torch computes on the CPU; ``None`` leaves it as it is. Torch has one
            such number for the whole process: it is set here, once, holds for everything else that torch computes, and
            stays until somebody sets another one. Set it before other threads begin to compute.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    >>> answer = DigitRecognizer(model).recognize(np.zeros((16000, 2), np.int16), 16000)
    >>> answer.accepted, len(answer.probabilities)
    (False, 11)
    """

    def __init__(
        self,
        model: RecognizerModel,
        *,
        calibration: Calibration | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        self.device = check_device(device)
        set_threads(threads)
        self.calibration = calibration or Calibration()
        noise = torch.randn(1, model.config.clip_samples, generator=torch.Generator().manual_seed(0))
        fused = fold_batch_norms(model, noise.to(next(model.parameters()).device)).to(self.device)
        self.model = pack_convolutions(fused, noise.to(self.device))

    @classmethod
    def from_pretrained(cls, name: str = "resnet50", *, device: str = "cpu", threads: int | None = None) -> Self:
        """Load a model that the installation carries; see ``PRETRAINED`` for the names.

        Raises:
            ConfigError: for another name.
            CheckpointError: if the installation lacks the file.

        >>> DigitRecognizer.from_pretrained("compat")
        Traceback (most recent call last):
        aurora_resnet.runtime.errors.ConfigError: no shipped model 'compat' (did you mean 'compact'?); shipped: ...
        """
        return cls.from_checkpoint(pretrained_path(name), device=device, threads=threads)

    @classmethod
    def from_checkpoint(cls, path: str | Path, *, device: str = "cpu", threads: int | None = None) -> Self:
        """Load a checkpoint that ``Trainer`` or ``save_checkpoint`` wrote, with the calibration in its ``info``.

        Raises:
            CheckpointError: if the file is missing, damaged or not one of ours.
        """
        checkpoint = load_checkpoint(path)
        calibration = Calibration.from_info(checkpoint.info, str(path))
        return cls(checkpoint.model, calibration=calibration, device=device, threads=threads)

    def recognize(self, recording: Recording, sample_rate: int | None = None) -> Recognition:
        """Recognise one recording.

        Args:
            recording: a sound file, or samples ``[N]``, ``[N, C]`` or ``[C, N]`` (the shorter axis is the channels) as
                NumPy array, torch tensor or list, in [-1, 1] if they are of a floating-point type; int8, uint8, int16
                and int32 are scaled.
            sample_rate: of the samples in Hz; a file knows its own.

        Raises:
            AudioError: if the recording cannot be used.
            ConfigError: for samples without a rate, or a file with one.
        """
        return self.recognize_batch([recording], sample_rate)[0]

    def recognize_batch(
        self, recordings: Sequence[Recording] | npt.NDArray[Any] | Tensor, sample_rate: int | None = None
    ) -> list[Recognition]:
        """Recognise several recordings at once; each gets what it would get alone, but for rounding.

        Args:
            recordings: files, or samples (rows of an array, for instance); all are computed in one batch, so it is the
                caller who bounds the memory.
            sample_rate: of all samples in Hz.

        Raises:
            AudioError: if one of the recordings cannot be used.
            ConfigError: for samples without a rate, or a file with one.
        """
        if len(recordings) == 0:  # an array of rows has no truth value
            return []
        clips = np.stack([self._clip(recording, sample_rate) for recording in recordings])
        with torch.inference_mode():
            logits = self.model(torch.from_numpy(clips).to(self.device)).cpu().double()
            probabilities = (logits / self.calibration.temperature).softmax(dim=1).tolist()
            accepted = np.abs(clips).max(axis=1) > _SOUND
            if self.calibration.threshold is not None:
                accepted &= digit_evidence(logits).numpy() >= self.calibration.threshold
        return [self._answer(row, bool(yes)) for row, yes in zip(probabilities, accepted, strict=True)]

    def _clip(self, recording: Recording, sample_rate: int | None) -> Samples:
        """Return the clip of a recording at the model's rate and length; it is cut before it is resampled."""
        config = self.model.config
        if isinstance(recording, str | Path):
            if sample_rate is not None:
                raise ConfigError(f"sample_rate is for arrays; the file {recording} states its own")
            clip = read_clip(recording, config.mel.sample_rate, config.clip_seconds)
        else:
            if sample_rate is None:
                raise ConfigError("an array of samples needs sample_rate (Hz)")
            rate = check_sample_rate(sample_rate, "recording")
            waveform = mono_waveform(_in_memory(recording), "recording")
            length = max(1, round(config.clip_seconds * rate))
            if len(waveform) > length:
                waveform = fit_length(waveform, length)
            clip = resample(waveform, rate, config.mel.sample_rate)
        return clip if len(clip) == config.clip_samples else fit_length(clip, config.clip_samples)

    def _answer(self, probabilities: list[float], accepted: bool) -> Recognition:
        words = self.model.config.words
        best = int(np.argmax(probabilities))
        return Recognition(
            word=words[best],
            digit=word_digit(words[best]),
            confidence=probabilities[best],
            accepted=accepted,
            probabilities=dict(zip(words, probabilities, strict=True)),
        )


def _in_memory(recording: npt.ArrayLike | Tensor) -> npt.ArrayLike:
    """Return what NumPy can take; it knows no gradients, no other devices and no bfloat16."""
    if not isinstance(recording, Tensor):
        return recording
    here = recording.detach().cpu()
    return (here.float() if here.is_floating_point() else here).numpy()
