"""What ``teach`` made and found, and the report of it in Markdown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.tables import markdown_table, percent, percent_with_interval
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.teaching.advice import TRAINED, advise, advise_after
from aurora_resnet.teaching.clips import TeachingClips

WORST_WORDS = 12
#: What answers are to: rows of the table of words.
WORDS, OWN = "held-out words", "your other recordings"


@dataclass(frozen=True)
class Accepted:
    """How much of the package's negatives a model accepts that did not learn from them.

    Attributes:
        kind: ``other words``, ``talk`` or ``noise``.
        clips: how many there are, a second each.
        count: how many of them are accepted.

    >>> str(Accepted("talk", 1200, 1))
    'talk: 1 of 1200 seconds, about 3 an hour'
    >>> str(Accepted("other words", 1000, 25))
    'other words: 25 of 1000, 2.50 %'
    """

    kind: str
    clips: int
    count: int

    def __str__(self) -> str:
        if self.kind == "other words":
            return f"{self.kind}: {self.count} of {self.clips}, {percent(self.count / max(1, self.clips))} %"
        an_hour = 3600 * self.count / max(1, self.clips)
        return f"{self.kind}: {self.count} of {self.clips} seconds, about {float(f'{an_hour:.2g}'):g} an hour"


@dataclass(frozen=True)
class Taught:
    """What ``teach`` made and found.

    Attributes:
        model: the file: a checkpoint if it was trained, else an exported model.
        calibration: of the model.
        estimate: held-out recordings, each answered by a network that did not learn from it.
        rejection: held-out words refused and negatives accepted; ``None`` where there are no negatives.
        by_speaker: whether whole speakers were held out, so that the estimate is of other speakers.
        advice: what is wrong with the recordings, each with what to do.
        problems: recordings that could not be used.
        seconds: how long it took.
        accepted: of the package's negatives, if the model was enrolled.
        correction: what recordings that were wrong changed.
    """

    model: Path
    calibration: Calibration
    estimate: ConditionReport
    rejection: RejectionReport | None
    by_speaker: bool
    advice: tuple[str, ...]
    problems: tuple[str, ...]
    seconds: float
    accepted: tuple[Accepted, ...] = ()
    correction: str | None = None

    @classmethod
    def of(
        cls,
        model: Path,
        clips: TeachingClips,
        calibration: Calibration,
        spoken: Answers,
        negatives: dict[str, Answers],
        *,
        needed: tuple[int, int] = TRAINED,
        advice: tuple[str, ...] = (),
        **more: Any,
    ) -> Taught:
        """Return what answers to held-out recordings, of words and of negatives by their name, say at a calibration."""
        spoken = replace(spoken, calibration=calibration)
        answers = {name: replace(each, calibration=calibration) for name, each in negatives.items()}
        estimate = spoken.report(WORDS, clips.network.words, {})
        return cls(
            model=model,
            calibration=calibration,
            estimate=estimate,
            rejection=RejectionReport.count(model.stem, {WORDS: spoken}, answers) if answers else None,
            advice=(*advice, *advise(clips.recordings, needed), *advise_after(estimate)),
            problems=clips.problems,
            **more,
        )

    def to_markdown(self) -> str:
        """Return the estimate with its interval, the advice, the words, and what is accepted by mistake."""
        estimate = self.estimate
        speakers = len(estimate.per_speaker)
        who = f"it, but on the same {'speaker, so this says nothing of anyone else' if speakers == 1 else 'speakers'}"
        if self.by_speaker:
            who = f"its speaker ({len(estimate.per_speaker)} speakers)"
        shown = percent_with_interval(estimate.accuracy, estimate.interval)
        over = "speakers" if estimate.interval.method == "speakers" else "recordings"
        parts = [
            f"Held-out recordings recognised: {shown} % ({estimate.correct} of {estimate.clips}; 95 % interval over "
            f"{over}); each was recognised by a network that was not trained on {who}. The model itself learnt from "
            "all of them."
        ]
        if self.correction is not None:
            parts.append(f"What was wrong: {self.correction}.")
        if self.advice:
            parts += ["## What to improve", "\n".join(f"- {each}" for each in self.advice)]
        spoken = [(word, score) for word, score in estimate.per_word.items() if score.clips]
        scores = sorted(spoken, key=lambda pair: pair[1].accuracy)
        rows = [[word, str(score.clips), percent(score.accuracy)] for word, score in scores[:WORST_WORDS]]
        parts += ["## Words, the worst first", markdown_table(["word", "recordings", "recognised %"], rows)]
        if self.accepted:
            parts += [
                f"The threshold refuses {self.estimate.refused} of these recordings.",
                "## Accepted by mistake, estimated from the package's negatives",
                "\n".join(f"- {each}" for each in self.accepted),
            ]
        if self.rejection is not None:
            parts += [
                self.rejection.to_markdown(),
                "The threshold was chosen on these held-out words, so of new words some more may be refused.",
            ]
        return "\n\n".join(parts)
