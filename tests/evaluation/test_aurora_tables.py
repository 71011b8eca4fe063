"""Aurora's averages against numbers worked out by hand and against the mean of all cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import binom, binomtest

from aurora_resnet.evaluation.aurora_tables import AVERAGED_SNRS, SNRS, AuroraTable, average_intervals
from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import Interval, Score
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.runtime.errors import ConfigError

# Correct out of 100 clips from clean down to -5 dB, and by hand the mean of the five columns between.
BY_HAND = {
    ("a", "subway"): ((99, 100, 90, 80, 50, 30, 7), 0.70),
    ("a", "train_hall"): ((97, 90, 80, 60, 40, 30, 5), 0.60),
    ("b", "street"): ((98, 70, 60, 50, 40, 30, 6), 0.50),
    ("c", "subway"): ((96, 60, 50, 40, 30, 20, 4), 0.40),
}


def condition(correct: int, **attributes: str) -> ConditionReport:
    return ConditionReport(
        " ".join(attributes.values()),
        ("zero", "one"),
        ((correct, 100 - correct), (0, 0)),
        Interval(0, 1, "wilson"),
        0.0,
        {"": Score(100, correct)},
        attributes,
    )


def report(conditions: list[ConditionReport]) -> EvaluationReport:
    return EvaluationReport(
        "cnn", tuple(conditions), overall=conditions[0], seconds=1.0, model_seconds=1.0, device="cpu", threads=1,
        versions={}, corpora={}, created="now",
    )  # fmt: skip


@pytest.fixture
def table() -> AuroraTable:
    return AuroraTable.from_report(
        report(
            [
                condition(correct, set=name, noise=noise, snr_db=snr)
                for (name, noise), (row, _) in BY_HAND.items()
                for snr, correct in zip(SNRS, row, strict=True)
            ]
        )
    )


def test_means_equal_those_by_hand(table: AuroraTable) -> None:
    for (name, noise), (_, mean) in BY_HAND.items():
        assert table.accuracy(name, noise) == pytest.approx(mean)
    assert [table.set_mean(name) for name in "abc"] == pytest.approx([0.65, 0.50, 0.40])
    assert table.set_mean("a", "-5") == pytest.approx(0.06)
    assert table.overall_weighted() == pytest.approx(0.54)  # (1.30 + 1.00 + 0.40) / 5
    assert table.overall_plain() == pytest.approx(1.55 / 3)
    assert table.overall_weighted("clean") == pytest.approx((2 * 0.98 + 2 * 0.98 + 0.96) / 5)


def test_weighted_mean_is_the_mean_of_all_cells_of_aurora() -> None:
    # With 4, 4 and 2 noises, (2A + 2B + C)/5 weighs every noise and SNR the same.
    noises = {"a": ("n1", "n2", "n3", "n4"), "b": ("n1", "n2", "n3", "n4"), "c": ("n1", "n2")}
    cells = {
        (name, noise, snr): (7 * i + 13 * j + 29 * k) % 97 / 97
        for i, name in enumerate("abc")
        for j, noise in enumerate(noises[name])
        for k, snr in enumerate(AVERAGED_SNRS)
    }
    full = AuroraTable("m", noises, cells)
    assert full.overall_weighted() == pytest.approx(sum(cells.values()) / 50)
    assert full.overall_plain() != pytest.approx(sum(cells.values()) / 50)


def test_a_missing_part_leaves_no_mean() -> None:
    some = AuroraTable.from_report(
        report([condition(90, set="a", noise="car", snr_db=snr) for snr in ("20", "15", "10", "5")])
    )
    assert some.accuracy("a", "car", "20") == 0.9
    assert some.accuracy("a", "car", "0") is None
    assert (some.accuracy("a", "car"), some.set_mean("b"), some.overall_plain()) == (None, None, None)
    assert some.to_markdown().splitlines()[-1].split("|")[2].strip() == "-"


def test_clean_without_a_noise_counts_for_its_set() -> None:
    for attributes in ({}, {"noise": "none"}, {"noise": "clean"}):
        one = AuroraTable.from_report(
            report(
                [
                    condition(97, set="a", snr_db="clean", **attributes),
                    condition(80, set="a", noise="car", snr_db="20"),
                ]
            )
        )
        assert one.noises == {"a": ("car",)}
        assert one.set_mean("a", "clean") == 0.97
        assert one.accuracy("a", "car", "clean") is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"noise": "car", "snr_db": "5"},
        {"set": "train-multi", "noise": "car", "snr_db": "5"},
        {"set": "a", "noise": "car", "snr_db": "7"},
        {"set": "a", "noise": "car"},
        {"set": "a", "snr_db": "5"},
    ],
)
def test_other_conditions_are_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"fits no Aurora table.*conditions_by"):
        AuroraTable.from_report(report([condition(50, **attributes)]))


def test_twice_the_same_is_refused() -> None:
    one = condition(50, set="a", noise="car", snr_db="5")
    with pytest.raises(ConfigError, match="two conditions of the report are set a, noise 'car', 5 dB"):
        AuroraTable.from_report(report([one, replace(one, name="other")]))


def test_markdown_layout(table: AuroraTable) -> None:
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.to_markdown().splitlines()]
    assert lines[0] == [
        "SNR", "set A: subway", "set A: train_hall", "set A: mean", "set B: street", "set B: mean",
        "set C: subway", "set C: mean", "(2A+2B+C)/5", "(A+B+C)/3",
    ]  # fmt: skip
    assert [line[0] for line in lines[2:]] == [
        "clean", "20 dB", "15 dB", "10 dB", "5 dB", "0 dB", "-5 dB", "mean 0-20 dB", "95 % interval",
    ]  # fmt: skip
    assert lines[3] == ["20 dB", "100.00", "90.00", "95.00", "70.00", "70.00", "60.00", "60.00", "78.00", "75.00"]
    assert lines[9][1:] == ["70.00", "60.00", "65.00", "50.00", "50.00", "40.00", "40.00", "54.00", "51.67"]


def test_intervals_of_the_means_pool_the_conditions(table: AuroraTable) -> None:
    """Without speakers an average over k conditions of 100 clips has Wilson's interval of 100 k clips."""
    pooled = {1: (350, 500), 3: (650, 1000), 5: (250, 500)}  # subway in A, all of A, all of B: correct, clips
    cells = [cell.strip() for cell in table.to_markdown().splitlines()[-1].split("|")[1:-1]]
    for column, (correct, clips) in pooled.items():
        expected = binomtest(correct, clips).proportion_ci(method="wilson")
        assert cells[column] == f"{100 * expected.low:.2f} to {100 * expected.high:.2f}"
    assert cells[-1] == "-"


