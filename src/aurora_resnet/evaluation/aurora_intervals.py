"""95 % intervals of the averages in Aurora's tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aurora_resnet.evaluation.condition import Condition
from aurora_resnet.evaluation.metrics import Interval, Score, scores_interval


def average_intervals(conditions: Iterable[Condition], snrs: Collection[str]) -> dict[tuple[str, str], Interval]:
    """Return the intervals of accuracies averaged over SNRs.

    The clips of all conditions of an average are pooled and resampled by speaker, so that the same voice in several
    noises counts once. Aurora's conditions have the same number of clips (up to one), so the pooled accuracy is the
    average.

    Args:
        conditions: with the attributes ``set``, ``noise`` and ``snr_db``.
        snrs: values of ``snr_db`` that the averages are over.

    Returns:
        By (set, noise); ``(set, "")`` is the average over the set's noises, ``("", "")`` over everything.
    """
    pools: dict[tuple[str, str], list[Condition]] = {}
    for condition in conditions:
        attributes = condition.attributes
        if attributes.get("snr_db") in snrs:
            name, noise = attributes.get("set", ""), attributes.get("noise", "")
            for key in ((name, noise), (name, ""), ("", "")):
                pools.setdefault(key, []).append(condition)
    return {key: _pooled(pool) for key, pool in pools.items()}


def _pooled(conditions: list[Condition]) -> Interval:
    total: dict[str, Score] = {}
    for condition in conditions:
        for speaker, score in condition.pooled_scores.items():
            before = total.get(speaker, Score(0, 0))
            total[speaker] = Score(before.clips + score.clips, before.correct + score.correct)
    return scores_interval(dict(sorted(total.items())))
