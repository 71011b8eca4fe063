"""Systems on the same recordings, against formulas and another library's correction."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.evaluation.comparison import Comparison, SystemAnswers, holm, plot_comparison, read_systems
from aurora_resnet.runtime.errors import ConfigError

SPEAKERS = [f"s{i % 6}" for i in range(60)]


def system(name: str, accuracies: tuple[float, ...], seed: int = 0) -> SystemAnswers:
    generator = np.random.default_rng(seed)
    return SystemAnswers(name, [generator.random(60) < accuracy for accuracy in accuracies], SPEAKERS)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_step_down_procedure(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for level in (0.01, 0.05, 0.2, 0.7):
        # Written as the paper does: reject from the smallest on, until one is above its share of the level.
        rejected = [False] * len(p_values)
        for rank, index in enumerate(np.argsort(p_values, kind="stable")):
            if p_values[index] * (len(p_values) - rank) > level:
                break
            rejected[index] = True
        assert [p <= level for p in corrected] == rejected


def test_means_and_deviations_are_those_of_the_trainings() -> None:
    both = system("cnn", (0.9, 0.7))
    each = np.asarray(both.correct, dtype=float).mean(axis=1)
    assert both.accuracy == pytest.approx(each.mean())
    assert both.spread == pytest.approx(abs(each[0] - each[1]) / np.sqrt(2))
    assert both.interval.low < both.accuracy < both.interval.high
    assert system("cnn", (0.9,)).spread is None


def test_a_difference_that_is_there_is_found_and_its_p_value_corrected() -> None:
    good, bad, same = system("good", (0.95, 0.95)), system("bad", (0.4, 0.5), 1), system("same", (0.95, 0.95))
    comparison = Comparison.of([good, bad, same])
    assert set(comparison.differences) == {("good", "bad"), ("good", "same"), ("bad", "same")}
    difference = comparison.differences["good", "bad"]
    assert difference.decided
    assert difference.mean == pytest.approx(good.accuracy - bad.accuracy)
    assert difference.p_value >= good.against(bad).p_value
    assert not comparison.differences["good", "same"].decided
    markdown, latex = comparison.to_markdown(), comparison.to_latex()
    assert "| good - bad" in markdown
    assert "60 recordings of 6 speakers" in markdown
    assert latex.count(r"\toprule") == 2
    assert r"accuracy \%" in latex
    assert json.loads(json.dumps(comparison.to_dict()))["systems"][1]["seeds"] == 2


def test_the_figure_has_a_row_for_each_system_and_a_dot_for_each_training() -> None:
    pytest.importorskip("matplotlib")
    (axes,) = plot_comparison(Comparison.of([system("a", (0.9, 0.8)), system("b", (0.5, 0.6, 0.7))])).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert sorted(np.size(line.get_xdata()) for line in axes.lines if line.get_marker() == ".") == [2, 3]


def write(path: Path, right: list[bool], condition: str = "all") -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["condition", "path", "word", "predicted", "confidence", "accepted", "speaker"])
        for number, hit in enumerate(right):
            writer.writerow(
                [condition, f"{number}.wav", "ja", "ja" if hit else "nein", "0.9", "true", f"s{number % 3}"]
            )


def test_the_command_reads_runs_and_their_seeds(
    call: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    for name, right in (("cnn_seed1", 8), ("cnn_seed2", 6), ("lstm-seed1", 3)):
        write(tmp_path / name / "predictions.csv", [i < right for i in range(9)])
    done = call("compare", "--seeds", "cnn_seed1", "cnn_seed2", "lstm-seed1", "--json", "all.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "all.json").read_text())
    assert [(s["name"], s["seeds"], round(s["accuracy"], 4)) for s in found["systems"]] == [
        ("cnn", 2, 0.7778),
        ("lstm", 1, 0.3333),
    ]
    assert r"\begin{tabular}" in call("compare", "cnn_seed1", "lstm-seed1", "--latex").stdout


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (["a.csv", "nowhere.csv"], r"nowhere.csv cannot be read .*evaluate --predictions"),
        (["a.csv", "other.csv"], "in some of them only, such as 0.wav; evaluate all with the same"),
        (["a.csv", "text.csv"], "text.csv: not the predictions of this version"),
        (["a.csv", "a.csv"], "the same name|two systems of different names"),
    ],
)
def test_runs_that_cannot_be_compared(tmp_path: Path, runs: list[str], message: str) -> None:
    write(tmp_path / "a.csv", [True] * 6)
    write(tmp_path / "other.csv", [True] * 6, condition="noisy")
    (tmp_path / "text.csv").write_text("no,columns\n1,2\n")
    with pytest.raises(ConfigError, match=message):
        Comparison.of(read_systems([tmp_path / run for run in runs], seeds=False))
