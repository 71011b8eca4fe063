"""Words refused and negatives accepted, counted by hand; the decisions are those of the recogniser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.metrics import accuracy_interval, wilson_interval
from aurora_resnet.evaluation.rejection_report import RejectionReport, Share
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models import ModelFacts, load_model
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import Vocabulary

RATE = 8000
Corpora = Corpus | dict[str, Corpus]


class Loudness:
    """A model of two words whose evidence is the peak of a clip in tenths."""

    def __init__(self, threshold: float | None) -> None:
        calibration = Calibration(1.0, threshold)
        self.facts = ModelFacts("loud", Vocabulary(("yes", "fünf")), calibration, RATE, RATE, (0.0, 4000.0))

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        peak = 10 * np.abs(clips).max(axis=1, keepdims=True) - np.log(2)  # of two equal words
        return np.repeat(peak, 2, axis=1).astype(np.float32)

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        raise AssertionError(f"nobody asks for features of {len(clips)} clips")


def record(folder: Path, clips: list[tuple[str, str, float]]) -> Corpus:
    """Write clips, each (words, speaker, peak)."""
    utterances = []
    for number, (words, speaker, peak) in enumerate(clips):
        path = folder / f"{number}.wav"
        samples = np.resize(np.array([0.5, -0.5], np.float32), 800)
        samples[400:402] *= 2  # a wave that is at its peak all the time would be clipped
        write_audio(peak * samples, path, RATE)
        utterances.append(Utterance(path, tuple(words.split()), speaker))
    return Corpus(folder.name, tuple(utterances))


@pytest.fixture
def words(tmp_path: Path) -> Corpus:
    return record(
        tmp_path / "words", [("yes", "ana", 0.9), ("yes", "ben", 0.1), ("fünf", "ana", 0.7), ("yes", "", 0.0)]
    )


@pytest.fixture
def negatives(tmp_path: Path) -> Corpus:
    clips = [("tree", "ana", 0.6), ("tree", "ben", 0.2), ("tree house", "cem", 0.8), ("", "", 0.1), ("", "", 0.0)]
    return record(tmp_path / "negatives", clips)


def measure(model: Any, words: Corpora, negatives: Corpora, *, batch_size: int = 64) -> RejectionReport:
    report = Evaluator(model, batch_size=batch_size).evaluate(words, negatives=negatives).rejection
    assert isinstance(report, RejectionReport)
    return report


def counts(shares: object) -> dict[str, tuple[int, int]]:
    assert isinstance(shares, dict)
    return {name: (share.count, share.clips) for name, share in shares.items()}


def test_everything_is_counted(words: Corpus, negatives: Corpus) -> None:
    report = measure(Loudness(threshold=5.0), words, negatives, batch_size=2)
    assert report.calibration.threshold == 5.0
    assert (report.words_refused.count, report.words_refused.clips, report.words_refused.share) == (2, 4, 0.5)
    assert report.words_refused.interval == wilson_interval(2, 4)
    assert (report.negatives_accepted.count, report.negatives_accepted.clips) == (2, 5)
    assert counts(report.refused_by_word) == {"yes": (2, 3), "fünf": (0, 1)}
    assert counts(report.accepted_by_word) == {"tree": (1, 2), "tree house": (1, 1), "(no word)": (0, 2)}
    assert counts(report.refused_by_condition) == {"words": (2, 4)}


def test_without_a_threshold_only_silence_is_refused(words: Corpus, negatives: Corpus) -> None:
    report = measure(Loudness(None), words, negatives)
    assert (report.words_refused.count, report.negatives_accepted.count) == (1, 4)
    assert "not calibrated: it refuses silence only" in report.to_markdown()


def test_conditions_are_counted_apart_and_together(words: Corpus, negatives: Corpus) -> None:
    loud = words.filter(lambda utterance: utterance.path.stem != "3")
    spoken = negatives.filter(lambda utterance: bool(utterance.words))
    noise = negatives.filter(lambda utterance: not utterance.words)
    report = measure(Loudness(5.0), {"all": words, "audible": loud}, {"spoken": spoken, "noise": noise})
    assert counts(report.refused_by_condition) == {"all": (2, 4), "audible": (1, 3)}
    assert counts(report.accepted_by_condition) == {"spoken": (2, 3), "noise": (0, 2)}
    assert (report.words_refused.count, report.words_refused.clips) == (3, 7)
    rows = report.to_markdown().split("\n\n")[1].splitlines()
    assert any(row.startswith("| words refused: all ") for row in rows)
    assert any(row.startswith("| negatives accepted: all ") for row in rows)
    assert len(rows) == 2 + 6


def test_many_speakers_give_an_interval_over_speakers(tmp_path: Path, negatives: Corpus) -> None:
    clips = [("yes", f"s{i % 6}", 0.9 if i % 6 > 1 or i > 12 else 0.1) for i in range(24)]
    many = record(tmp_path / "many", clips)
    refused = np.array([peak < 0.5 for _, _, peak in clips])
    report = measure(Loudness(5.0), many, negatives)
    assert report.words_refused.interval == accuracy_interval(refused, [speaker for _, speaker, _ in clips])
    assert report.words_refused.interval.method == "speakers"


@pytest.mark.parametrize("kind", ["exported", "checkpoint", "network"])
def test_any_model_decides_as_it_does_in_recognition(kind: str) -> None:
    corpus = read_samples().filter(speakers="samples/espeak-en-us-f1")
    noises = Corpus("noise", tuple(Utterance(path, (), "") for path in sample_noises().values()))
    checkpoint = load_checkpoint("compact")
    models = {"exported": load_model("compact"), "checkpoint": checkpoint, "network": checkpoint.model}
    report = measure(models[kind], corpus, noises)
    recognizer = Recognizer.from_pretrained("compact")
    assert report.words_refused.count == sum(not recognizer.recognize(u.path).accepted for u in corpus)
    assert report.negatives_accepted.count == sum(recognizer.recognize(u.path).accepted is True for u in noises)


def test_clips_of_another_length_are_refused(words: Corpus) -> None:
    model = Loudness(5.0)
    clips = replace(load_clips(words, model.facts), clip_samples=4000)
    with pytest.raises(ConfigError, match="takes clips of 8000 samples at 8000 Hz, got 4000 at 8000 Hz"):
        Answers.of(model, clips)


def test_negatives_that_cannot_be_read_are_named(words: Corpus, negatives: Corpus, tmp_path: Path) -> None:
    broken = Corpus("broken", (Utterance(tmp_path / "none.wav", (), ""),))
    report = Evaluator(Loudness(5.0)).evaluate(words, negatives={"broken": broken, "negatives": negatives})
    assert report.problems[0] == "condition 'broken': no readable recording"
    assert "none.wav" in report.problems[1]
    assert report.rejection == measure(Loudness(5.0), words, negatives)
    assert Evaluator(Loudness(5.0)).evaluate(words, negatives=broken).rejection is None


def test_an_evaluation_with_negatives_says_the_same(words: Corpus, negatives: Corpus) -> None:
    report = Evaluator(Loudness(5.0)).evaluate(words, negatives=negatives)
    assert report.rejection == measure(Loudness(5.0), words, negatives)
    assert report.corpora.keys() == {"words", "negatives"}
    assert report.overall.refused == 2
    assert "## Words refused and negatives accepted" in report.to_markdown()
    assert Evaluator(Loudness(5.0)).evaluate(words).rejection is None


def test_a_share_is_its_counts() -> None:
    share = Share.of(np.array([True] * 3 + [False] * 5), [""] * 8)
    assert (share.count, share.clips, share.share, share.interval) == (3, 8, 0.375, wilson_interval(3, 8))
