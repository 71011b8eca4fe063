"""Question 4 of the study: which words suffer, and what is heard in their place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aurora_resnet.evaluation.tables import markdown_table, percent
from aurora_resnet.runtime.vocabulary import DIGITS
from study.report.records import SNR_NAMES, Study, Variant
from study.test_set import LETTERS

LOW = ("5", "0", "-5")
"""The SNRs at which confusions are counted, in dB."""


def confusions(variant: Variant, snrs: tuple[str, ...], noise: str | None = None) -> npt.NDArray[np.int64]:
    """Count spoken (rows) and recognised words (columns), over all seeds."""
    counts = np.zeros((len(LETTERS), len(LETTERS)), dtype=np.int64)
    for condition in variant.test.conditions(snrs, noise):
        spoken = [LETTERS.index(letter) for letter in variant.test.words[condition]]
        for record in variant.records:
            np.add.at(counts, (spoken, [LETTERS.index(letter) for letter in record["answers"][condition]]), 1)
    return counts


def word_table(variant: Variant) -> str:
    """Return accuracy by word and SNR, with the word that is heard most often instead at 0 dB."""
    snrs = ("clean", "10", "5", "0", "-5")
    by_snr = {snr: confusions(variant, (snr,)) for snr in snrs}
    rows = []
    for index, word in enumerate(DIGITS.words):
        wrong = by_snr["0"][index].copy()
        spoken = int(wrong.sum())
        wrong[index] = 0
        instead = f"{DIGITS.words[int(wrong.argmax())]} ({percent(wrong.max() / spoken)} %)" if wrong.any() else "-"
        totals = [int(by_snr[snr][index].sum()) for snr in snrs]
        cells = [
            percent(by_snr[snr][index, index] / total if total else None)
            for snr, total in zip(snrs, totals, strict=True)
        ]
        rows.append([word, *cells, instead])
    header = ["word", *(SNR_NAMES[snr] for snr in snrs), "heard instead at 0 dB"]
    return markdown_table(header, rows)


def pairs(variant: Variant, noise: str | None = None, most: int = 3) -> list[tuple[str, str, int]]:
    """Return the most frequent confusions (spoken, recognised, share of the spoken in percent) at 5 to -5 dB."""
    counts = confusions(variant, LOW, noise)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(-shares, axis=None, kind="stable")[:most]
    cells = [np.unravel_index(index, shares.shape) for index in order]
    return [(DIGITS.words[row], DIGITS.words[column], round(100 * float(shares[row, column]))) for row, column in cells]


def pair_table(study: Study, variant: Variant) -> str:
    """Return the most frequent confusions in each noise."""
    rows = [
        [noise, *(f"{spoken} as {heard} ({share} %)" for spoken, heard, share in pairs(variant, noise))]
        for noise in study.test.noises
    ]
    return markdown_table(["noise", "most frequent", "second", "third"], rows)
