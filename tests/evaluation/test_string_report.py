"""Word accuracy, its intervals, Aurora's table of strings, and the choice of an operating point."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.calibration.string_point import StringPoint
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.evaluation.aurora_tables import SNRS, AuroraTable
from aurora_resnet.evaluation.bootstrap import bootstrap_means
from aurora_resnet.evaluation.comparison import read_systems
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.metrics import Score, accuracy_interval, auroc, scores_interval
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.evaluation.string_answers import FalseWords, StringAnswer, StringAnswers
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from tests.evaluation.tones import write_strings
from tests.runtime.tone_model import RATE, ToneModel, spoken


def answer(said: str, found: str, confidence: float = 0.9, speaker: str = "me", seconds: float = 36.0) -> StringAnswer:
    utterance = Utterance(Path("a.wav"), tuple(said.split()), speaker)
    return StringAnswer(utterance, tuple(found.split()), confidence, confidence >= 0.5, seconds)


def test_errors_are_counted_by_word_and_by_string() -> None:
    strings = [
        answer("one two three", "one two three", speaker="ana"),
        answer("one two three", "one nine", speaker="ana"),
        answer("four", "four four", 0.4, speaker="ben"),
    ]
    condition = StringAnswers(strings).report("mine", (), {})
    assert (condition.counts.said, condition.counts.errors) == (7, 3)
    assert (condition.counts.substituted, condition.counts.deleted, condition.counts.inserted) == (1, 1, 1)
    assert condition.accuracy == pytest.approx(4 / 7)
    assert (condition.strings, condition.right, condition.refused) == (3, 1, 1)
    assert condition.accepted_wrong == 1
    assert condition.per_speaker == {"ana": Score(6, 4), "ben": Score(1, 0)}


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.booleans()), min_size=1, max_size=60))
def test_sums_by_speaker_have_the_interval_of_their_clips(clips: list[tuple[str, bool]]) -> None:
    correct, speakers = np.array([right for _, right in clips]), [speaker for speaker, _ in clips]
    names = sorted(set(speakers))
    scores = {n: Score(speakers.count(n), sum(r for s, r in clips if s == n)) for n in names}
    assert scores_interval(scores) == accuracy_interval(correct, speakers)
    sums = [scores[name].correct for name in names]
    weighted = bootstrap_means(sums, names, weights=[scores[name].clips for name in names], resamples=20)
    assert weighted == pytest.approx(bootstrap_means(correct, speakers, resamples=20))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_the_area_counts_pairs(answers: list[tuple[int, bool]]) -> None:
    scores, positive = (np.array(column) for column in zip(*answers, strict=True))
    pairs = [(a, b) for a, yes in answers if yes for b, other in answers if not other]
    expected = np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs]) if pairs else None
    assert auroc(scores.astype(float), positive) == pytest.approx(expected)


def test_a_recogniser_is_scored_on_strings_and_on_silence(tmp_path: Path) -> None:
    corpus = write_strings(tmp_path, [("one two two", "ana"), ("oh", "ben"), ("nine nine", "ben")])
    write_audio(np.zeros(RATE), tmp_path / "quiet.wav", RATE)
    write_audio(spoken(["one", "six"]), tmp_path / "loud.wav", RATE)
    negatives = Corpus("others", tuple(Utterance(tmp_path / f"{n}.wav", (), "") for n in ("quiet", "loud", "missing")))
    report = Evaluator(ToneModel()).evaluate({"tones": corpus}, negatives={"others": negatives})
    assert report.overall.accuracy == 1.0
    assert report.overall.right == 3
    assert report.overall.confidence_auroc is None
    false = report.false_words["others"]
    assert (false.recordings, false.accepted, false.words) == (2, 1, 2)
    assert false.per_hour == pytest.approx(2 / false.hours)
    assert any("missing.wav" in problem for problem in report.all_problems)
    assert "| tones     |       3 |" in report.to_markdown()
    report.write_json(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["overall"]["counts"] == {"said": 6, "inserted": 0, "deleted": 0, "substituted": 0}
    assert EvaluationReport.from_json(tmp_path / "report.json") == report
    for part in (written["overall"], *written["conditions"], written):  # as 0.2 wrote it
        for new in ("accepted_wrong", "confidence_auroc", "model_seconds", "device", "threads", "rejection"):
            part.pop(new, None)
    (tmp_path / "old.json").write_text(json.dumps(written))
    old = EvaluationReport.from_json(tmp_path / "old.json")
    assert (old.overall.counts, old.false_words) == (report.overall.counts, report.false_words)
    assert old.to_markdown().splitlines()[:4]
    report.write_csv(tmp_path / "report.csv")
    report.write_predictions(tmp_path / "predictions.csv")
    lines = list(csv.DictReader((tmp_path / "predictions.csv").read_text().splitlines()))
    assert [line["predicted"] for line in lines] == ["one two two", "oh", "nine nine"]
    assert [system.accuracy for system in read_systems([tmp_path / "predictions.csv"])] == [1.0]


def test_a_length_that_is_told_is_kept(tmp_path: Path) -> None:
    corpus = write_strings(tmp_path, [("one two", "ana")])
    wrong = Corpus("wrong", (Utterance(corpus[0].path, ("one", "two", "two"), "ana"),))
    recognizer = StringRecognizer(ToneModel(certainty=0.9))
    free = Evaluator(recognizer).evaluate({"wrong": wrong}).overall
    told = Evaluator(recognizer).evaluate({"wrong": wrong}, known_length=True)
    assert free.counts.deleted == 1
    assert told.overall.counts.deleted == 0
    assert "the number of words of each string was told" in told.to_markdown()


def test_aurora_tables_of_strings_hold_word_accuracies(tmp_path: Path) -> None:
    utterances: list[Utterance] = []
    for snr in SNRS:
        clean = write_strings(tmp_path / snr, [("one two", "ana"), ("six", "ben")], set="a", noise="car", snr_db=snr)
        wrong = ("one", "two", "three", "four", "five") if snr == "5" else ("one", "two")
        utterances += [Utterance(clean[0].path, wrong, "ana", attributes=clean[0].attributes), clean[1]]
    conditions = conditions_by(Corpus("tree", tuple(utterances)), "set", "noise", "snr_db")
    report = Evaluator(ToneModel()).evaluate(conditions)
    table = AuroraTable.from_report(report)
    assert table.accuracy("a", "car", "5") == pytest.approx(3 / 6)
    assert table.accuracy("a", "car", "clean") == 1.0
    assert table.set_mean("a") == pytest.approx((4 + 0.5) / 5)
    assert "90.00" in table.to_markdown()
    assert r"\begin{tabular}" in table.to_latex()


LEVELS = st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9])
FOUND = st.lists(st.tuples(LEVELS, st.integers(0, 3)), min_size=1, max_size=12)


@given(talk=FOUND, strings=FOUND, budget=st.sampled_from([0.0, 10.0, 25.0, 60.0, 1e9]))
def test_the_threshold_is_the_lowest_within_the_budget(
    talk: list[tuple[float, int]], strings: list[tuple[float, int]], budget: float
) -> None:
    unsaid = [answer("", " ".join(["one"] * count), confidence) for confidence, count in talk]
    said = [answer("one one", " ".join(["one"] * count), confidence) for confidence, count in strings]
    point = StringPoint.at(0.5, said, unsaid, false_per_hour=budget)
    hours = len(talk) * 36.0 / 3600

    def false_at(threshold: float) -> float:
        return sum(count for confidence, count in talk if confidence >= threshold) / hours

    assert false_at(point.threshold) <= budget
    assert point.false_per_hour == pytest.approx(false_at(point.threshold))
    lower = [level for level in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9) if level < point.threshold]
    assert all(false_at(level) > budget for level in lower)
    assert point.right == sum(count == 2 and confidence >= point.threshold for confidence, count in strings)
    assert FalseWords.of(unsaid).words == sum(count for confidence, count in talk if confidence >= 0.5)
