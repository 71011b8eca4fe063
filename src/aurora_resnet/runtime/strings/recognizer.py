"""``StringRecognizer``: a recording goes in, the string of words that was said comes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from ..audio.low_cut import LowCut
from ..audio.recordings import AnyRecording, open_recording
from ..audio.resampling import resample
from ..audio.tones import cut_tones
from ..audio.waveform import Samples
from ..decision import audible
from ..model_reference import EXPORTED_STRINGS, AnyModel, resolve
from ..vocabulary import Vocabulary
from .model import SequenceFacts, SequenceModel, weighted
from .search import Hypothesis, PrefixSearch

MOST_ALTERNATIVES = 10
RIVALS = 60
"""Strings among which a word's confidence is summed."""

TAIL_SECONDS = 0.4
"""Of silence behind the end: a word is known a little after it was said, and its recording may end with it."""

OTHER_WORDS = 0.5
"""Least probability of other speech between or beside the words that is told as the reason."""

Reason = Literal["silence", "no words", "other words", "unsure", "no such string", "not calibrated"]


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
        confidence: probability that these words are all that was said: against all other strings, those with a word
            more or less among them, and that no other words stand between or beside them.
        alternatives: the most probable strings and their probabilities, this one first.
        accepted: whether to believe it; ``None``, unknown, if words were recognised and the model is not calibrated.
        reason: why not, or ``None``: ``silence``; ``no words``, where only something else was said; ``other words``,
            where something else was said with them, such as "forty"; ``unsure``, where the confidence is below the
            model's threshold for any other reason; ``no such string``, where none has the length or passes the
            check; ``not calibrated``.
    """

    text: str
    words: tuple[StringWord, ...]
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    accepted: bool | None
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
    def from_pretrained(
        cls,
        name_or_path: AnyModel = EXPORTED_STRINGS[0],
        *,
        device: str = "cpu",
        threads: int | None = None,
        revision: str | None = None,
        sha256: str | None = None,
        trust_code: bool = False,
    ) -> Self:
        """Load a model of strings; arguments and errors as ``Recognizer.from_pretrained``."""
        file = resolve(name_or_path, kind="strings", device=device, revision=revision, sha256=sha256)
        if file.format == "onnx":
            return cls(SequenceModel(file.path, threads=threads or 1))
        return cls(file.compute("strings", device=device, threads=threads, trust_code=trust_code))

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
        search.push(weighted(self.model.whole(samples), self.facts))
        possible = None if check is None else lambda words: check(string_text(self.vocabulary, words))
        found = search.best(possible, most=RIVALS)
        complete = search.complete(found[0].spans) if found else 1.0
        return self.answer(found, complete=complete, constrained=not (lengths is None and check is None))

    def answer(self, found: Sequence[Hypothesis], *, complete: float = 1.0, constrained: bool = False) -> DigitString:
        """Return the answer that strings stand for, the most probable one first.

        Args:
            found: from ``PrefixSearch.best``.
            complete: from ``PrefixSearch.complete``, of the first one.
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
        elif self.facts.threshold is None:
            reason = "not calibrated"
        elif best.probability * complete < self.facts.threshold:
            reason = "other words" if 1 - complete >= OTHER_WORDS else "unsure"
        return DigitString(
            text=string_text(self.vocabulary, best.words),
            words=tuple(self._word(found, place) for place in range(len(best.words))),
            confidence=min(1.0, best.probability * complete),
            alternatives=tuple(list(alternatives.items())[:MOST_ALTERNATIVES]),
            accepted=None if reason == "not calibrated" else reason is None,
            reason=reason,
        )

    def _waveform(self, recording: AnyRecording, sample_rate: float | None) -> Samples:
        opened = open_recording(recording, sample_rate)
        samples = resample(opened.read(0, opened.frames), opened.sample_rate, self.facts.sample_rate)
        if not audible(samples):
            return samples
        heard = cut_tones(LowCut(self.facts.sample_rate).push(samples), self.facts.sample_rate)
        return np.pad(heard, (0, round(TAIL_SECONDS * self.facts.sample_rate)))

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
