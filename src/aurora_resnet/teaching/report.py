"""The evaluation report of a user's own words, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.evaluation.tables import markdown_table, percent, percent_with_interval
from aurora_resnet.teaching.keeping import KeptWords

WORST_WORDS = 12
"""Rows of the table of words."""


def teaching_report(
    estimate: ConditionReport,
    rejection: RejectionReport | None,
    advice: Sequence[str],
    kept: KeptWords | None = None,
    *,
    by_speaker: bool,
) -> str:
    """Return the estimate with its interval, the words, what is accepted by mistake, and the advice.

    Args:
        estimate: of the held-out recordings.
        rejection: of them and of negatives, if there are any.
        advice: what is wrong with the recordings.
        kept: what became of words that the start knows, if there are any.
        by_speaker: whether whole speakers were held out.
    """
    who = (
        f"each was recognised by a network that was not trained on its speaker ({len(estimate.per_speaker)} speakers)"
        if by_speaker
        else "each was recognised by a network that was not trained on it, but on the same speakers"
    )
    shown = percent_with_interval(estimate.accuracy, estimate.interval)
    over = "speakers" if estimate.interval.method == "speakers" else "recordings"
    parts = [
        f"Held-out recordings recognised: {shown} % ({estimate.correct} of {estimate.clips}; 95 % interval over "
        f"{over}); {who}. The model itself learnt from all of them.",
    ]
    if kept is not None:
        parts.append(str(kept))
    if advice:
        parts += ["## What to improve", "\n".join(f"- {each}" for each in advice)]
    spoken = [(word, score) for word, score in estimate.per_word.items() if score.clips]
    scores = sorted(spoken, key=lambda pair: pair[1].accuracy)
    rows = [[word, str(score.clips), percent(score.accuracy)] for word, score in scores[:WORST_WORDS]]
    parts += ["## Words, the worst first", markdown_table(["word", "recordings", "recognised %"], rows)]
    if rejection is not None:
        parts += [
            rejection.to_markdown(),
            "The threshold was chosen on these held-out words, so of new words some more may be refused.",
        ]
    return "\n\n".join(parts)
