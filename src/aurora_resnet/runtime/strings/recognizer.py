"""``StringRecognizer``: a recording goes in, the string of words that was said comes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from ..audio.low_cut import LowCut
from ..audio.recordings import AnyRecording, open_recording
from ..audio.resampling import resample
from ..audio.tones import cut_tones
from ..audio.waveform import Samples
from ..decision import audible
from ..model_files import EXPORTED_STRINGS
from ..vocabulary import Vocabulary
from .model import SequenceFacts, SequenceModel, load_sequence_model, weighted
from .search import Hypothesis, PrefixSearch

MOST_ALTERNATIVES = 10
RIVALS = 60
"""Strings among which a word's confidence is summed."""

TAIL_SECONDS = 0.4
"""Of silence behind the end: a word is known a little after it was said, and its recording may end with it."""

LEAD_SECONDS, ABRUPT_DB = 0.32, 8.0
"""A recording that begins so much louder than its quietest step begins with speech; the network, which learnt words
behind a pause, is given so long a pause before: the quietest step at half its level, again and again."""

Reason = Literal["silence", "no words", "unsure", "no such string"]


@dataclass(frozen=True)
class StringWord:
    """A word of a string.

    Attributes:
        word: what was said.
        digit: the digit that it names (``zero`` and ``oh`` are both 0); ``None`` for a word that names none.
        start_seconds: where it begins in the recording, to about 0.1 s.
        end_seconds: where it ends.
        confidence: probability that this word was said there, 0 to 1.
    """

    word: str
    digit: int | None
    start_seconds: float
    end_seconds: float
    confidence: float


@dataclass(frozen=True)
class DigitString:
    """What was heard in one recording.

    Attributes:
        text: the digits, as ``"0773"``; where a word names none, the words with blanks between.
        words: one by one.
        confidence: probability of the whole string against all others, those with a word more or less among them.
        alternatives: the most probable strings and their probabilities, this one first.
        accepted: whether to believe it.
        reason: why not, or ``None``: ``silence``; ``no words``, where something else was heard; ``unsure``, where the
            confidence is below the model's threshold; ``no such string``, where none has the length or passes the
            check.
    """

    text: str
    words: tuple[StringWord, ...]
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    accepted: bool
    reason: Reason | None

    def __repr__(self) -> str:
        return f"DigitString({self.text!r}, confidence={self.confidence:.3f}, accepted={self.accepted})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


