"""What ``teach`` made and found, and the report of it in Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.tables import markdown_table, percent, percent_with_interval
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.teaching.keeping import KeptWords

WORST_WORDS = 12
"""Rows of the table of words."""


@dataclass(frozen=True)
class Taught:
    """What ``teach`` made and found.

    Attributes:
        checkpoint: the file.
        calibration: of the model.
        estimate: held-out recordings, each answered by a network that did not learn from it.
        rejection: held-out words refused and negatives accepted; ``None`` where there are no negatives.
        by_speaker: whether whole speakers were held out, so that the estimate is of other speakers.
        advice: what is wrong with the recordings, each with what to do.
        kept: what became of words that the start knows, ``None`` where there are none beside new ones.
        problems: recordings that could not be used.
        seconds: how long it took.
    """

    checkpoint: Path
    calibration: Calibration
    estimate: ConditionReport
    rejection: RejectionReport | None
    by_speaker: bool
    advice: tuple[str, ...]
    kept: KeptWords | None
    problems: tuple[str, ...]
    seconds: float

    def to_markdown(self) -> str:
        """Return the estimate with its interval, the advice, the words, and what is accepted by mistake."""
        estimate = self.estimate
        who = "it, but on the same speakers"
        if self.by_speaker:
            who = f"its speaker ({len(estimate.per_speaker)} speakers)"
        shown = percent_with_interval(estimate.accuracy, estimate.interval)
        over = "speakers" if estimate.interval.method == "speakers" else "recordings"
        parts = [
            f"Held-out recordings recognised: {shown} % ({estimate.correct} of {estimate.clips}; 95 % interval over "
            f"{over}); each was recognised by a network that was not trained on {who}. The model itself learnt from "
            "all of them.",
        ]
        if self.kept is not None:
            parts.append(str(self.kept))
        if self.advice:
            parts += ["## What to improve", "\n".join(f"- {each}" for each in self.advice)]
        spoken = [(word, score) for word, score in estimate.per_word.items() if score.clips]
        scores = sorted(spoken, key=lambda pair: pair[1].accuracy)
        rows = [[word, str(score.clips), percent(score.accuracy)] for word, score in scores[:WORST_WORDS]]
        parts += ["## Words, the worst first", markdown_table(["word", "recordings", "recognised %"], rows)]
        if self.rejection is not None:
            parts += [
                self.rejection.to_markdown(),
                "The threshold was chosen on these held-out words, so of new words some more may be refused.",
            ]
        return "\n\n".join(parts)
