"""Reports: what follows from the counts, round trips, and what a reader of the files gets."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import dropwhile, takewhile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import Interval, Score, scores_by
from aurora_resnet.evaluation.prediction import Prediction
from aurora_resnet.evaluation.rejection_report import RejectionReport, Share
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.tables import markdown_table, percent
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError

CAR = ConditionReport(
    name="noise=car snr_db=5",
    words=("zero", "one", "two"),
    confusion=((8, 2, 0), (0, 10, 0), (3, 0, 7)),
    interval=Interval(0.65, 0.93, "speakers"),
    calibration_error=0.04,
    per_speaker={"me": Score(20, 15), "": Score(10, 10)},
    attributes={"noise": "car", "snr_db": "5"},
    problems=("x.wav: the file is empty",),
)
CLEAN = ConditionReport(
    name="snr_db=clean",
    words=("zero", "one", "two"),
    confusion=((1, 0, 0), (0, 1, 0), (0, 0, 0)),
    interval=Interval(0.34, 1.0, "wilson"),
    calibration_error=0.5,
    per_speaker={"you": Score(2, 2)},
    attributes={"snr_db": "clean", "set": "a"},
)
REPORT = EvaluationReport(
    model="cnn",
    conditions=(CAR, CLEAN),
    overall=replace(CAR, name="all conditions", confusion=((9, 2, 0), (0, 11, 0), (3, 0, 7)), problems=()),
    seconds=4.0,
    model_seconds=0.5,
    device="cpu",
    threads=2,
    versions={"aurora-resnet": "0.1.0", "torch": "2.11.0"},
    corpora={"noise=car snr_db=5": "ab" * 32, "snr_db=clean": "cd" * 32},
    created="2025-06-01T12:00:00+00:00",
    problems=("y.08: odd number of bytes",),
    predictions=(Prediction("a, b.wav", "snr_db=clean", "one", "two", 0.5, accepted=False),),
)


def test_counts_follow_from_the_confusions() -> None:
    assert (CAR.clips, CAR.correct) == (30, 25)
    assert CAR.accuracy == pytest.approx(25 / 30)
    assert CAR.per_word == {"zero": Score(10, 8), "one": Score(10, 10), "two": Score(10, 7)}
    assert REPORT.clips_per_second == 64.0
    assert REPORT.all_problems == ("y.08: odd number of bytes", "x.wav: the file is empty")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_per_word_equals_grouping_the_clips(clips: list[tuple[int, int]]) -> None:
    confusion = [[sum(clip == (i, j) for clip in clips) for j in range(3)] for i in range(3)]
    report = replace(CAR, confusion=tuple(map(tuple, confusion)))
    right = np.array([spoken == found for spoken, found in clips])
    by_word = scores_by(right, [CAR.words[spoken] for spoken, _ in clips])
    assert {word: score for word, score in report.per_word.items() if score.clips} == {
        word: by_word[word] for word in CAR.words if word in by_word
    }


def test_json_round_trip(tmp_path: Path) -> None:
    REPORT.write_json(tmp_path / "out" / "report.json")
    again = EvaluationReport.from_json(tmp_path / "out" / "report.json")
    assert again == REPORT  # predictions are not compared
    assert again.predictions == ()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.json"]


def test_a_report_of_the_first_edition_can_be_read(tmp_path: Path) -> None:
    REPORT.write_json(tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    del data["rejection"]
    for each in (data["overall"], *data["conditions"]):
        del each["refused"]
    (tmp_path / "old.json").write_text(json.dumps(data))
    assert EvaluationReport.from_json(tmp_path / "old.json") == REPORT


def test_rejections_come_along(tmp_path: Path) -> None:
    half = Share(4, 2, Interval(0.15, 0.85, "wilson"))
    rejection = RejectionReport(
        "cnn", Calibration(1.5, 2.0), half, half, {"clean": half}, {"one": half}, {"noise": half}, {"(no word)": half},
    )  # fmt: skip
    report = replace(REPORT, rejection=rejection, conditions=(replace(CAR, refused=3), replace(CLEAN, refused=0)))
    report.write_json(tmp_path / "report.json")
    assert EvaluationReport.from_json(tmp_path / "report.json") == report
    assert report.all_problems == ("y.08: odd number of bytes", "x.wav: the file is empty")
    table = table_after(report.to_markdown(), "## Words refused and negatives accepted")
    assert table[0] == ["words refused: clean", "4", "2", "50.00 [15.00, 85.00]", "wilson"]
    assert table[1][0] == "negatives accepted: noise"
    report.write_csv(tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(newline="") as file:
        assert [line["refused"] for line in csv.DictReader(file)] == ["3", "0"]


def test_in_a_notebook_a_report_is_short() -> None:
    assert repr(REPORT) == "EvaluationReport(cnn: 2 conditions, 32 clips, 84.38 [65.00, 93.00] % correct)"
    assert repr(CLEAN) == "ConditionReport(snr_db=clean: 2 of 2 correct, 100.00 [34.00, 100.00] %)"
    page = REPORT._repr_markdown_()
    assert page.startswith("cnn: 2 conditions")
    assert table_after(page, "")[0] == ["noise=car snr_db=5", "30", "25", "83.33 [65.00, 93.00]", "speakers"]


def test_json_says_what_others_need(tmp_path: Path) -> None:
    REPORT.write_json(tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["clips_per_second"] == 64.0
    assert data["words"] == ["zero", "one", "two"]
    car = data["conditions"][0]
    assert (car["clips"], car["correct"]) == (30, 25)
    assert car["accuracy"] == pytest.approx(5 / 6)
    assert car["per_word"]["two"] == {"clips": 10, "correct": 7}
    assert car["interval"] == {"low": 0.65, "high": 0.93, "method": "speakers"}


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"words": ["zero"], "conditions": [{"name": "x"}]}'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(ConfigError, match=r"report\.json: not an evaluation report"):
        EvaluationReport.from_json(tmp_path / "report.json")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json: the evaluation report cannot be read"):
        EvaluationReport.from_json(tmp_path / "none.json")


def test_csv_has_a_line_a_condition(tmp_path: Path) -> None:
    REPORT.write_csv(tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(newline="") as file:
        car, clean = csv.DictReader(file)
    assert (car["condition"], car["noise"], car["snr_db"], car["set"]) == ("noise=car snr_db=5", "car", "5", "")
    assert (clean["noise"], clean["set"], clean["interval"]) == ("", "a", "wilson")
    assert float(car["accuracy"]) == 25 / 30
    assert (float(car["low"]), float(car["high"])) == (0.65, 0.93)
    assert (car["problems"], clean["problems"]) == ("1", "0")


def test_predictions_are_saved_and_missing_ones_are_said(tmp_path: Path) -> None:
    REPORT.write_predictions(tmp_path / "predictions.csv")
    with (tmp_path / "predictions.csv").open(newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["path"] == "a, b.wav"
    assert (line["word"], line["predicted"], float(line["confidence"])) == ("one", "two", 0.5)
    assert line["accepted"] == "false"
    with pytest.raises(ConfigError, match="holds no single predictions"):
        replace(REPORT, predictions=()).write_predictions(tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def table_after(page: str, heading: str) -> list[list[str]]:
    """Cells of the first table after a heading."""
    lines = dropwhile(lambda line: not line.startswith("|"), page[page.index(heading) :].splitlines())
    _, _, *rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_markdown_page() -> None:
    page = REPORT.to_markdown()
    conditions = table_after(page, "# Evaluation of cnn")
    assert conditions[0] == ["noise=car snr_db=5", "30", "25", "83.33 [65.00, 93.00]", "speakers"]
    assert [row[0] for row in conditions] == ["noise=car snr_db=5", "snr_db=clean", "all conditions"]
    assert table_after(page, "## By word, all conditions")[2] == ["two", "10", "7", "70.00"]
    assert table_after(page, "## By speaker, all conditions")[1] == ["(unknown)", "10", "10", "100.00"]
    assert table_after(page, "## Confusions, all conditions") == [["two", "zero", "3"], ["zero", "one", "2"]]
    assert "64 clips per second" in page
    assert "- x.wav: the file is empty" in page
    assert "- y.08: odd number of bytes" in page


def test_markdown_page_of_one_perfect_condition() -> None:
    page = replace(REPORT, conditions=(CLEAN,), overall=CLEAN, problems=()).to_markdown()
    assert "all conditions" not in page
    assert "None: every recording was recognised." in page
    assert "## Problems" not in page
    assert [row[0] for row in table_after(page, "## By word")] == ["zero", "one"]  # "two" was never spoken


def test_markdown_page_shows_the_most_frequent_of_many_confusions() -> None:
    counts = tuple(tuple(6 * row + column for column in range(6)) for row in range(6))
    page = replace(REPORT, overall=replace(CAR, words=tuple("abcdef"), confusion=counts)).to_markdown()
    rows = table_after(page, "## Confusions, all conditions")
    assert "The 20 most frequent of 30." in page
    assert rows[0] == ["f", "e", "34"]
    assert [int(row[2]) for row in rows] == sorted(set(range(36)) - set(range(0, 36, 7)), reverse=True)[:20]


@given(st.floats(0, 1))
def test_percent_is_near_and_has_two_decimals(share: float) -> None:
    text = percent(share)
    assert abs(float(text) - 100 * share) <= 0.005 + 1e-9
    assert len(text.split(".")[1]) == 2


def test_percent_of_nothing() -> None:
    assert percent(None) == percent(float("nan")) == "-"


cells = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)


@given(st.lists(st.tuples(cells, cells), max_size=4))
def test_markdown_rows_have_equal_columns(rows: list[tuple[str, str]]) -> None:
    lines = markdown_table(["a", "b"], rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert {line.replace(r"\|", "").count("|") for line in lines} == {3}
