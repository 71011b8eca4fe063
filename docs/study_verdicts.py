"""What the study says about each claim: confirmed, not confirmed, not decidable here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from study_records import MEAN, Study, Variant
from study_tables import BASE, SYSTEMS, difference

from aurora_resnet.evaluation.bootstrap import Difference
from aurora_resnet.evaluation.tables import markdown_table

CONFIRMED, NOT_CONFIRMED, OPEN = "confirmed", "not confirmed", "not decidable here"
CLEAN = ("clean",)


@dataclass(frozen=True)
class Claim:
    """A claim, the comparison that tests it, and what came out."""

    text: str
    compared: str
    result: Difference | None
    verdict: str

    def row(self) -> list[str]:
        """Return a row of the table."""
        if self.result is None:
            return [self.text, self.compared, "-", "-", self.verdict]
        return [self.text, self.compared, difference(self.result), f"{self.result.p_value:.4f}", self.verdict]


def decide(text: str, compared: str, first: Variant, second: Variant, snrs: Sequence[str]) -> Claim:
    """Test the claim that ``first`` is better: its interval must lie above no difference."""
    result = first.against(second, snrs)
    verdict = CONFIRMED if result.low > 0 else NOT_CONFIRMED
    if result.low <= 0 < result.mean:
        verdict = f"{OPEN}: the interval includes 0"
    return Claim(text, compared, result, verdict)


def claims(study: Study) -> list[Claim]:
    """Return every claim whose runs are there."""
    found: list[Claim] = []

    def add(text: str, compared: str, first: str, second: str, snrs: Sequence[str]) -> None:
        if first in study.variants and second in study.variants:
            found.append(decide(text, compared, study[first], study[second], snrs))

    for system in list(SYSTEMS)[1:]:
        add(
            f"The pretrained ResNet-50 beats the {SYSTEMS[system]} in clean speech",
            "clean training, clean test",
            "q1_systems/resnet50-clean",
            f"q1_systems/{system}-clean",
            CLEAN,
        )
        add(
            f"... and in noise ({SYSTEMS[system]})",
            "multi-condition training, 0-20 dB",
            BASE,
            f"q1_systems/{system}-multi",
            MEAN,
        )
    random, longer = "q2_pretraining/random", "q2_pretraining/random-3x"
    add("Transfer learning is why", "ImageNet against random weights, same budget, 0-20 dB", BASE, random, MEAN)
    add("... even against three times the budget", "ImageNet against random with 3x, 0-20 dB", BASE, longer, MEAN)
    add(
        "Augmentation helps in noise (open question 2)", "all against none, 0-20 dB", BASE, "q5_augmentation/none", MEAN
    )
    add("... noise alone against none", "0-20 dB", "q5_augmentation/noise", "q5_augmentation/none", MEAN)
    for name, title in {"attention-pooling": "Attention pooling", "transformer": "A transformer encoder"}.items():
        text = f"{title} is better than the global average (open question 1)"
        add(text, "0-20 dB", f"q6_attention/{name}", BASE, MEAN)
    heard = "q8_hearing_first/heard"
    add("Hearing first is better than random weights (open question 3)", "0-20 dB", heard, random, MEAN)
    add("Hearing first is better than ImageNet weights (open question 3)", "0-20 dB", heard, BASE, MEAN)
    absolute = "The absolute numbers (98.94 % clean, 91.21 % noisy)"
    found.append(Claim(absolute, "other corpora, other noise recordings", None, OPEN))
    return found


def verdict_table(study: Study) -> str:
    """Return all verdicts."""
    header = ["claim", "compared", "difference in points [95 %]", "p", "verdict"]
    return markdown_table(header, [claim.row() for claim in claims(study)])
