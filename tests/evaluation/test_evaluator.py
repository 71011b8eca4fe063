"""The Evaluator with a listener whose answers are known by construction: it names the tone that it hears."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor, nn

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.metrics import Score, wilson_interval
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import WORDS

RATE = 8000


def tone_hz(word: str) -> float:
    return 400.0 + 300.0 * WORDS.index(word)


class ToneListener(nn.Module):
    """Logit of a word: amplitude of its tone in the clip."""

    def __init__(self, words: tuple[str, ...] = WORDS, gain: float = 30.0) -> None:
        super().__init__()
        self.config = SimpleNamespace(
            model="tones", words=words, clip_seconds=1.0, mel=SimpleNamespace(sample_rate=RATE)
        )
        self.gain = nn.Parameter(torch.tensor(gain))
        self.normalization = nn.BatchNorm1d(1)
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, waveform: Tensor) -> Tensor:
        self.modes.append((self.training, torch.is_grad_enabled()))
        time = torch.arange(waveform.shape[1]) / RATE
        phase = 2 * math.pi * time * torch.tensor([[tone_hz(word)] for word in self.config.words])
        spectrum = torch.complex(waveform @ phase.cos().T, waveform @ phase.sin().T)
        logits: Tensor = self.gain * spectrum.abs() / waveform.shape[1]
        return logits


def listener(words: tuple[str, ...] = WORDS, gain: float = 30.0) -> RecognizerModel:
    return cast(RecognizerModel, ToneListener(words, gain))


def record(folder: Path, clips: Iterable[tuple[str, str, str]], split: str = "test", **attributes: str) -> Corpus:
    """Write one tone a clip; each clip is (word on the label, word whose tone sounds, speaker)."""
    folder.mkdir(parents=True, exist_ok=True)
    utterances = []
    for i, (word, tone, speaker) in enumerate(clips):
        path = folder / f"{i:03d}.wav"
        time = np.arange(RATE // 2 + 100 * i) / RATE
        soundfile.write(path, 0.5 * np.sin(2 * np.pi * tone_hz(tone) * time), RATE, subtype="PCM_16")
        utterances.append(Utterance(path, (word,), speaker, split, attributes=attributes))
    return Corpus(folder.name, tuple(utterances))


CLIPS = [
    ("one", "one", "ann"), ("two", "two", "ann"), ("two", "nine", "ben"),
    ("oh", "oh", "ben"), ("oh", "zero", "ben"), ("nine", "nine", ""),
]  # fmt: skip


def test_report_holds_what_was_made(tmp_path: Path) -> None:
    report = Evaluator(listener(), batch_size=4).evaluate(record(tmp_path / "tones", CLIPS, channel="g712"))
    (condition,) = report.conditions
    expected = np.zeros((11, 11), dtype=int)
    for word, tone, _ in CLIPS:
        expected[WORDS.index(word), WORDS.index(tone)] += 1
    assert np.array(condition.confusion).tolist() == expected.tolist()
    assert (condition.name, condition.clips, condition.correct) == ("tones", 6, 4)
    assert condition.per_speaker == {"": Score(1, 1), "ann": Score(2, 2), "ben": Score(3, 1)}
    assert condition.interval == wilson_interval(4, 6)  # a speaker is unknown
    assert condition.attributes == {"channel": "g712"}
    assert report.overall.name == "tones"
    assert report.overall.confusion == condition.confusion
    assert report.all_problems == ()
    assert (report.model, report.device) == ("tones", "cpu")
    assert report.versions["torch"] == torch.__version__
    assert 0 < report.model_seconds < report.seconds
    assert [(p.word, p.predicted) for p in report.predictions] == [(word, tone) for word, tone, _ in CLIPS]
    assert [Path(p.path).name for p in report.predictions] == [f"{i:03d}.wav" for i in range(6)]
    assert all(1 / 11 < p.confidence <= 1 for p in report.predictions)


def test_pooled_result_is_that_of_all_clips_together(tmp_path: Path) -> None:
    speakers = [f"s{i}" for i in range(6)]
    first = record(tmp_path / "first", [("one", "one" if s != "s2" else "two", s) for s in speakers])
    second = record(tmp_path / "second", [("six", "six" if s > "s2" else "oh", s) for s in speakers])
    evaluator = Evaluator(listener())
    apart = evaluator.evaluate({"x": first, "y": second})
    together = evaluator.evaluate(first + second)
    assert [each.name for each in apart.conditions] == ["x", "y"]
    assert apart.overall.name == "all conditions"
    assert apart.overall.confusion == together.overall.confusion
    assert apart.overall.per_speaker == together.overall.per_speaker
    assert apart.overall.interval == together.overall.interval
    assert apart.overall.interval.method == "speakers"
    assert apart.overall.calibration_error == pytest.approx(together.overall.calibration_error)
    assert apart.corpora == {"x": first.digest(), "y": second.digest()}


def test_a_single_batch_and_single_clips_agree(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = RecognizerModel(RecognizerConfig(model="cnn", mel=MelConfig(sample_rate=RATE)))
    corpus = record(tmp_path / "tones", [(word, word, "me") for word in WORDS])
    reports = [Evaluator(model, batch_size=size).evaluate(corpus) for size in (1, 3, 64)]
    answers = [[p.predicted for p in report.predictions] for report in reports]
    assert answers[0] == answers[1] == answers[2]
    confidences = [[p.confidence for p in report.predictions] for report in reports]
    assert confidences[1] == pytest.approx(confidences[0], abs=1e-5)
    assert confidences[2] == pytest.approx(confidences[0], abs=1e-5)


def test_words_in_another_order(tmp_path: Path) -> None:
    words = ("nine", "oh", "one", "two", "zero")
    report = Evaluator(listener(words)).evaluate(record(tmp_path / "tones", CLIPS))
    assert [(p.word, p.predicted) for p in report.predictions] == [(word, tone) for word, tone, _ in CLIPS]
    assert report.overall.per_word["oh"] == Score(2, 1)
    assert report.overall.confusion[words.index("two")][words.index("nine")] == 1


def test_modes_come_back_module_by_module(tmp_path: Path) -> None:
    model = listener()
    tones = cast(ToneListener, model)
    model.train()
    tones.normalization.eval()  # frozen statistics within a model in training
    Evaluator(model).evaluate(record(tmp_path / "tones", CLIPS))
    assert tones.modes == [(False, False)]  # evaluation mode, no gradients
    assert model.training
    assert not tones.normalization.training


def test_modes_come_back_after_an_error(tmp_path: Path) -> None:
    model = listener(gain=math.nan).train()
    with pytest.raises(CheckpointError, match=r"000\.wav is not finite"):
        Evaluator(model).evaluate(record(tmp_path / "tones", CLIPS))
    assert model.training


def test_unreadable_recordings_are_named_and_the_rest_is_scored(tmp_path: Path) -> None:
    corpus = record(tmp_path / "tones", CLIPS)
    corpus[0].path.write_bytes(corpus[0].path.read_bytes()[:20])  # truncated within the header
    corpus[2].path.write_bytes(b"")
    corpus[3].path.unlink()
    (condition,) = Evaluator(listener()).evaluate(corpus).conditions
    assert (condition.clips, condition.correct) == (3, 2)
    assert len(condition.problems) == 3
    for problem, name in zip(condition.problems, ("000.wav", "002.wav", "003.wav"), strict=True):
        assert name in problem


def test_problems_of_the_reader_are_reported_once(tmp_path: Path) -> None:
    found = record(tmp_path / "tones", CLIPS, snr_db="5")
    corpus = Corpus(found.name, found.utterances, ("x.wav: a file with a strange name",))
    halves = {"one": corpus.filter(words="one"), "two": corpus.filter(words="two")}
    assert Evaluator(listener()).evaluate(halves).all_problems == corpus.problems


def test_a_condition_without_a_readable_recording_is_left_out(tmp_path: Path) -> None:
    good, bad = record(tmp_path / "good", CLIPS), record(tmp_path / "bad", CLIPS[:1])
    bad[0].path.write_bytes(b"")
    report = Evaluator(listener()).evaluate({"good": good, "bad": bad})
    assert [each.name for each in report.conditions] == ["good"]
    assert report.problems[0] == "condition 'bad': no readable recording"
    assert "000.wav" in report.problems[1]
    with pytest.raises(CorpusError, match=r"no recording could be read: .*000\.wav"):
        Evaluator(listener()).evaluate(bad)


def test_what_cannot_be_scored_is_refused_before_any_work(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.wav"
    pair = Corpus("pair", (Utterance(nowhere, ("one", "two"), ""), Utterance(nowhere, ("one",), "")))
    evaluator = Evaluator(listener(("one", "two")))
    with pytest.raises(CorpusError, match=r"1 of 2 recordings are no isolated .*filter\(isolated=True\)"):
        evaluator.evaluate(pair)
    with pytest.raises(CorpusError, match=r"does not know: six; it knows one, two"):
        evaluator.evaluate(Corpus("six", (Utterance(nowhere, ("six",), ""),)))
    with pytest.raises(CorpusError, match="condition 'none' has no recording"):
        evaluator.evaluate({"none": Corpus("none", ())})
    with pytest.raises(CorpusError, match="no condition to evaluate"):
        evaluator.evaluate({})


def test_options_are_checked() -> None:
    with pytest.raises(ConfigError, match="batch_size must be at least 1, not 0"):
        Evaluator(listener(), batch_size=0)
    with pytest.raises(ConfigError, match="device 'gpu' cannot be used here"):
        Evaluator(listener(), device="gpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="checks the message on a machine without CUDA")
def test_missing_cuda_is_said() -> None:
    with pytest.raises(ConfigError, match="device 'cuda' cannot be used here"):
        Evaluator(listener(), device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_and_the_model_comes_back(tmp_path: Path) -> None:
    model = RecognizerModel(RecognizerConfig(model="cnn", mel=MelConfig(sample_rate=RATE)))
    corpus = record(tmp_path / "tones", [(word, word, "me") for word in WORDS])
    cpu, cuda = (Evaluator(model, device=device).evaluate(corpus) for device in ("cpu", "cuda"))
    assert cuda.device.startswith("cuda (")
    assert [p.confidence for p in cuda.predictions] == pytest.approx([p.confidence for p in cpu.predictions], abs=1e-3)
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_progress_is_shown_only_when_asked_and_only_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = record(tmp_path / "tones", CLIPS)
    Evaluator(listener()).evaluate(corpus, progress=True)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    Evaluator(listener()).evaluate(corpus)
    assert capsys.readouterr() == ("", "")
    Evaluator(listener()).evaluate(corpus, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "tones" in err
    assert "6/6" in err


def test_conditions_divide_the_corpus(tmp_path: Path) -> None:
    car = record(tmp_path / "car", CLIPS[:2], noise="car", snr_db="5")
    street = record(tmp_path / "street", CLIPS[:3], noise="street", snr_db="5")
    clean = record(tmp_path / "clean", CLIPS[:1], snr_db="clean")
    corpus = car + street + clean
    by_noise = conditions_by(corpus, "noise")
    assert {name: len(part) for name, part in by_noise.items()} == {"noise=car": 2, "noise=street": 3, "noise=-": 1}
    by_snr = conditions_by(corpus, "snr_db")
    assert by_snr["snr_db=5"].utterances == car.utterances + street.utterances
    report = Evaluator(listener()).evaluate(by_snr)
    assert [each.attributes for each in report.conditions] == [{"snr_db": "5"}, {"snr_db": "clean"}]
    with pytest.raises(CorpusError, match=r"no recording has an attribute 'snr' \(did you mean 'snr_db'\?\)"):
        conditions_by(corpus, "snr")