class StringRecognizer:
    """Recognise strings of words, spoken digits unless the model knows others.

    Recordings are what ``Recognizer`` takes. Recognising changes nothing, so one recogniser may serve many threads.

    Args:
        model: what gives the probabilities.

    >>> recognizer = StringRecognizer.from_pretrained("string_net")
    >>> recognizer.recognize(np.zeros(16000, np.int16), 16000).reason
    'silence'
    """

    def __init__(self, model: SequenceModel) -> None:
        self.model = model

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path = EXPORTED_STRINGS[0], *, threads: int = 1) -> Self:
        """Load an exported model; see ``load_sequence_model``.

        Raises:
            ModelError: if there is none of that name, or the file is missing, damaged or a model of single words.
        """
        return cls(load_sequence_model(name_or_path, threads=threads))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.facts.name}, {self.vocabulary!r})"

    @property
    def facts(self) -> SequenceFacts:
        """What there is to know of the model."""
        return self.model.facts

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that the model knows."""
        return self.facts.vocabulary

    def recognize(
        self,
        recording: AnyRecording,
        sample_rate: float | None = None,
        *,
        lengths: Collection[int] | None = None,
        check: Callable[[str], bool] | None = None,
    ) -> DigitString:
        """Recognise one recording.

        Args:
            recording: a path, the bytes of a sound file or a file object that holds one, samples, or a mapping of
                samples and their rate; see ``AnyRecording``.
            sample_rate: of samples in Hz; whatever states its own rate takes none.
            lengths: numbers of words that the string may have, if they are known: only such strings are looked for.
            check: whether a text is possible, such as a check digit; only such strings are looked for.

        Raises:
            AudioError: if the recording cannot be used.
            ConfigError: for samples without a rate, or anything else with one, or for lengths below 0.
        """
        samples = self._waveform(recording, sample_rate)
        if not audible(samples):
            return DigitString("", (), 1.0, (), accepted=False, reason="silence")
        search = PrefixSearch(len(self.vocabulary), lengths)
        lead = self._lead_in(samples)
        shares = self.model.whole(np.concatenate((lead, samples)))[len(lead) // self.facts.step_samples :]
        search.push(weighted(shares, self.facts.other_weight))
        possible = None if check is None else lambda words: check(string_text(self.vocabulary, words))
        return self.answer(search.best(possible, most=RIVALS), constrained=not (lengths is None and check is None))

    def answer(self, found: Sequence[Hypothesis], *, constrained: bool = False) -> DigitString:
        """Return the answer that strings stand for, the most probable one first.

        Args:
            found: from ``PrefixSearch.best``.
            constrained: whether only some strings were possible.
        """
        if not found:
            return DigitString("", (), 0.0, (), accepted=False, reason="no such string")
        best = found[0]
        alternatives: dict[str, float] = {}
        for hypothesis in found:
            text = string_text(self.vocabulary, hypothesis.words)
            alternatives[text] = alternatives.get(text, 0.0) + hypothesis.probability
        reason: Reason | None = None
        if not best.words and not constrained:
            reason = "no words"
        elif best.probability < self.facts.threshold:
            reason = "unsure"
        return DigitString(
            text=string_text(self.vocabulary, best.words),
            words=tuple(self._word(found, place) for place in range(len(best.words))),
            confidence=min(1.0, best.probability),
            alternatives=tuple(list(alternatives.items())[:MOST_ALTERNATIVES]),
            accepted=reason is None,
            reason=reason,
        )

    def _waveform(self, recording: AnyRecording, sample_rate: float | None) -> Samples:
        opened = open_recording(recording, sample_rate)
        samples = resample(opened.read(0, opened.frames), opened.sample_rate, self.facts.sample_rate)
        if not audible(samples):
            return samples
        heard = cut_tones(LowCut(self.facts.sample_rate).push(samples), self.facts.sample_rate)
        return np.pad(heard, (0, round(TAIL_SECONDS * self.facts.sample_rate)))

    def _lead_in(self, samples: Samples) -> Samples:
        """Return the pause to put before a recording, whole steps; none where it begins with one."""
        step = self.facts.step_samples
        steps = samples[: (len(samples) - round(TAIL_SECONDS * self.facts.sample_rate)) // step * step].reshape(
            -1, step
        )
        powers = np.square(steps, dtype=np.float64).mean(axis=1)
        if len(powers) < 3 or powers[:2].mean() <= 10 ** (ABRUPT_DB / 10) * powers.min():
            return samples[:0]
        quietest = steps[int(powers.argmin())] / 2
        count = max(1, round(LEAD_SECONDS / self.facts.step_seconds))
        return np.resize(np.concatenate((quietest, quietest[::-1])), count * step).astype(np.float32)

    def _word(self, found: Sequence[Hypothesis], place: int) -> StringWord:
        """Return a word of the best string; its confidence is that of all strings that have it at that time."""
        word, (start, end) = found[0].words[place], found[0].spans[place]
        agreeing = sum(
            hypothesis.probability
            for hypothesis in found
            if any(
                other == word and first < end and start < last
                for other, (first, last) in zip(hypothesis.words, hypothesis.spans, strict=True)
            )
        )
        seconds = self.facts.step_seconds
        return StringWord(
            word=self.vocabulary.words[word],
            digit=self.vocabulary.digits[word],
            start_seconds=start * seconds,
            end_seconds=end * seconds,
            confidence=min(1.0, agreeing),
        )


def string_text(vocabulary: Vocabulary, words: Sequence[int]) -> str:
    """Return how a string is written.

    >>> string_text(Vocabulary(("zero", "one", "oh")), [1, 2, 0]), string_text(Vocabulary(("yes", "no")), [0, 1])
    ('100', 'yes no')
    """
    digits = [vocabulary.digits[word] for word in words]
    if all(digit is not None for digit in digits):
        return "".join(map(str, digits))
    return " ".join(vocabulary.words[word] for word in words)
