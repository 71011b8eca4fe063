"""Rows of the study's tables that are more than numbers of a record: verdicts, confusions, tuning, costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.evaluation.bootstrap import Difference
from aurora_resnet.evaluation.comparison import holm
from aurora_resnet.models.zoo import create_model
from aurora_resnet.runtime.vocabulary import DIGITS
from study.report.records import MEAN, Study, Variant
from study.report.specification import BASE, CLAIMS, GROUPS, SETTINGS, SHARES, SYSTEMS
from study.test_set import LETTERS

LEVEL = 0.05
LOW = ("5", "0", "-5")
"""The SNRs at which confusions are counted, in dB."""
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
    >>> verdict(Difference(0.02, -0.01, 0.05, 0.2), 0.4)
    'not decidable here: no clear difference'
    """
    if p_value >= LEVEL or not result.decided:
        return "not decidable here: no clear difference"
    return "confirmed" if result.mean > 0 else "not confirmed: the opposite"


def verdicts(study: Study) -> list[Row]:
    """Return every claim whose runs are there, with its difference, corrected p-value and verdict."""
    made = [claim for claim in CLAIMS if {claim["first"], claim["second"]} <= study.variants.keys()]
    pairs = [(study[claim["first"]], study[claim["second"]]) for claim in made]
    results = [one.against(other, claim["snrs"]) for claim, (one, other) in zip(made, pairs, strict=True)]
    corrected = holm([result.p_value for result in results])
    return [
        {
            **claim,
            "difference": difference(result),
            "p": p,
            "seeds": f"{one.seeds}/{other.seeds}",
            "is": verdict(result, p),
        }
        for claim, (one, other), result, p in zip(made, pairs, results, corrected, strict=True)
    ]


def systems(study: Study) -> Iterator[tuple[str, Variant]]:
    """Yield each system's variant after clean, then after multi-condition training, with its title."""
    for training in ("clean", "multi"):
        for system, title in SYSTEMS.items():
            yield f"{title}, {training}", study[f"q1_systems/{system}-{training}"]


def parts(study: Study) -> dict[str, Any]:
    """Return the systems' mean accuracy by test set and by corpus of the speakers, with the numbers of speakers."""
    test = study.test
    clean = [condition for condition in test.words if condition.startswith("a/") and condition.endswith("/clean")]
    words = Counter(speaker for condition in clean for speaker in test.speakers[condition])
    fsdd = {speaker for speaker, count in words.items() if count == max(words.values())}  # more words than any of AN4's
    sets = np.array([condition[0] for condition in test.conditions(MEAN) for _ in test.words[condition]])
    rows = []
    for title, variant in systems(study):
        answers = variant.answers(MEAN)
        of_fsdd = np.array([speaker in fsdd for speaker in answers.speakers])
        chosen = [*(sets == each for each in "abc"), of_fsdd, ~of_fsdd]
        rows.append(
            {"title": title, "shares": [answers.shares[part].mean() if part.any() else None for part in chosen]}
        )
    return {"rows": rows, "fsdd": len(fsdd), "an4": len(words) - len(fsdd)}


def tuning(study: Study) -> list[Row]:
    """Return the accuracy of every setting on held-out training speakers, and the best (a tie: by the loss)."""
    rows = []
    for system, title in {**SYSTEMS, "resnet50_random": "ResidualSpeechNet, random weights"}.items():
        tried = {}
        for setting in SETTINGS:
            if variant := study.variants.get(f"q0_tuning/{system}-{setting}"):
                last = variant.first["history"][-1]
                tried[setting] = (last["validation_accuracy"], -last["validation_loss"])
        if tried:
            rows.append({"title": title, "tried": tried, "taken": SETTINGS[max(tried, key=lambda each: tried[each])]})
    return rows


def costs(study: Study) -> list[Row]:
    """Return runs, seeds and minutes of one core by question."""
    rows = []
    for question in sorted({name.split("/")[0] for name in study.variants}):
        variants = [variant for name, variant in study.variants.items() if name.startswith(f"{question}/")]
        rows.append(
            {
                "question": question,
                "runs": sum(variant.seeds for variant in variants),
                "seeds": " or ".join(str(seeds) for seeds in sorted({variant.seeds for variant in variants})),
                "minutes": sum(variant.wall_minutes * variant.seeds for variant in variants),
                "minutes_of_three": 3 * sum(variant.wall_minutes for variant in variants),
            }
        )
    return rows


def shares(study: Study) -> list[Row]:
    """Return the variants by start, ``imagenet`` and ``random``, for every share of the training clips that has both."""
    rows = []
    for suffix, share in SHARES.items():
        pair = {start: f"q2_pretraining/{start}-{suffix}" for start in ("imagenet", "random")}
        if set(pair.values()) <= study.variants.keys():
            rows.append({"share": share, **{start: study[name] for start, name in pair.items()}})
    return [*rows, {"share": 1.0, "imagenet": study[BASE], "random": study["q2_pretraining/random"]}]


def trainable(study: Study) -> dict[str, int]:
    """Return how many parameters each plan of freezing lets learn in the first epoch."""
    network = create_model("resnet50")
    counts = {}
    for variant in study.present(GROUPS["q3_freezing"]).values():
        plan = variant.first["training"]["experiment"]["training"]["freeze"]
        counts[variant.name] = sum(p.numel() for p in network.freeze(plan).parameters() if p.requires_grad)
    return counts


def confusions(variant: Variant, snrs: tuple[str, ...] = LOW, noise: str | None = None) -> npt.NDArray[np.int64]:
    """Count spoken (rows) and recognised words (columns), over all seeds."""
    counts = np.zeros((len(LETTERS), len(LETTERS)), dtype=np.int64)
    for condition in variant.test.conditions(snrs, noise):
        spoken = [LETTERS.index(letter) for letter in variant.test.words[condition]]
        for record in variant.records:
            np.add.at(counts, (spoken, [LETTERS.index(letter) for letter in record["answers"][condition]]), 1)
    return counts


def words(variant: Variant) -> list[Row]:
    """Return accuracy by word and SNR, and the word that is recognised most often instead at 0 dB."""
    by_snr = {snr: confusions(variant, (snr,)) for snr in ("clean", "10", *LOW)}
    rows = []
    for index, word in enumerate(DIGITS.words):
        right = {
            snr: counts[index, index] / counts[index].sum() for snr, counts in by_snr.items() if counts[index].any()
        }
        wrong = by_snr["0"][index] / max(1, by_snr["0"][index].sum())
        wrong[index] = 0
        instead = (DIGITS.words[int(wrong.argmax())], wrong.max()) if wrong.any() else None
        rows.append({"word": word, "right": right, "instead": instead})
    return rows


def pairs(variant: Variant, noise: str | None = None, most: int = 3) -> list[tuple[str, str, int]]:
    """Return the most frequent confusions (spoken, recognised, share of the spoken in percent) at 5 to -5 dB."""
    counts = confusions(variant, LOW, noise)
    wrong = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = [np.unravel_index(index, wrong.shape) for index in order]
    return [(DIGITS.words[row], DIGITS.words[column], round(100 * float(wrong[row, column]))) for row, column in cells]
