"""What an evaluation of strings found on one condition: words and strings right, by speaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import Any

import numpy as np

from aurora_resnet.evaluation.metrics import Interval, Score, accuracy_interval, scores_interval
from aurora_resnet.evaluation.string_answers import HeardString
from aurora_resnet.evaluation.strings import WordCounts


@dataclass(frozen=True)
class StringCondition:
    """The result on one condition, such as one scene at one SNR.

    Attributes:
        name: name of the condition.
        counts: words said and errors, accepted or not.
        interval: 95 % interval of the word accuracy, by speaker where enough are known.
        strings: how many were said.
        right: strings without an error.
        right_interval: 95 % interval of their share.
        refused: strings that the recogniser does not believe.
        per_speaker: words said, and those less the errors.
        attributes: what all recordings of the condition share.
        problems: recordings that could not be read.
    """

    name: str
    _: KW_ONLY
    counts: WordCounts
    interval: Interval
    strings: int
    right: int
    right_interval: Interval
    refused: int
    per_speaker: Mapping[str, Score]
    attributes: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, heard: Sequence[HeardString], problems: tuple[str, ...] = ()) -> StringCondition:
        """Count what was heard of strings of at least one word.

        >>> from pathlib import Path
        >>> from aurora_resnet.corpora.utterance import Utterance
        >>> said = Utterance(Path("a.wav"), ("one", "two"), "me")
        >>> condition = StringCondition.of("mine", [HeardString(said, ("one", "three"), 0.9, True, 1.0)])
        >>> condition.accuracy, condition.right
        (0.5, 0)
        """
        speakers: dict[str, WordCounts] = {}
        for each in heard:
            speakers[each.utterance.speaker] = speakers.get(each.utterance.speaker, WordCounts()) + each.counts
        scores = {speaker: Score(c.said, c.said - c.errors) for speaker, c in sorted(speakers.items())}
        right = np.array([each.right for each in heard])
        shared = set.intersection(*(set(each.utterance.attributes.items()) for each in heard))
        return cls(
            name,
            counts=sum(speakers.values(), start=WordCounts()),
            interval=scores_interval(scores),
            strings=len(heard),
            right=int(right.sum()),
            right_interval=accuracy_interval(right, [each.utterance.speaker for each in heard]),
            refused=sum(each.accepted is False for each in heard),
            per_speaker=scores,
            attributes={key: value for key, value in heard[0].utterance.attributes.items() if (key, value) in shared},
            problems=problems,
        )

    @property
    def accuracy(self) -> float:
        """The word accuracy ``(N - S - D - I) / N``, at most 1."""
        return 1 - self.counts.error_rate

    @property
    def pooled_scores(self) -> Mapping[str, Score]:
        """Words by speaker, of which averages over conditions are made."""
        return self.per_speaker

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StringCondition:
        """Return the result of which ``to_dict`` gave ``data``."""
        return cls(
            data["name"],
            counts=WordCounts(**data["counts"]),
            interval=Interval(**data["interval"]),
            strings=data["strings"],
            right=data["right"],
            right_interval=Interval(**data["right_interval"]),
            refused=data["refused"],
            per_speaker={name: Score(**score) for name, score in data["per_speaker"].items()},
            attributes=data["attributes"],
            problems=tuple(data["problems"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            **asdict(self),
            "word_accuracy": self.accuracy,
            "string_accuracy": self.right / self.strings,
            "attributes": dict(self.attributes),
            "problems": list(self.problems),
        }
