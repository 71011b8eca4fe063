"""What is counted of a recogniser's answers: right words, calibration, and what it rejects at its operating point.

With the logits ``z`` of the eleven words and the temperature ``T``, the answer is the word of the largest logit, its
confidence the largest of ``softmax(z / T)``. The answer is accepted where the evidence for a digit, ``logsumexp(z)``,
reaches the threshold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aurora_resnet.evaluation.metrics import accuracy_interval, expected_calibration_error, scores_by
from aurora_resnet.pretrained.shipped import pretrained_path
from aurora_resnet.recognition.rejection import Calibration, digit_evidence

THRESHOLD = 0.0
"""Taken where a file states none: there a digit and no digit would be equally likely."""


@dataclass(frozen=True)
class Answers:
    """Logits ``[n, K]`` of recordings, their true classes ``[n]`` and speakers."""

    logits: Tensor
    labels: Tensor
    speakers: tuple[str, ...]

    @classmethod
    def pool(cls, parts: Sequence[Answers]) -> Answers:
        """Put several together."""
        return cls(
            torch.cat([part.logits for part in parts]),
            torch.cat([part.labels for part in parts]),
            tuple(speaker for part in parts for speaker in part.speakers),
        )


def operating_point(calibration: Calibration) -> dict[str, Any]:
    """Return temperature and threshold as they are used, and where the threshold comes from."""
    stated = calibration.threshold is not None
    return {
        "temperature": calibration.temperature,
        "threshold": calibration.threshold if stated else THRESHOLD,
        "source": "checkpoint" if stated else f"the file states no threshold; {THRESHOLD} taken",
    }


def accepted(logits: Tensor, calibration: Calibration) -> Tensor:
    """Return which answers are accepted, ``[n]``."""
    accepts: Tensor = digit_evidence(logits) >= operating_point(calibration)["threshold"]
    return accepts


def digit_row(answers: Answers, calibration: Calibration) -> dict[str, Any]:
    """Count right answers, calibration error and rejections of digits."""
    confidence, predicted = (answers.logits.double() / calibration.temperature).softmax(1).max(1)
    correct = (predicted == answers.labels).numpy()
    rejected = int((~accepted(answers.logits, calibration)).sum())
    return {
        "clips": correct.size,
        "correct": int(correct.sum()),
        "accuracy": float(correct.mean()),
        "interval": asdict(accuracy_interval(correct, answers.speakers)),
        "calibration_error": expected_calibration_error(confidence.numpy(), correct),
        "mean_confidence": float(confidence.mean()),
        "rejected": rejected,
        "rejected_share": rejected / correct.size,
    }


def other_row(
    logits: Tensor, calibration: Calibration, groups: Sequence[str] | None = None, speakers: Sequence[str] | None = None
) -> dict[str, Any]:
    """Count what is accepted of recordings that are no digits.

    Args:
        logits: of the recordings, ``[n, K]``.
        calibration: holds the operating point.
        groups: name of each one's group, such as its word, to count them apart.
        speakers: of each, for an interval of the share.
    """
    wrong = accepted(logits, calibration).numpy()
    row: dict[str, Any] = {"clips": wrong.size, "accepted": int(wrong.sum()), "accepted_share": float(wrong.mean())}
    if speakers is not None:
        row["interval"] = asdict(accuracy_interval(wrong, speakers))
    if groups is not None:
        row["groups"] = {
            name: {"clips": score.clips, "accepted": score.correct} for name, score in scores_by(wrong, groups).items()
        }
    return row


def find_model(model: str) -> tuple[str, Path]:
    """Return name and file of a model: a path of a checkpoint, or the name of one that comes with the package."""
    path = Path(model)
    if not path.suffix and not path.is_file():
        return model, pretrained_path(model)
    return (path.resolve().parent.name if path.stem == "best" else path.stem), path


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
