"""``OnnxDigitRecognizer``: a file or an array goes in, a word comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from aurora_resnet_runtime.audio import array_clip, file_clip
from aurora_resnet_runtime.errors import AudioError, ModelError

Recording = str | Path | npt.ArrayLike
"""A sound file, or samples ``[N]``, ``[N, C]`` or ``[C, N]``."""

SHIPPED = Path(__file__).with_name("compact.onnx")
"""The model inside this package: ``compact`` in int8."""

_SOUND = 2.0**-15
"""One step of 16-bit audio: where no sample goes beyond it there is nothing but zeros and dither."""
_OUTPUTS = ["probabilities", "evidence"]
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Recognition:
    """What was heard in one recording.

    Attributes:
        word: the most probable word.
        digit: the digit that it names; ``zero`` and ``oh`` are both 0.
        confidence: the probability of the word, given that it is one of the words: 0 to 1, calibrated.
        accepted: whether to believe that a digit was spoken at all; ``False`` for silence, and where the evidence for a
            digit is below the model's threshold.
        probabilities: of every word, like ``confidence``; they sum to 1.
    """

    word: str
    digit: int
    confidence: float
    accepted: bool
    probabilities: dict[str, float]


class OnnxDigitRecognizer:
    """Recognise isolated spoken digits with a file that ``aurora-resnet export`` wrote.

    Recordings are treated as ``aurora_resnet.DigitRecognizer`` treats them. One recogniser may serve many threads.

    Args:
        path: the ``.onnx`` file; by default the small model inside this package.
        threads: CPU threads that compute one answer.

    Raises:
        ModelError: if the file is missing, damaged or not one of ``aurora-resnet export``.

    >>> answer = OnnxDigitRecognizer().recognize(np.zeros((16000, 2), np.int16), 16000)
    >>> answer.accepted, len(answer.probabilities)
    (False, 11)
    """

    def __init__(self, path: str | Path | None = None, threads: int = 1) -> None:
        file = SHIPPED if path is None else Path(path)
        if threads < 1:
            raise ModelError(f"threads must be at least 1, got {threads}")
        if not file.is_file():
            raise ModelError(f"there is no model file '{file}'; write one with: aurora-resnet export --out {file.name}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no base class of their own
            raise ModelError(f"'{file}' is no ONNX file that can be used ({error}); export it again") from error
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        try:
            self.words: tuple[str, ...] = tuple(json.loads(self.metadata["labels"]))
            self.sample_rate = int(self.metadata["sample_rate"])
            self.clip_samples = int(self.metadata["clip_samples"])
            self.threshold = float(self.metadata["threshold"] or "-inf")
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"'{file}' lacks the metadata of 'aurora-resnet export' ({error}); export it again"
            ) from None

    def recognize(self, recording: Recording, sample_rate: int | None = None) -> Recognition:
        """Recognise one recording.

        Args:
            recording: a sound file, or samples ``[N]``, ``[N, C]`` or ``[C, N]``, floats in [-1, 1] or PCM integers.
            sample_rate: of the samples in Hz; a file knows its own.

        Raises:
            AudioError: if the recording cannot be used.
        """
        return self.recognize_batch([recording], sample_rate)[0]

    def recognize_batch(
        self, recordings: Sequence[Recording] | npt.NDArray[Any], sample_rate: int | None = None
    ) -> list[Recognition]:
        """Recognise several recordings at once; each gets what it would get alone, but for rounding.

        Args:
            recordings: files, or samples; all are computed in one batch.
            sample_rate: of all samples in Hz.

        Raises:
            AudioError: if one of the recordings cannot be used.
        """
        if len(recordings) == 0:  # an array of rows has no truth value
            return []
        clips = np.stack([self._clip(recording, sample_rate) for recording in recordings])
        probabilities, evidence = self._session.run(_OUTPUTS, {"waveform": clips})
        accepted = (np.abs(clips).max(axis=1) > _SOUND) & (evidence >= self.threshold)
        return [self._answer(row, bool(yes)) for row, yes in zip(probabilities.tolist(), accepted, strict=True)]

    def _clip(self, recording: Recording, sample_rate: int | None) -> npt.NDArray[np.float32]:
        if isinstance(recording, str | Path):
            if sample_rate is not None:
                raise AudioError(f"sample_rate is for arrays; the file {recording} states its own")
            return file_clip(recording, self.sample_rate, self.clip_samples)
        if sample_rate is None:
            raise AudioError("an array of samples needs sample_rate (Hz)")
        return array_clip(recording, sample_rate, self.sample_rate, self.clip_samples)

    def _answer(self, probabilities: list[float], accepted: bool) -> Recognition:
        best = int(np.argmax(probabilities))
        word = self.words[best]
        return Recognition(
            word=word,
            digit=_DIGITS.index(word) if word in _DIGITS else 0,  # oh is the other zero
            confidence=probabilities[best],
            accepted=accepted,
            probabilities=dict(zip(self.words, probabilities, strict=True)),
        )
