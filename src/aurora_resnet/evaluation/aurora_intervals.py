"""95 % intervals of the averages in Aurora's tables."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import Interval, Score, accuracy_interval
from aurora_resnet.evaluation.report import EvaluationReport


def average_intervals(report: EvaluationReport, snrs: Collection[str]) -> dict[tuple[str, str], Interval]:
    """Return the intervals of accuracies averaged over SNRs.

    The clips of all conditions of an average are pooled and resampled by speaker, so that the same voice in several
    noises counts once. Aurora's conditions have the same number of clips (up to one), so the pooled accuracy is the
    average.

    Args:
        report: conditions with the attributes ``set``, ``noise`` and ``snr_db``.
        snrs: values of ``snr_db`` that the averages are over.

    Returns:
        By (set, noise); ``(set, "")`` is the average over the set's noises, ``("", "")`` over everything.
    """
    pools: dict[tuple[str, str], list[ConditionReport]] = {}
    for condition in report.conditions:
        attributes = condition.attributes
        if attributes.get("snr_db") in snrs:
            name, noise = attributes.get("set", ""), attributes.get("noise", "")
            for key in ((name, noise), (name, ""), ("", "")):
                pools.setdefault(key, []).append(condition)
    return {key: _pooled(conditions) for key, conditions in pools.items()}


def _pooled(conditions: list[ConditionReport]) -> Interval:
    correct: list[bool] = []
    speakers: list[str] = []
    for condition in conditions:
        scores = condition.per_speaker or {"": Score(condition.clips, condition.correct)}
        for speaker, score in scores.items():
            correct += [True] * score.correct + [False] * (score.clips - score.correct)
            speakers += [speaker] * score.clips
    return accuracy_interval(np.array(correct), speakers)
