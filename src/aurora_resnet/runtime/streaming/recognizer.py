r"""``StreamingRecognizer``: words in running speech, as they are spoken.

Fluent words follow each other without a pause, so where one ends is for the network to say. Every stretch :math:`s`
of :math:`d` seconds, on a grid of steps, that begins and ends loud and holds no pause is a clip of its own: cut out,
centred in zeros and recognised like a recording. With :math:`P(k \mid s)` over the words and "none of the words"
(``decision``) it is worth

.. math::

    g(s) = d \, \log \frac{\max_k P(k \mid s)}{P_\mathrm{neutral}} + g_\mathrm{word}

and the best sequence of stretches that do not overlap is what was said (``segment_search``). Weighing by the duration
makes a long stretch and two short ones in its place comparable: both explain as many seconds. A stretch that the
recogniser rejects, or whose word is less probable than ``least_probability``, is none. "Two two two" are three
stretches, since one word in two halves or three words in one stretch are nothing that the network takes for a word.

Words that are no digits are said alone (``StreamingConfig.alone``): there the only stretch is all that lies between two
pauses, a word if the model's threshold accepts it. Running talk has few such stretches, and each costs one call.

Everything happens at the steps, counted in samples from the beginning of the stream, and the network is called once a
step with the stretches that end there: what comes out does not depend on the chunks that the samples come in.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from ..audio.clips import fit_length
from ..audio.prepared import Step, StepStream
from ..audio.reading import audio_info
from ..audio.waveform import Samples
from ..decision import log_probabilities
from ..errors import ConfigError
from ..models.words import ScoringModel
from ..pretrained import Pretrained
from .config import StreamingConfig
from .loudness_gate import LoudnessGate
from .segment_search import Segment, SegmentSearch

#: A recogniser of words.
OfWords = Pretrained[ScoringModel]


@dataclass(frozen=True)
class WordEvent:
    """A word that was recognised in a stream.

    Attributes:
        word: what was said.
        digit: the digit that it names (``zero`` and ``oh`` are both 0); ``None`` for a word that names none.
        confidence: the probability of the word, given that it is one of the words, as ``Recognition`` has it.
        start_seconds: where the word begins, from the beginning of the stream.
        end_seconds: where it ends.
        decided_seconds: how much of the stream decided it; the search for tones holds the last 0.1 s back at most, and
            at another rate than the model's the resampler 0.2 s.
    """

    word: str
    digit: int | None
    confidence: float
    start_seconds: float
    end_seconds: float
    decided_seconds: float


class StreamingRecognizer:
    """Recognise words in a stream that comes in chunks of any size.

    Memory holds the last seconds only. Two streams need two of these; they may share the recogniser.

    Args:
        recognizer: the model. It must have a threshold: without, every noise is a word.
        sample_rate: of the stream in Hz, whatever the model's.
        config: how words are looked for.

    Raises:
        ConfigError: for a model without a threshold, or a word that could be longer than the model's clip.
        AudioError: for an absurd rate.

    >>> from aurora_resnet.runtime import Recognizer
    >>> stream = Recognizer.from_pretrained("compact").stream(16000)
    >>> stream.feed(np.zeros(4000, np.float32)), stream.finish()
    ([], [])
    """

    def __init__(self, recognizer: OfWords, sample_rate: float, *, config: StreamingConfig | None = None) -> None:
        self.recognizer, self.sample_rate = recognizer, sample_rate
        self.facts = facts = recognizer.model.facts
        self.config = config or StreamingConfig.of(facts.vocabulary, facts.clip_seconds)
        if not facts.calibration.rejects:
            raise ConfigError(
                f"model '{facts.name}' has no threshold, so every noise in a stream would be a word; "
                "calibrate it first: aurora-resnet calibrate"
            )
        if self.config.longest_seconds > facts.clip_seconds:
            raise ConfigError(
                f"longest_seconds is {self.config.longest_seconds}, but the model's clips have {facts.clip_seconds} s"
            )
        self._step_samples = round(self.config.step_seconds * facts.sample_rate)
        self._step_seconds = self._step_samples / facts.sample_rate
        self._restart()

    def __reduce__(self) -> NoReturn:
        raise ConfigError("a stream cannot be copied or sent while it runs; copy its recognizer and begin another")

    def feed(self, samples: npt.ArrayLike) -> list[WordEvent]:
        """Take the next samples and return the words that they decide, in order; often none.

        Args:
            samples: mono, shape ``[n]``, also none; in [-1, 1] if they are of a floating-point type; int8, uint8,
                int16 and int32 are scaled.

        Raises:
            AudioError: for samples of another shape or type, NaN or infinite ones; the stream stays as it was.
        """
        return self._decided(self._steps.take(self._steps.check(samples)))

    def finish(self) -> list[WordEvent]:
        """End the stream and return the words that were undecided; the next samples begin another stream.

        Raises:
            AudioError: if int32 samples came, and none went beyond what int16 holds: all were taken for silence.
        """
        steps, rest = self._steps, self._steps.finish()
        events = self._decided(rest) + self._events(self._between_pauses() + self._search.finish(), steps.came)
        self._restart()
        steps.check_scale()
        return events

    push, flush = feed, finish  # their names in 0.2

    def _restart(self) -> None:
        config, facts = self.config, self.facts
        self._steps = StepStream(self.sample_rate, facts.sample_rate, self._step_samples)
        self._recent: Samples = np.zeros(0, np.float32)  # whole steps, at most the longest word
        self._starts: list[int] = []  # loud steps since the last pause, none before the longest word; alone: the first
        self._quiet = 0  # steps since the last loud one
        self._gate = LoudnessGate(config.loud_db, config.steps(config.floor_seconds), config.steps(config.head_seconds))
        self._search = SegmentSearch(config.steps(config.patience_seconds))

    def _decided(self, steps: Iterable[Step]) -> list[WordEvent]:
        return [event for samples, came in steps for event in self._events(self._advance(samples), came)]

    def _advance(self, samples: Samples) -> list[Segment]:
        """Go on by one step and return the segments that it decides."""
        config = self.config
        longest = config.steps(config.longest_seconds)
        end = self._search.step + 1
        kept = longest + config.steps(config.pause_seconds) if config.alone else longest
        self._recent = np.concatenate((self._recent, samples))[-kept * self._step_samples :]
        loud = self._gate.is_loud(samples)
        self._quiet = 0 if loud else self._quiet + 1
        self._starts += [end - 1] if loud else []
        paused = self._quiet >= config.steps(config.pause_seconds)
        if config.alone:
            self._starts = self._starts[:1]
            self._search.advance([], [])
            return self._between_pauses() if paused else []
        segments: list[Segment] = []
        if loud:
            latest = end - config.steps(config.shortest_seconds)
            segments = self._segments([start for start in self._starts if start <= latest], end)
        self._starts = [] if paused else [start for start in self._starts if start > end - longest]
        return self._search.advance(segments, self._starts)

    def _between_pauses(self) -> list[Segment]:
        """Recognise what was said since the last pause, if words are said alone and it is as long as one."""
        config, starts, now = self.config, self._starts, self._search.step
        self._starts = []
        if not config.alone or not starts:
            return []
        over = max(0, self._quiet - 1)  # a step of the pause before it and one of that behind it hold its soft ends
        start, end = max(0, starts[0] - 1), now - over
        if now - self._quiet - starts[0] < config.steps(config.shortest_seconds):
            return []
        if end - start > config.steps(config.longest_seconds):
            return []
        self._recent = self._recent[: len(self._recent) - over * self._step_samples]
        return self._segments([start], end)

    def _segments(self, starts: list[int], end: int) -> list[Segment]:
        """Recognise the stretches from each of the starts to the end, and return those that a word is worth."""
        if not starts:
            return []
        calibration = self.facts.calibration
        stretches = (self._recent[(start - end) * self._step_samples :] for start in starts)
        clips = np.stack([fit_length(stretch, self.facts.clip_samples) for stretch in stretches])
        logits = self.recognizer.model.logits(clips)
        neutral, least = math.log(self.config.neutral_probability), math.log(self.config.least_probability)
        chances = log_probabilities(logits)
        words, best = chances.argmax(axis=1), chances.max(axis=1)
        confidences = calibration.probabilities(logits)
        alone = self.config.alone
        accepted = ((best >= least) | alone) & calibration.accepts(logits)
        found = []
        for row, (start, word) in enumerate(zip(starts, words.tolist(), strict=True)):
            gain = (end - start) * self._step_seconds * (float(best[row]) - neutral) + self.config.word_gain
            if (gain > 0 or alone) and accepted[row]:
                found.append(Segment(start, end, gain, word, float(confidences[row, word])))
        return found

    def _events(self, segments: Iterable[Segment], came: int) -> list[WordEvent]:
        vocabulary = self.facts.vocabulary
        return [
            WordEvent(
                word=vocabulary.words[segment.word],
                digit=vocabulary.digits[segment.word],
                confidence=segment.confidence,
                start_seconds=segment.start * self._step_seconds,
                end_seconds=segment.end * self._step_seconds,
                decided_seconds=came * self._step_seconds,
            )
            for segment in segments
        ]


def recognize_stream(recognizer: OfWords, path: str | Path, config: StreamingConfig | None = None) -> list[WordEvent]:
    """Return the words of a sound file of any length, which is read block by block.

    Raises:
        AudioError: if the file cannot be read.
        ConfigError: as ``StreamingRecognizer``.
    """
    file = audio_info(path)
    stream = StreamingRecognizer(recognizer, file.sample_rate, config=config)
    events = [event for block in file.blocks() for event in stream.feed(block)]
    return events + stream.finish()
