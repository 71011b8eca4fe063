"""How many words a model refuses and how many negatives it accepts, as values that are printed and saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aurora_resnet.corpora.summary import NO_WORD
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.bootstrap import BoolArray
from aurora_resnet.evaluation.metrics import Interval, accuracy_interval
from aurora_resnet.evaluation.tables import markdown_table, percent_with_interval
from aurora_resnet.runtime.decision import Calibration

_HEADER = ["what", "clips", "count", "share % [95 % interval]", "interval by"]
_MOST = 10


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


@dataclass(frozen=True)
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
    """

    model: str
    calibration: Calibration
    words_refused: Share
    negatives_accepted: Share
    refused_by_condition: Mapping[str, Share]
    refused_by_word: Mapping[str, Share]
    accepted_by_condition: Mapping[str, Share]
    accepted_by_word: Mapping[str, Share]

    @classmethod
    def count(cls, model: str, words: Mapping[str, Answers], negatives: Mapping[str, Answers]) -> RejectionReport:
        """Count the decisions of one model about recordings by condition."""
        refused, *refused_by = _shares(words, refused=True)
        accepted, *accepted_by = _shares(negatives, refused=False)
        calibration = next(iter(words.values())).calibration
        return cls(model, calibration, refused, accepted, *refused_by, *accepted_by)

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

    def _rows(self) -> list[list[str]]:
        rows: list[list[str]] = []
        for what, whole, parts in (
            ("words refused", self.words_refused, self.refused_by_condition),
            ("negatives accepted", self.negatives_accepted, self.accepted_by_condition),
        ):
            shares = [*parts.items(), *([("all", whole)] if len(parts) > 1 else [])]
            rows += [_row(f"{what}: {name}", share) for name, share in shares]
        return rows


def _shares(answers: Mapping[str, Answers], *, refused: bool) -> tuple[Share, dict[str, Share], dict[str, Share]]:
    """Return what is refused, or accepted, of all recordings, by condition, and by what is said."""
    pooled = Answers.pool(list(answers.values()))
    said = [" ".join(utterance.words) or NO_WORD for utterance in pooled.utterances]
    conditions = [name for name, each in answers.items() for _ in each.utterances]
    happened, speakers = ~pooled.accepted if refused else pooled.accepted, np.array(pooled.speakers)

    def by(labels: list[str]) -> dict[str, Share]:
        names = np.array(labels)
        return {label: Share.of(happened[names == label], speakers[names == label]) for label in dict.fromkeys(labels)}

    return Share.of(happened, pooled.speakers), by(conditions), by(said)


def _row(name: str, share: Share) -> list[str]:
    shown = percent_with_interval(share.share, share.interval)
    return [name, str(share.clips), str(share.count), shown, share.interval.method]