def test_intervals_of_the_means_draw_speakers_not_clips() -> None:
    """Five voices, four always right and one always wrong: drawing clips would give a far narrower interval."""
    per_speaker = {f"voice {number}": Score(100, 0 if number == 0 else 100) for number in range(5)}
    conditions = [
        replace(condition(80, set="a", noise="car", snr_db=snr), per_speaker=per_speaker) for snr in AVERAGED_SNRS
    ]
    interval = average_intervals(conditions)["a", "car"]
    assert interval.method == "speakers"
    # The number of draws of the wrong voice is binomial with n = 5, p = 1/5.
    assert interval.low == pytest.approx(1 - binom.ppf(0.975, 5, 0.2) / 5)
    assert interval.high == 1.0


def test_latex_says_the_same_as_markdown(table: AuroraTable) -> None:
    latex = table.to_latex()
    rows = [line.removesuffix(r" \\").split(" & ") for line in latex.splitlines() if "&" in line]
    markdown = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.to_markdown().splitlines()]
    assert [row[1:] for row in rows[2:]] == [row[1:] for row in markdown[2:]]
    assert latex.startswith(r"\begin{tabular}{lrrrrrrrrr}")  # one column for the SNR, nine for numbers
    # The first heading line spans all ten columns.
    assert rows[0] == [
        "", r"\multicolumn{3}{c}{set A}", r"\multicolumn{2}{c}{set B}", r"\multicolumn{2}{c}{set C}", "", "",
    ]  # fmt: skip
    assert r"\cmidrule(lr){2-4} \cmidrule(lr){5-6} \cmidrule(lr){7-8}" in latex
    assert r"train\_hall" in latex
    assert r"$-$5 dB" in latex
    assert [latex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
