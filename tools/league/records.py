"""From answers to the record of an entrant: shares with intervals by speaker, and right or wrong for each clip."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from aurora_resnet.evaluation.metrics import accuracy_interval
from aurora_resnet.evaluation.strings import score_strings
from tools.league.clips import Clip
from tools.league.entrants import Answer, Entrant, answers
from tools.league.text import digits_of

Record = dict[str, Any]
#: Share of the tuning digits that the threshold of an entrant without an operating point of its own refuses.
REFUSED = 0.025


def groups_of(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    """Return the clips of a task by group and, unless they are strings or negatives, all of them.

    The rebuild has sets at SNRs; its groups are those of one set, and those of one SNR.
    """
    names = list(dict.fromkeys(clip.group for clip in clips))
    found = {name: [clip for clip in clips if clip.group == name] for name in names}
    if clips[0].task == "rebuild":
        parts = dict.fromkeys(part for name in names for part in name.split(maxsplit=1))
        found = {part: [clip for clip in clips if part in clip.group.split(maxsplit=1)] for part in parts}
    return found if clips[0].task in ("strings", "negatives") else found | {"all": list(clips)}


def is_right(clip: Clip, answer: Answer) -> bool:
    """Tell whether the digits are those that were said; of a single digit, the first that is written counts."""
    found, _ = digits_of(answer["text"])
    return (found if clip.is_string else found[:1]) == clip.said


def is_accepted(answer: Answer, threshold: float) -> bool:
    """Tell whether digits and nothing else were recognised, surely enough."""
    found, alone = digits_of(answer["text"])
    if answer["accepted"] is not None:
        return bool(found) and bool(answer["accepted"])
    return bool(found) and alone and (answer["confidence"] is None or answer["confidence"] >= threshold)


def threshold_of(clips: Sequence[Clip], answered: Mapping[Path, Answer]) -> float:
    """Return the confidence that the named share of single digits does not reach."""
    known = [answered[clip.path]["confidence"] for clip in clips if not clip.is_string]
    return 0.0 if None in known or not known else float(np.quantile(known, REFUSED, method="lower"))


def make_record(entrant: Entrant, clips: Sequence[Clip], runs: Path, python: Path) -> Record:
    """Choose the entrant's setting, ask it, and return its record.

    Args:
        entrant: who.
        clips: all tasks.
        runs: folder that keeps the answers.
        python: of the environment of the peers.
    """
    clips = [clip for clip in clips if not (entrant.words_only and clip.is_string)]
    tuning = [clip for clip in clips if clip.task == "tuning"]
    searched = []
    for setting in entrant.settings if len(entrant.settings) > 1 else ():
        found, _ = _ask(entrant, setting, tuning, runs, python)
        searched.append(sum(is_right(clip, found[clip.path]) for clip in tuning))
    best = entrant.settings[searched.index(max(searched)) if searched else 0]
    asked = [clip for clip in clips if entrant.peers or clip.task != "tuning"]
    answered, about = _ask(entrant, best, asked, runs, python)
    threshold = threshold_of(tuning, answered) if entrant.peers else 0.0
    tasks: Record = {}
    for task in dict.fromkeys(clip.task for clip in clips if clip.task != "tuning"):
        groups = groups_of([clip for clip in clips if clip.task == task])
        tasks[task] = {name: _row(group, answered, threshold) for name, group in groups.items()}
    return {
        "entrant": entrant.name,
        "title": entrant.title,
        "licence": entrant.licence,
        "decoding": entrant.decoding,
        "ours": not entrant.peers,
        "setting": dict(best),
        "searched": [[dict(s), right] for s, right in zip(entrant.settings, searched, strict=False)],
        "tuning_clips": len(tuning),
        "threshold": threshold if entrant.peers else None,
        **about,
        "bytes": sum(file["bytes"] for file in about["files"]),
        "tasks": tasks,
    }


def _ask(
    entrant: Entrant, setting: Mapping[str, Any], clips: Sequence[Clip], runs: Path, python: Path
) -> tuple[dict[Path, Answer], Record]:
    """Ask for words, then for strings."""
    answered: dict[Path, Answer] = {}
    about: Record = {"files": []}
    for strings in (False, True):
        paths = list(dict.fromkeys(clip.path for clip in clips if clip.is_string == strings))
        if paths:
            more, of = answers(entrant, entrant.options(setting, strings=strings), paths, runs, python)
            answered |= more
            about = of | {"files": about["files"] + [file for file in of["files"] if file not in about["files"]]}
    return answered, about


def _row(clips: Sequence[Clip], answered: Mapping[Path, Answer], threshold: float) -> Record:
    accepted = [is_accepted(answered[clip.path], threshold) for clip in clips]
    speakers = [clip.speaker for clip in clips]
    row: Record = {"clips": len(clips), "speakers": len(set(speakers)), "accepted": sum(accepted) / len(clips)}
    if not any(clip.said for clip in clips):
        interval = asdict(accuracy_interval(np.array(accepted), speakers))
        return row | {"interval": interval, "each": "".join("10"[accept] for accept in accepted)}
    right = np.array([is_right(clip, answered[clip.path]) for clip in clips])
    row |= {"right": float(right.mean()), "interval": asdict(accuracy_interval(right, speakers))}
    if clips[0].is_string:
        pairs = [(list(clip.said), list(digits_of(answered[clip.path]["text"])[0])) for clip in clips]
        row["digit_errors"] = score_strings(pairs).error_rate
    wrong = sum(accept and not hit for accept, hit in zip(accepted, right, strict=True))
    return row | {"wrong_of_accepted": wrong / max(1, sum(accepted)), "each": "".join("01"[int(hit)] for hit in right)}
