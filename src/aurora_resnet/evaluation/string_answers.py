"""What a model of strings answers to recordings, and how many words it recognises where none is said."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.evaluation.metrics import Score, accuracy_interval, auroc, scores_interval
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.evaluation.string_condition import NumberCounts, StringCondition
from aurora_resnet.evaluation.strings import WordCounts, count_errors
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.strings.grammar import digits_of
from aurora_resnet.runtime.strings.recognizer import StringRecognizer


@dataclass(frozen=True)
class StringAnswer:
    """What was recognised in one recording.

    Attributes:
        utterance: the recording and what is said in it.
        words: of the best string.
        confidence: its probability, 0 to 1.
        accepted: whether the recogniser accepts it; ``None`` if it is not calibrated.
        seconds: length of the recording.
    """

    utterance: Utterance
    words: tuple[str, ...]
    confidence: float
    accepted: bool | None
    seconds: float

    @property
    def counts(self) -> WordCounts:
        """Errors of the best string, accepted or not."""
        return count_errors(self.utterance.words, self.words)

    @property
    def right(self) -> bool:
        """Whether every word is right and none is missing or added."""
        return self.words == self.utterance.words

    @property
    def number_right(self) -> bool:
        """Whether the digits are those of the number that is said; "oh" and "zero" are one."""
        said = digits_of(self.utterance.words)
        return self.right if said is None else digits_of(self.words) == said


class StringAnswers(NamedTuple):
    """What was recognised, the recordings that could not be read, and the seconds that the recogniser took."""

    strings: list[StringAnswer]
    problems: tuple[str, ...] = ()
    seconds: float = 0.0

    @classmethod
    def pool(cls, parts: Sequence[StringAnswers]) -> StringAnswers:
        """Put the answers of one model together, with their problems."""
        problems = tuple(problem for part in parts for problem in part.problems)
        return cls([string for part in parts for string in part.strings], problems, sum(p.seconds for p in parts))

    def report(self, name: str, _words: Sequence[str], attributes: Mapping[str, str]) -> StringCondition:
        """Count what was recognised, for recordings of at least one word.

        >>> from pathlib import Path
        >>> said = Utterance(Path("a.wav"), ("one", "two"), "me")
        >>> condition = StringAnswers([StringAnswer(said, ("one", "three"), 0.9, True, 1.0)]).report("mine", (), {})
        >>> condition.accuracy, condition.right, condition.accepted_wrong
        (0.5, 0, 1)
        """
        speakers: dict[str, WordCounts] = {}
        for each in self.strings:
            speakers[each.utterance.speaker] = speakers.get(each.utterance.speaker, WordCounts()) + each.counts
        scores = {speaker: Score(c.said, c.said - c.errors) for speaker, c in sorted(speakers.items())}
        right = np.array([each.right for each in self.strings])
        return StringCondition(
            name,
            counts=sum(speakers.values(), start=WordCounts()),
            interval=scores_interval(scores),
            strings=len(self.strings),
            right=int(right.sum()),
            right_interval=accuracy_interval(right, [each.utterance.speaker for each in self.strings]),
            refused=sum(each.accepted is False for each in self.strings),
            accepted_wrong=sum(each.accepted is not False and not each.right for each in self.strings),
            confidence_auroc=auroc([each.confidence for each in self.strings], right),
            per_speaker=scores,
            numbers=self._numbers(),
            attributes=attributes,
            problems=self.problems,
        )

    def _numbers(self) -> dict[str, NumberCounts]:
        groups: dict[str, list[StringAnswer]] = {"all": self.strings}
        for kind, key in (("length", lambda u: f"{len(u.words):2}"), ("speaker", lambda u: u.speaker)):
            for each in sorted(self.strings, key=lambda each: key(each.utterance)):
                groups.setdefault(f"{kind} {key(each.utterance).strip() or 'unknown'}", []).append(each)
        counted = {}
        for name, group in groups.items():
            wrong = [not each.number_right for each in group if each.accepted is not False]
            right = sum(each.number_right for each in group)
            counted[name] = NumberCounts(len(group), right, len(wrong), sum(wrong))
        return counted

    def predictions(self, condition: str, _words: Sequence[str]) -> list[Prediction]:
        """Return one line a recording."""
        lines = []
        for each in self.strings:
            said, found = " ".join(each.utterance.words), " ".join(each.words)
            path, speaker = str(each.utterance.path), each.utterance.speaker
            lines.append(Prediction(path, condition, said, found, each.confidence, each.accepted, speaker))
        return lines

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """The recordings that could be read."""
        return tuple(each.utterance for each in self.strings)


def answer_strings(
    recognizer: StringRecognizer, corpus: Corpus, *, known_length: bool = False, bar: tqdm[Any] | None = None
) -> StringAnswers:
    """Recognise every recording of a corpus; unreadable ones become problems.

    Args:
        recognizer: what recognises them.
        corpus: recordings of strings, or of anything else.
        known_length: tell it how many words each string has.
        bar: is moved by every recording.
    """
    strings, problems, taken = [], [], 0.0
    for utterance in corpus:
        try:
            samples, rate = read_audio(utterance.path, raw=utterance.raw)
            begin = time.perf_counter()
            found = recognizer.recognize(samples, rate, lengths={len(utterance.words)} if known_length else None)
            taken += time.perf_counter() - begin
        except AudioError as error:
            problems.append(str(error))
        else:
            words = tuple(word.word for word in found.words)
            strings.append(StringAnswer(utterance, words, found.confidence, found.accepted, len(samples) / rate))
        if bar is not None:
            bar.update()
    return StringAnswers(strings, tuple(problems), taken)


@dataclass(frozen=True)
class FalseWords:
    """Words of accepted strings in recordings that say none.

    Attributes:
        recordings: how many there are.
        accepted: how many of them were taken for a string.
        words: in these.
        hours: length of all recordings.

    >>> FalseWords(recordings=100, accepted=2, words=5, hours=0.5).per_hour
    10.0
    """

    recordings: int
    accepted: int
    words: int
    hours: float

    @classmethod
    def of(cls, strings: Sequence[StringAnswer]) -> FalseWords:
        """Count them."""
        accepted = [len(each.words) for each in strings if each.accepted is not False and each.words]
        return cls(len(strings), len(accepted), sum(accepted), sum(each.seconds for each in strings) / 3600)

    @property
    def per_hour(self) -> float:
        """False words in an hour of such recordings."""
        return self.words / self.hours if self.hours else 0.0
