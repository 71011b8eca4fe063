"""What is counted of a model's answers: right words, calibration, and what its decision accepts."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.metrics import accuracy_interval, expected_calibration_error, scores_by


def word_row(answers: Answers) -> dict[str, Any]:
    """Count right answers, calibration error and rejections of words of the vocabulary."""
    correct = answers.predicted == answers.labels
    rejected = int((~answers.accepted).sum())
    return {
        "clips": correct.size,
        "correct": int(correct.sum()),
        "accuracy": float(correct.mean()),
        "interval": asdict(accuracy_interval(correct, answers.speakers)),
        "calibration_error": expected_calibration_error(answers.confidence, correct),
        "mean_confidence": float(answers.confidence.mean()),
        "rejected": rejected,
        "rejected_share": rejected / correct.size,
    }


def negative_row(answers: Answers, groups: Sequence[str] | None = None) -> dict[str, Any]:
    """Count what is accepted of recordings that are none of the words.

    Args:
        answers: to the recordings; where speakers are known there is an interval of the share too.
        groups: name of each one's group, such as its word, to count them apart.
    """
    wrong = answers.accepted
    row: dict[str, Any] = {"clips": wrong.size, "accepted": int(wrong.sum()), "accepted_share": float(wrong.mean())}
    if any(answers.speakers):
        row["interval"] = asdict(accuracy_interval(wrong, answers.speakers))
    if groups is not None:
        row["groups"] = {
            name: {"clips": score.clips, "accepted": score.correct} for name, score in scores_by(wrong, groups).items()
        }
    return row
