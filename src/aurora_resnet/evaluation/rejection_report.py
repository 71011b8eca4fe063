"""How many words a model refuses and how many negatives it accepts, as values that are printed and saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from aurora_resnet.corpora.summary import NO_WORD
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.metrics import BoolArray, Interval, accuracy_interval
from aurora_resnet.evaluation.tables import markdown_table, percent_with_interval
from aurora_resnet.runtime.decision import Calibration

_HEADER = ["what", "clips", "count", "share % [95 % interval]", "interval by"]
_MOST = 10


class Decided(Protocol):
    """A model's decisions about recordings, as ``evaluation.answers.Answers`` has them."""

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """The recordings."""

    @property
    def accepted(self) -> BoolArray:
        """Which are not refused, ``[n]``."""

    @property
    def calibration(self) -> Calibration:
        """What decided."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Recordings that could not be read."""


@dataclass(frozen=True)
class Share:
    """In how many recordings of a group something happened.

    Attributes:
        clips: recordings of the group, at least 1.
        count: those in which it happened.
        interval: 95 % confidence interval of the share, by speaker where there are enough known ones.

    >>> Share.of(np.array([True, False, False, False]), ["ana", "ana", "ben", "ben"]).share
    0.25
    """

    clips: int
    count: int
    interval: Interval

    @classmethod
    def of(cls, happened: BoolArray, speakers: Sequence[str]) -> Share:
        """Count where something happened."""
        return cls(happened.size, int(happened.sum()), accuracy_interval(happened, speakers))

    @property
    def share(self) -> float:
        """Of all recordings, 0 to 1."""
        return self.count / self.clips


@dataclass(frozen=True, repr=False)
class RejectionReport:
    """How many words a model refuses and how many negatives it accepts, at its threshold.

    Attributes:
        model: name of the model.
        calibration: that was in use; without a threshold only silence is refused, and all else counts as accepted.
        words_refused: of all recordings of words.
        negatives_accepted: of all negatives.
        refused_by_condition: the words again, by condition.
        refused_by_word: by the word that is said.
        accepted_by_condition: the negatives again, by condition.
        accepted_by_word: by what is said in them; ``(no word)`` for noise.
        problems: recordings that could not be read.
    """

    model: str
    calibration: Calibration
    words_refused: Share
    negatives_accepted: Share
    refused_by_condition: Mapping[str, Share]
    refused_by_word: Mapping[str, Share]
    accepted_by_condition: Mapping[str, Share]
    accepted_by_word: Mapping[str, Share]
    problems: tuple[str, ...] = field(default=())

    @classmethod
    def count(cls, model: str, words: Mapping[str, Decided], negatives: Mapping[str, Decided]) -> RejectionReport:
        """Count the decisions of one model about recordings by condition."""
        (said, refused, of_words), (unsaid, accepted, of_negatives) = _pooled(words, True), _pooled(negatives, False)
        return cls(
            model=model,
            calibration=next(iter(words.values())).calibration,
            words_refused=Share.of(refused, [utterance.speaker for utterance in said]),
            negatives_accepted=Share.of(accepted, [utterance.speaker for utterance in unsaid]),
            refused_by_condition=_by(of_words, refused, said),
            refused_by_word=_by(map(_said, said), refused, said),
            accepted_by_condition=_by(of_negatives, accepted, unsaid),
            accepted_by_word=_by(map(_said, unsaid), accepted, unsaid),
            problems=tuple(problem for each in (*words.values(), *negatives.values()) for problem in each.problems),
        )

    def __repr__(self) -> str:
        return f"RejectionReport({self.model}: {self._summary()})"

    def _repr_markdown_(self) -> str:
        """Return both shares by condition, for notebooks."""
        return f"{self.model}: {self._summary()}\n\n{markdown_table(_HEADER, self._rows())}"

    def to_markdown(self) -> str:
        """Return the shares by condition, and the words that are most often refused and accepted."""
        parts = ["## Words refused and negatives accepted", markdown_table(_HEADER, self._rows())]
        for title, shares in (
            ("Words that are refused most", self.refused_by_word),
            ("Negatives that are accepted most", self.accepted_by_word),
        ):
            worst = sorted((pair for pair in shares.items() if pair[1].count), key=lambda pair: -pair[1].share)
            if worst and len(shares) > 1:
                rows = [_row(word, share) for word, share in worst[:_MOST]]
                parts += [f"{title}:", markdown_table(["said", *_HEADER[1:]], rows)]
        if not self.calibration.rejects:
            parts.append("The model is not calibrated: it refuses silence only, and does not say what it accepts.")
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"problems": list(self.problems)}

    def _summary(self) -> str:
        refused, accepted = self.words_refused, self.negatives_accepted
        return (
            f"{percent_with_interval(refused.share, refused.interval)} % of words refused, "
            f"{percent_with_interval(accepted.share, accepted.interval)} % of negatives accepted"
        )

    def _rows(self) -> list[list[str]]:
        rows = [_row(f"words refused: {name}", share) for name, share in self.refused_by_condition.items()]
        rows += [_row("words refused: all", self.words_refused)] if len(rows) > 1 else []
        accepted = [_row(f"negatives accepted: {name}", share) for name, share in self.accepted_by_condition.items()]
        accepted += [_row("negatives accepted: all", self.negatives_accepted)] if len(accepted) > 1 else []
        return rows + accepted


def _pooled(answers: Mapping[str, Decided], refused: bool) -> tuple[list[Utterance], BoolArray, list[str]]:
    """Return all recordings, which of them are accepted or refused, and the condition of each."""
    utterances = [utterance for each in answers.values() for utterance in each.utterances]
    accepted = np.concatenate([each.accepted for each in answers.values()])
    names = [name for name, each in answers.items() for _ in each.utterances]
    return utterances, ~accepted if refused else accepted, names


def _said(utterance: Utterance) -> str:
    return " ".join(utterance.words) or NO_WORD


def _by(labels: Iterable[str], happened: BoolArray, utterances: Sequence[Utterance]) -> dict[str, Share]:
    """Count by label, in the order in which they first occur."""
    groups: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        groups.setdefault(label, []).append(number)
    return {
        label: Share.of(happened[rows], [utterances[row].speaker for row in rows]) for label, rows in groups.items()
    }


def _row(name: str, share: Share) -> list[str]:
    shown = percent_with_interval(share.share, share.interval)
    return [name, str(share.clips), str(share.count), shown, share.interval.method]
