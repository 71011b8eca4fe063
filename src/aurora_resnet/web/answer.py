"""A recording becomes an answer, with all that the page shows of it."""

from dataclasses import dataclass

import numpy as np

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import evidence
from aurora_resnet.runtime.recognizer import Recognition, Recognizer
from aurora_resnet.runtime.strings.answer import DigitString
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.rules import StringRules

#: Most columns in which a waveform is drawn.
COLUMNS = 600


@dataclass(frozen=True)
class Envelope:
    """Lowest and highest sample of each of equally wide columns, left to right.

    >>> Envelope(low=[-0.5], high=[0.25]).high
    [0.25]
    """

    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Answer(Recognition):
    """What was recognised in one recording, and what the network saw of it.

    Attributes:
        word: the most probable word.
        digit: the digit that it names, or ``None``.
        confidence: the probability of the word, given that it is one of the words.
        accepted: whether to believe that one of the words was spoken at all; ``None`` if the model is not calibrated.
        probabilities: of every word, given that it is one of them.
        none_probability: that it is none of them, by the evidence alone: 1 / (1 + e^E).
        duration_seconds: length of the recording.
        clip_start_seconds: where in the recording the network's clip begins; below 0 where a shorter recording was
            centred in silence.
        clip_seconds: length of the clip.
        waveform: the whole recording.
        log_mel: what the network sees of the clip, ``[M][T]``, the lowest band first.
    """

    none_probability: float
    duration_seconds: float
    clip_start_seconds: float
    clip_seconds: float
    waveform: Envelope
    log_mel: list[list[float]]


def answer_recording(recognizer: Recognizer, samples: Samples, sample_rate: int) -> Answer:
    """Recognise one recording as ``recognize`` does, and keep what the page shows.

    Args:
        recognizer: who answers.
        samples: the recording, ``[N]``.
        sample_rate: its rate in Hz.

    Raises:
        AudioError: if the samples are unusable.

    >>> recognizer = Recognizer.from_pretrained("compact")
    >>> answer = answer_recording(recognizer, np.zeros(24000, np.float32), 48000)
    >>> answer.accepted, answer.duration_seconds, answer.clip_start_seconds
    (False, 0.5, -0.25)
    >>> 0 < answer.none_probability < 1
    True
    >>> len(answer.log_mel), len(answer.log_mel[0])
    (64, 101)
    """
    clip = recognizer.clip(samples, sample_rate)
    logits = recognizer.model.logits(clip.samples[None])
    log_mel = recognizer.model.features(clip.samples[None])[0]
    return Answer(
        **vars(recognizer.decide(logits, [clip])[0]),
        none_probability=float(1 / (1 + np.exp(evidence(logits)[0]))),
        duration_seconds=clip.recording_seconds,
        clip_start_seconds=clip.start_seconds,
        clip_seconds=recognizer.model.facts.clip_seconds,
        waveform=envelope(samples),
        log_mel=log_mel.astype(np.float64).round(3).tolist(),
    )


@dataclass(frozen=True)
class StringAnswer(DigitString):
    """The string that was recognised in one recording, as ``DigitString`` has it, and what the page shows of it.

    Attributes:
        text: the digits.
        words: one by one.
        confidence: probability of the whole string.
        alternatives: the most probable strings and their probabilities, this one first.
        accepted: whether to believe it; ``None`` if the model is not calibrated.
        reason: why not, or ``None``.
        duration_seconds: length of the recording.
        waveform: the whole recording.
    """

    duration_seconds: float
    waveform: Envelope


def answer_string(
    recognizer: StringRecognizer, samples: Samples, sample_rate: int, rules: StringRules | None = None
) -> StringAnswer:
    """Recognise the string in one recording as ``recognize --string`` does.

    Args:
        recognizer: who answers.
        samples: the recording, ``[N]``.
        sample_rate: its rate in Hz.
        rules: which strings are possible.

    Raises:
        AudioError: if the samples are unusable.

    >>> recognizer = StringRecognizer.from_pretrained("string_net")
    >>> answer = answer_string(recognizer, np.zeros(24000, np.float32), 48000)
    >>> answer.text, answer.reason, answer.duration_seconds
    ('', 'silence', 0.5)
    """
    string = recognizer.recognize_waveforms([recognizer.waveform(samples, sample_rate)], rules)[0]
    return StringAnswer(**vars(string), duration_seconds=len(samples) / sample_rate, waveform=envelope(samples))


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
