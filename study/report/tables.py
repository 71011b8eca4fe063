"""What the study's page shows, by ``tables.toml``, and rows that are more than numbers of a record: verdicts, costs."""

import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.evaluation.bootstrap import Difference
from aurora_resnet.evaluation.comparison import holm
from aurora_resnet.evaluation.strings import WordCounts, count_errors
from aurora_resnet.models.zoo import create_model
from study.plan import plan
from study.report.records import Study, Variant
from study.test_set import LETTERS

_CONTENT: dict[str, Any] = tomllib.loads(Path(__file__).with_name("tables.toml").read_text(encoding="utf-8"))

#: The variant that the questions share and are compared with.
BASE = "q1_systems/resnet50-multi"
SYSTEMS: dict[str, str] = _CONTENT["systems"]
PAPER: dict[str, list[str]] = _CONTENT["paper"]
#: Question 9's networks with the same augmentation and the time that question 1 gives.
EQUAL_TIME: dict[str, str] = _CONTENT["equal_time"]
#: Rows of each question's table: titles by the variant's name.
GROUPS: dict[str, dict[str, str]] = _CONTENT["groups"]
SECTIONS: dict[str, dict[str, str]] = _CONTENT["sections"]
#: Each says that the ``first`` variant is better than the ``second`` in some SNRs; the paper's come first.
CLAIMS: list[dict[str, Any]] = _CONTENT["claims"]
LEVEL = 0.05
#: The ResNet's smallest lead in the paper's table: over the CNN, clean.
LEAD = 0.0173
#: The SNRs at which confusions are counted, in dB.
LOW = ("5", "0", "-5")
#: Of the training clips, beside all.
SHARES = ("1_16", "1_8", "1_4", "1_2")
STARTS = {"imagenet": "ImageNet", "random": "random"}
Row = dict[str, Any]


def difference(value: Difference) -> str:
    """Return a difference in points with its interval.

    >>> difference(Difference(0.0123, -0.004, 0.03, 0.1))
    '+1.2 [-0.4, +3.0]'
    """
    return f"{100 * value.mean:+.1f} [{100 * value.low:+.1f}, {100 * value.high:+.1f}]"


def verdict(result: Difference, p_value: float) -> str:
    """Say what a comparison decides; ``p_value`` is the corrected one.

    >>> verdict(Difference(0.02, 0.01, 0.03, 0.001), 0.01), verdict(Difference(-0.02, -0.03, -0.01, 0.001), 0.01)
    ('confirmed', 'not confirmed: the opposite')
    >>> verdict(Difference(0.01, -0.01, 0.05, 0.2), 0.4), verdict(Difference(0.01, -0.01, 0.015, 0.2), 0.4)
    ('not decidable here', 'not confirmed: under 1.73')
    """
    if p_value < LEVEL and result.decided:
        return "confirmed" if result.mean > 0 else "not confirmed: the opposite"
    return "not decidable here" if result.high >= LEAD else f"not confirmed: under {100 * LEAD:g}"


def verdicts(study: Study) -> list[Row]:
    """Return every claim whose runs are there, with its difference, corrected p-value and verdict."""
    made = [claim for claim in CLAIMS if {claim["first"], claim["second"]} <= study.variants.keys()]
    pairs = [(study[claim["first"]], study[claim["second"]]) for claim in made]
    results = [one.against(other, claim["snrs"]) for claim, (one, other) in zip(made, pairs, strict=True)]
    corrected = holm([result.p_value for result in results])
    return [
        claim | {"difference": difference(result), "p": p, "is": verdict(result, p)}
        for claim, result, p in zip(made, results, corrected, strict=True)
    ]


def costs(study: Study) -> dict[str, float]:
    """Return how many runs there are and their hours of one core, and how many are planned and about their hours."""
    records = {record["run"]: record for variant in study.variants.values() for record in variant.records}
    hours, planned = sum(record["wall_seconds"] for record in records.values()) / 3600, plan()
    return {
        "runs": len(records),
        "hours": hours,
        "planned": len(planned),
        "hours_planned": hours + sum(run.minutes for run in planned if run.name not in records) / 60,
    }


def shares(study: Study) -> list[Row]:
    """Return the variants by start, ``imagenet`` and ``random``, for every share of the training clips that has both."""
    pairs = {share: [f"q2_pretraining/{start}-{share}" for start in STARTS] for share in SHARES}
    pairs["all"] = [BASE, "q2_pretraining/random"]
    return [
        {"share": share.replace("_", "/"), **{start: study[name] for start, name in zip(STARTS, pair, strict=True)}}
        for share, pair in pairs.items()
        if set(pair) <= study.variants.keys()
    ]


def starts(study: Study) -> dict[str, Variant]:
    """Return the trainings that tell how fast each start learns."""
    quarter = {f"q2_pretraining/{start}-1_4": f"{title}, 1/4 of the clips" for start, title in STARTS.items()}
    return study.present(GROUPS["q2_pretraining"] | quarter | {"q9_budget/random-multi": "random, sufficient budget"})


def strings(study: Study) -> list[Row]:
    """Return how many strings each network recognised, "oh" and "zero" being one, and its word errors, by set."""
    rows = []
    for title, variant in study.present(GROUPS["q14_strings"]).items():
        row: Row = {"title": title, "fewer": variant.fewer, "minutes": variant.minutes, "strings": {}, "errors": {}}
        answers: dict[str, list[tuple[list[str], ...]]] = {}
        for condition, found in chain.from_iterable(record["strings"].items() for record in variant.records):
            pairs = [tuple(list(text.replace("o", "0")) for text in texts) for _, *texts in found]
            answers.setdefault(condition.rpartition("/")[0], []).extend(pairs)
        for where, pairs in answers.items():
            row["strings"][where] = np.mean([said == heard for said, heard in pairs])
            row["errors"][where] = sum((count_errors(*pair) for pair in pairs), WordCounts()).error_rate
        rows.append(row)
    return rows


def trainable(study: Study) -> dict[str, int]:
    """Return how many parameters each plan of freezing lets learn in the first epoch."""
    network = create_model("resnet50")
    counts = {}
    for variant in study.present(GROUPS["q3_freezing"]).values():
        plan = variant.first["training"]["experiment"]["training"]["freeze"]
        counts[variant.name] = sum(p.numel() for p in network.freeze(plan).parameters() if p.requires_grad)
    return counts


def confusions(variant: Variant) -> npt.NDArray[np.int64]:
    """Count spoken (rows) and recognised words (columns), over all seeds."""
    counts = np.zeros((len(LETTERS), len(LETTERS)), dtype=np.int64)
    for condition in variant.test.conditions(LOW):
        spoken = [LETTERS.index(letter) for letter in variant.test.words[condition]]
        for record in variant.records:
            np.add.at(counts, (spoken, [LETTERS.index(letter) for letter in record["answers"][condition]]), 1)
    return counts
