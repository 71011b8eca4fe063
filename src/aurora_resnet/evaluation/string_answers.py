"""What a recogniser of strings hears in recordings, and how many words it hears where nobody says one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.evaluation.strings import WordCounts, count_errors
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.strings.recognizer import StringRecognizer


@dataclass(frozen=True)
class HeardString:
    """What was heard in one recording.

    Attributes:
        utterance: the recording and what is said in it.
        heard: the words of the best string.
        confidence: its probability, 0 to 1.
        accepted: whether the recogniser believes it; ``None`` if it is not calibrated.
        seconds: length of the recording.
    """

    utterance: Utterance
    heard: tuple[str, ...]
    confidence: float
    accepted: bool | None
    seconds: float

    @property
    def counts(self) -> WordCounts:
        """Errors of the best string, accepted or not."""
        return count_errors(self.utterance.words, self.heard)

    @property
    def right(self) -> bool:
        """Whether every word is right and none is missing or added."""
        return self.heard == self.utterance.words


class HeardStrings(NamedTuple):
    """What was heard, and the recordings that could not be read."""

    strings: list[HeardString]
    problems: tuple[str, ...]


def hear_strings(
    recognizer: StringRecognizer, corpus: Corpus, *, known_length: bool = False, bar: tqdm[Any] | None = None
) -> HeardStrings:
    """Hear every recording of a corpus; unreadable ones become problems.

    Args:
        recognizer: what hears them.
        corpus: recordings of strings, or of anything else.
        known_length: tell it how many words each string has.
        bar: is moved by every recording.
    """
    strings, problems = [], list(corpus.problems)
    for utterance in corpus:
        try:
            samples, rate = read_audio(utterance.path, raw=utterance.raw)
            lengths = {len(utterance.words)} if known_length else None
            found = recognizer.recognize(samples, rate, lengths=lengths)
        except AudioError as error:
            problems.append(str(error))
        else:
            words = tuple(word.word for word in found.words)
            strings.append(HeardString(utterance, words, found.confidence, found.accepted, len(samples) / rate))
        if bar is not None:
            bar.update()
    return HeardStrings(strings, tuple(problems))


@dataclass(frozen=True)
class FalseWords:
    """Words that were heard, and believed, in recordings that say none.

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
    def of(cls, heard: Sequence[HeardString]) -> FalseWords:
        """Count them."""
        believed = [len(each.heard) for each in heard if each.accepted is not False and each.heard]
        return cls(len(heard), len(believed), sum(believed), sum(each.seconds for each in heard) / 3600)

    @property
    def per_hour(self) -> float:
        """False words in an hour of such recordings."""
        return self.words / self.hours if self.hours else 0.0
