"""What the study says about each claim: confirmed, not confirmed, not decidable here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aurora_resnet.evaluation.bootstrap import Difference
from aurora_resnet.evaluation.tables import MISSING, markdown_table
from study.report.records import HARD, MEAN, Study
from study.report.rows import BASE, SYSTEMS
from study.report.tables import difference

CONFIRMED, NOT_CONFIRMED, OPEN = "confirmed", "not confirmed", "not decidable here"
LEVEL = 0.05
CLEAN = ("clean",)
RANDOM, LONGER = "q2_pretraining/random", "q2_pretraining/random-3x"
HEARD = "q8_hearing_first/heard"


@dataclass(frozen=True)
class Claim:
    """A claim: that one variant is better than another in some conditions."""

    text: str
    compared: str
    first: str
    second: str
    snrs: Sequence[str] = MEAN


def claims() -> list[Claim]:
    """Return every claim, the paper's first, then its open questions."""
    systems = []
    for system in list(SYSTEMS)[1:]:
        title = SYSTEMS[system]
        clean, multi = f"q1_systems/{system}-clean", f"q1_systems/{system}-multi"
        systems += [
            Claim(
                f"The pretrained ResNet-50 beats the {title} in clean speech",
                "clean training, clean test",
                "q1_systems/resnet50-clean",
                clean,
                CLEAN,
            ),
            Claim(f"... and in noise ({title})", "multi-condition training, 0-20 dB", BASE, multi),
        ]
    all_against_none = "all augmentation against none"
    none = "q5_augmentation/none"
    return [
        *systems,
        Claim("Transfer learning is why", "ImageNet against random weights, same budget, 0-20 dB", BASE, RANDOM),
        Claim("... even against three times the budget", "ImageNet against random with 3x, 0-20 dB", BASE, LONGER),
        Claim(
            "Attention pooling beats the global average (question 1)", "0-20 dB", "q6_attention/attention-pooling", BASE
        ),
        Claim(
            "A transformer encoder beats the global average (question 1)", "0-20 dB", "q6_attention/transformer", BASE
        ),
        Claim("Augmentation helps in heavy noise (question 2)", f"{all_against_none}, 0 and -5 dB", BASE, none, HARD),
        Claim("... and in clean speech", f"{all_against_none}, clean", BASE, none, CLEAN),
        Claim(
            "Speed and SpecAugment help on top of noise (question 2)",
            "all against noise alone, 0-20 dB",
            BASE,
            "q5_augmentation/noise",
        ),
        Claim("Hearing first beats random weights (question 3)", "0-20 dB", HEARD, RANDOM),
        Claim("Hearing first beats ImageNet weights (question 3)", "0-20 dB", HEARD, BASE),
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number.

    Source: S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def verdict(result: Difference, p_value: float) -> str:
    """Say what a comparison decides; ``p_value`` is the corrected one.

    >>> verdict(Difference(0.02, 0.01, 0.03, 0.001), 0.01), verdict(Difference(-0.02, -0.03, -0.01, 0.001), 0.01)
    ('confirmed', 'not confirmed: the opposite')
    >>> verdict(Difference(0.02, -0.01, 0.05, 0.2), 0.4)
    'not decidable here: no clear difference'
    """
    if p_value >= LEVEL or not result.decided:
        return f"{OPEN}: no clear difference"
    return CONFIRMED if result.mean > 0 else f"{NOT_CONFIRMED}: the opposite"


def verdict_table(study: Study) -> str:
    """Return all verdicts whose runs are there."""
    made = [claim for claim in claims() if {claim.first, claim.second} <= study.variants.keys()]
    results = [study[claim.first].against(study[claim.second], claim.snrs) for claim in made]
    rows = []
    for claim, result, p_value in zip(made, results, holm([result.p_value for result in results]), strict=True):
        seeds = f"{study[claim.first].seeds}/{study[claim.second].seeds}"
        rows.append(
            [claim.text, claim.compared, difference(result), f"{p_value:.4f}", seeds, f"**{verdict(result, p_value)}**"]
        )
    absolute = "The absolute numbers (98.94 % clean, 91.21 % noisy)"
    rows.append([absolute, "other corpora, other noise recordings", MISSING, MISSING, MISSING, f"**{OPEN}**"])
    header = ["claim", "compared", "difference in points [95 %]", "p", "seeds", "verdict"]
    return markdown_table(header, rows)
