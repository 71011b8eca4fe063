"""The page of the study: its questions in order, each with what was asked, a table, a figure.

The prose is in ``templates``; here are the tables and numbers that it names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from study.report.confusions import pair_table, word_table
from study.report.records import MEAN, Study
from study.report.rows import BASE, GROUPS, SHARES, SYSTEMS
from study.report.tables import (
    clips_table,
    cost_table,
    freezing_table,
    group_table,
    noise_table,
    parts_table,
    present_shares,
    snr_table,
    systems_table,
    tuning_table,
)
from study.report.verdicts import verdict_table
from tools.reports.templating import render

TEMPLATE = Path(__file__).with_name("templates") / "study.md.j2"
NEEDED = {"q2_pretraining": "q2_pretraining/random", "q3_freezing": "q3_freezing/stem"}
"""The run without which a question has no section; any will do for the others."""


def page(study: Study) -> str:
    """Return docs/study.md, with the questions that there are records of."""
    base, variants = study[BASE], study.variants
    questions = {
        question
        for question in GROUPS
        if any(name.startswith(NEEDED.get(question, f"{question}/")) for name in variants)
    }
    missing = [f"1/{round(1 / share)}" for suffix, share in SHARES.items() if suffix not in present_shares(study)]
    return render(
        TEMPLATE,
        questions=questions,
        tables=tables(study, questions),
        test_speakers=len(set(base.answers(("clean",)).speakers)),
        test_clips=len(base.answers(("clean", *MEAN, "-5")).speakers),
        missing_shares=missing,
        heard=contrastive(study),
        data=base.first["training"]["data"],
        budget=budget(study),
        runs=sum(variant.seeds for variant in variants.values()),
        hours=sum(variant.wall_minutes * variant.seeds for variant in variants.values()) / 60,
        hours_of_all=sum(
            variant.wall_minutes * (1 if name.startswith("q0") else 3) for name, variant in variants.items()
        )
        / 60,
    )


def tables(study: Study, questions: set[str]) -> dict[str, Any]:
    """Return all tables of the page, those of some questions among them."""
    found: dict[str, Any] = {
        "systems": systems_table(study),
        "verdicts": verdict_table(study),
        "snrs": snr_table(study),
        "parts": parts_table(study),
        "noises": {training: noise_table(study, training) for training in ("multi", "clean")},
        "words": word_table(study[BASE]),
        "pairs": pair_table(study, study[BASE]),
        "tuning": tuning_table(study),
        "costs": cost_table(study),
        "groups": {question: group_table(study, question) for question in questions},
    }
    if "q2_pretraining" in questions:
        found["clips"] = clips_table(study)
    if "q3_freezing" in questions:
        found["freezing"] = freezing_table(study)
    return found


def contrastive(study: Study) -> dict[str, Any] | None:
    """Return the record of what question 8's network heard before, if there is one."""
    path = study.folder / "contrastive.json"
    if not path.exists():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def budget(study: Study) -> list[tuple[str, int, float]]:
    """Return how many passes over the clips each system takes in the same time, and the minutes of a run."""
    systems = {title: study[f"q1_systems/{system}-multi"] for system, title in SYSTEMS.items()}
    return [
        (title.split(",")[0], variant.first["training"]["epochs"], variant.wall_minutes)
        for title, variant in systems.items()
    ]
