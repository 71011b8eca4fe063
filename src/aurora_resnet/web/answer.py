"""A recording becomes an answer, with all that the page shows of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.clips import fit_length, most_energetic_start
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples

COLUMNS = 600
"""Most columns in which a waveform is drawn."""


@dataclass(frozen=True)
class Envelope:
    """Lowest and highest sample of each of equally wide columns, left to right.

    >>> Envelope(low=[-0.5], high=[0.25]).high
    [0.25]
    """

    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Answer:
    """What was heard in one recording, and what the network saw of it.

    Attributes:
        word: the most probable word.
        digit: the digit that it names.
        confidence: the probability of the word, given that it is one of the words.
        accepted: whether to believe that a digit was spoken at all.
        probabilities: of every word, given that it is one of them.
        duration_seconds: length of the recording.
        clip_start_seconds: where in the recording the network's clip begins; below 0 where a shorter recording was
            centred in silence.
        clip_seconds: length of the clip.
        waveform: the whole recording.
        log_mel: what the network sees of the clip, ``[M][T]``, the lowest band first.
    """

    word: str
    digit: int
    confidence: float
    accepted: bool
    probabilities: dict[str, float]
    duration_seconds: float
    clip_start_seconds: float
    clip_seconds: float
    waveform: Envelope
    log_mel: list[list[float]]


def answer_recording(recognizer: DigitRecognizer, samples: Samples, sample_rate: int) -> Answer:
    """Recognise one recording as ``DigitRecognizer.recognize`` does, and keep what the page shows.

    Args:
        recognizer: who answers.
        samples: the recording, ``[N]``.
        sample_rate: its rate in Hz.

    Raises:
        AudioError: if the samples are unusable.

    >>> recognizer = DigitRecognizer.from_pretrained("compact")
    >>> answer = answer_recording(recognizer, np.zeros(24000, np.float32), 48000)
    >>> answer.accepted, answer.duration_seconds, answer.clip_start_seconds
    (False, 0.5, -0.25)
    >>> len(answer.log_mel), len(answer.log_mel[0])
    (64, 101)
    """
    config = recognizer.model.config
    length = max(1, round(config.clip_seconds * sample_rate))
    if len(samples) > length:
        start = most_energetic_start(samples, length)
        stretch = samples[start : start + length]
    else:
        start = -((length - len(samples)) // 2)
        stretch = samples
    clip = fit_length(resample(stretch, sample_rate, config.mel.sample_rate), config.clip_samples)
    heard = recognizer.recognize(clip, config.mel.sample_rate)
    with torch.inference_mode():
        log_mel = recognizer.model.frontend(torch.from_numpy(clip)[None].to(recognizer.device))[0].cpu()
    return Answer(
        word=heard.word,
        digit=heard.digit,
        confidence=heard.confidence,
        accepted=heard.accepted,
        probabilities=heard.probabilities,
        duration_seconds=len(samples) / sample_rate,
        clip_start_seconds=start / sample_rate,
        clip_seconds=config.clip_seconds,
        waveform=envelope(samples),
        log_mel=log_mel.double().numpy().round(3).tolist(),
    )


def envelope(samples: Samples, columns: int = COLUMNS) -> Envelope:
    """Return the extremes of ``columns`` equal parts of a waveform, of each sample if there are fewer of them.

    Part ``i`` of ``K`` holds the samples from ``floor(i N / K)`` to before ``floor((i + 1) N / K)``.

    Args:
        samples: the waveform, ``[N]``.
        columns: number of parts, at least 1.

    >>> envelope(np.array([0.0, 0.5, -0.25, 0.125], dtype=np.float32), columns=2)
    Envelope(low=[0.0, -0.25], high=[0.5, 0.125])
    """
    count = min(columns, len(samples))
    starts = np.arange(count) * len(samples) // count
    low, high = (extreme.reduceat(samples, starts).astype(np.float64).round(4) for extreme in (np.minimum, np.maximum))
    return Envelope(low.tolist(), high.tolist())
