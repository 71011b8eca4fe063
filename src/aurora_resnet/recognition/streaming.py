r"""``StreamingRecognizer``: digits in running speech, as they are spoken.

Fluent digits follow each other without a pause, so where one ends is for the network to say. Every stretch :math:`s`
of :math:`d` seconds, on a grid of steps, that begins and ends loud and holds no pause is a clip of its own: cut out,
centred in zeros and recognised like a recording. With :math:`P(k \mid s)` over the words and "no digit"
(``recognition.rejection``) it is worth

.. math::

    g(s) = d \, \log \frac{\max_k P(k \mid s)}{P_\mathrm{neutral}} + g_\mathrm{word}

and the best sequence of stretches that do not overlap is what was said (``segment_search``). Weighing by the duration
makes a long stretch and two short ones in its place comparable: both explain as many seconds. A stretch that the
recogniser rejects, or whose word is less probable than ``least_probability``, is none. "Two two two" are three
stretches, since one word in two halves or three words in one stretch are nothing that the network takes for a digit.

Everything happens at the steps, counted in samples from the beginning of the stream, and the network is called once a
step with the stretches that end there: what comes out does not depend on the chunks that the samples come in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.recognition.chunk_resampling import ChunkResampler
from aurora_resnet.recognition.loudness_gate import LoudnessGate
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.rejection import digit_evidence
from aurora_resnet.recognition.segment_search import Segment, SegmentSearch
from aurora_resnet.recognition.streaming_config import StreamingConfig
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.reading import audio_info, iterate_blocks
from aurora_resnet.runtime.audio.waveform import Samples, mono_waveform
from aurora_resnet.runtime.errors import AudioError, ConfigError
from aurora_resnet.runtime.vocabulary import word_digit


@dataclass(frozen=True)
class DigitEvent:
    """A digit word that was heard in a stream.

    Attributes:
        word: what was said.
        digit: the digit that it names; ``zero`` and ``oh`` are both 0.
        confidence: the probability of the word, given that it is one of the words, as ``Recognition`` has it.
        start: where the word begins, in seconds from the beginning of the stream.
        end: where it ends.
        decided: how many seconds of the stream had to be heard to decide it.
    """

    word: str
    digit: int
    confidence: float
    start: float
    end: float
    decided: float


class StreamingRecognizer:
    """Recognise digits in a stream that comes in chunks of any size.

    Memory holds the last seconds only. Two streams need two of these; they may share the recogniser.

    Args:
        recognizer: the model. It must know "no digit": without, every noise is a word.
        sample_rate: of the stream in Hz, whatever the model's.
        config: how words are looked for.

    Raises:
        ConfigError: for a word that could be longer than the model's clip.
        AudioError: for an absurd rate.

    >>> stream = StreamingRecognizer(DigitRecognizer.from_pretrained("compact"), 16000)
    >>> stream.push(np.zeros(4000, np.float32)), stream.flush()
    ([], [])
    """

    def __init__(self, recognizer: DigitRecognizer, sample_rate: int, config: StreamingConfig | None = None) -> None:
        self.recognizer = recognizer
        self.config = config or StreamingConfig()
        model = recognizer.model.config
        if self.config.longest_seconds > model.clip_seconds:
            raise ConfigError(
                f"longest_seconds is {self.config.longest_seconds}, but the model's clips have {model.clip_seconds} s"
            )
        self._resampler = ChunkResampler(sample_rate, model.mel.sample_rate)
        self._step_samples = round(self.config.step_seconds * model.mel.sample_rate)
        self._step_seconds = self._step_samples / model.mel.sample_rate
        self._restart()

    def push(self, samples: npt.ArrayLike | Tensor) -> list[DigitEvent]:
        """Hear the next samples and return the words that they decide, in order; often none.

        Args:
            samples: mono, shape ``[n]``, also none; in [-1, 1] if they are of a floating-point type; int8, uint8,
                int16 and int32 are scaled.

        Raises:
            AudioError: for samples of another shape or type, NaN or infinite ones; the stream stays as it was.
        """
        chunk = np.asarray(samples)
        if chunk.ndim != 1:
            raise AudioError(f"stream: expected mono samples [n], got shape {chunk.shape}; average the channels")
        return self._hear(self._resampler.push(mono_waveform(chunk, "stream"))) if len(chunk) else []

    def flush(self) -> list[DigitEvent]:
        """End the stream and return the words that were undecided; the next samples begin another stream."""
        events = self._hear(self._resampler.flush())
        if len(self._waiting):
            events += self._hear(np.zeros(self._step_samples - len(self._waiting), np.float32))
        events += self._events(self._search.finish())
        self._restart()
        return events

    def _restart(self) -> None:
        config = self.config
        self._waiting: Samples = np.zeros(0, np.float32)  # less than a step
        self._recent: Samples = np.zeros(0, np.float32)  # whole steps, at most the longest word
        self._starts: list[int] = []  # loud steps, none before the last pause or the longest word
        self._quiet = 0  # steps since the last loud one
        self._gate = LoudnessGate(config.loud_db, config.steps(config.floor_seconds), config.steps(config.head_seconds))
        self._search = SegmentSearch(config.steps(config.patience_seconds))

    def _hear(self, samples: Samples) -> list[DigitEvent]:
        """Take the samples, at the model's rate, step by step."""
        self._waiting = np.concatenate((self._waiting, samples))
        events = []
        size = self._step_samples
        whole = len(self._waiting) // size
        for number in range(whole):
            events += self._events(self._advance(self._waiting[number * size : (number + 1) * size]))
        self._waiting = self._waiting[whole * size :].copy()
        return events

    def _advance(self, samples: Samples) -> list[Segment]:
        """Go on by one step and return the segments that it decides."""
        config = self.config
        longest = config.steps(config.longest_seconds)
        end = self._search.step + 1
        self._recent = np.concatenate((self._recent, samples))[-longest * self._step_samples :]
        segments: list[Segment] = []
        if self._gate.is_loud(samples):
            self._quiet = 0
            self._starts.append(end - 1)
            latest = end - config.steps(config.shortest_seconds)
            segments = self._segments([start for start in self._starts if start <= latest], end)
        else:
            self._quiet += 1
        paused = self._quiet >= config.steps(config.pause_seconds)
        self._starts = [] if paused else [start for start in self._starts if start > end - longest]
        return self._search.advance(segments, self._starts)

    def _segments(self, starts: list[int], end: int) -> list[Segment]:
        """Recognise the stretches from each of the starts to the end, and return those that a word is worth."""
        if not starts:
            return []
        model, calibration = self.recognizer.model, self.recognizer.calibration
        stretches = (self._recent[(start - end) * self._step_samples :] for start in starts)
        clips = np.stack([fit_length(stretch, model.config.clip_samples) for stretch in stretches])
        with torch.inference_mode():
            logits = model(torch.from_numpy(clips).to(self.recognizer.device)).cpu().double()
        neutral, least = math.log(self.config.neutral_probability), math.log(self.config.least_probability)
        log_probabilities = F.pad(logits, (0, 1)).log_softmax(1)[:, :-1]  # "no digit" has the logit 0
        best, words = log_probabilities.max(1)
        confidences = (logits / calibration.temperature).softmax(1)
        accepted = best >= least
        if calibration.threshold is not None:
            accepted &= digit_evidence(logits) >= calibration.threshold
        found = []
        for row, (start, word) in enumerate(zip(starts, words.tolist(), strict=True)):
            gain = (end - start) * self._step_seconds * (best[row].item() - neutral) + self.config.word_gain
            if gain > 0 and accepted[row]:
                found.append(Segment(start, end, gain, word, confidences[row, word].item()))
        return found

    def _events(self, segments: Iterable[Segment]) -> list[DigitEvent]:
        words = self.recognizer.model.config.words
        decided = self._search.step * self._step_seconds + self._resampler.delay_seconds
        return [
            DigitEvent(
                word=words[segment.word],
                digit=word_digit(words[segment.word]),
                confidence=segment.confidence,
                start=segment.start * self._step_seconds,
                end=segment.end * self._step_seconds,
                decided=decided,
            )
            for segment in segments
        ]


def recognize_stream(
    recognizer: DigitRecognizer, path: str | Path, config: StreamingConfig | None = None
) -> list[DigitEvent]:
    """Return the digits of a sound file of any length, which is read block by block.

    Raises:
        AudioError: if the file cannot be read.
        ConfigError: as ``StreamingRecognizer``.
    """
    stream = StreamingRecognizer(recognizer, audio_info(path).sample_rate, config)
    events = [event for block in iterate_blocks(path) for event in stream.push(block)]
    return events + stream.flush()
