"""The Evaluator with a listener whose answers are known by construction: it names the tone that it recognises."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.metrics import Score, expected_calibration_error, wilson_interval
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, CorpusError
from aurora_resnet.runtime.models import ModelFacts, load_model
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from tests.evaluation.tones import write_strings
from tests.runtime.tone_model import ToneModel

RATE = 8000


def tone_hz(word: str) -> float:
    return 400.0 + 300.0 * DIGITS.words.index(word)


class ToneListener:
    """Logit of a word: amplitude of its tone in the clip."""

    def __init__(self, words: tuple[str, ...], gain: float, calibration: Calibration) -> None:
        self.facts = ModelFacts("tones", Vocabulary(words), calibration, RATE, RATE, (0.0, RATE / 2))
        self.gain = gain

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        phase = 2 * np.pi * np.arange(clips.shape[1]) / RATE * [[tone_hz(word)] for word in self.facts.vocabulary]
        spectrum = clips @ np.cos(phase).T + 1j * (clips @ np.sin(phase).T)
        return np.asarray(self.gain * np.abs(spectrum) / clips.shape[1] - 1, dtype=np.float32)

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        raise AssertionError(f"nobody asks for features of {len(clips)} clips")


def listener(
    words: tuple[str, ...] = DIGITS.words, gain: float = 30.0, calibration: Calibration | None = None
) -> ToneListener:
    return ToneListener(words, gain, calibration or Calibration())


def record(folder: Path, clips: Iterable[tuple[str, str, str]], split: str = "test", **attributes: str) -> Corpus:
    """Write one tone a clip; each clip is (word on the label, word whose tone sounds, speaker)."""
    folder.mkdir(parents=True, exist_ok=True)
    utterances = []
    for i, (word, tone, speaker) in enumerate(clips):
        path = folder / f"{i:03d}.wav"
        time = np.arange(RATE // 2 + 100 * i) / RATE
        swell = (0.2 + 0.8 * time / time[-1]) ** 4  # a wave that is at its peak all the time would be clipped
        soundfile.write(path, swell * np.sin(2 * np.pi * tone_hz(tone) * time), RATE, subtype="PCM_16")
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
        expected[DIGITS.words.index(word), DIGITS.words.index(tone)] += 1
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
    assert report.model_seconds is not None
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
    corpus = record(tmp_path / "tones", [(word, word, "me") for word in DIGITS.words])
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


def test_the_callers_network_stays_as_it_is(tmp_path: Path) -> None:
    model = RecognizerModel(RecognizerConfig(model="cnn", mel=MelConfig(sample_rate=RATE)))
    model.train()
    model.classifier.freeze("all_but_head")  # frozen statistics within a model in training
    modules = list(model.modules())
    modes = [module.training for module in modules]
    gradients = [parameter.requires_grad for parameter in model.parameters()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    tensors = {name: value.data_ptr() for name, value in model.state_dict().items()}
    Evaluator(model).evaluate(record(tmp_path / "tones", CLIPS))
    assert {True, False} == set(modes)
    assert list(model.modules()) == modules
    assert [module.training for module in modules] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == gradients
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert {name: value.data_ptr() for name, value in model.state_dict().items()} == tensors


def test_answers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"000\.wav is not finite"):
        Evaluator(listener(gain=math.nan)).evaluate(record(tmp_path / "tones", CLIPS))


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_confidences_and_decisions_are_those_of_recognize(engine: str) -> None:
    corpus = read_samples().filter(speakers=("samples/flite-awb", "samples/espeak-en-us-f1"))
    if engine == "torch":
        checkpoint = load_checkpoint("compact")
        evaluator, recognizer = Evaluator(checkpoint), Recognizer(TorchModel(checkpoint))
    else:
        evaluator, recognizer = Evaluator(load_model("compact")), DigitRecognizer.from_pretrained("compact")
    report = evaluator.evaluate(corpus)
    answers = [recognizer.recognize(utterance.path) for utterance in corpus]
    assert [p.confidence for p in report.predictions] == pytest.approx([a.confidence for a in answers], abs=1e-4)
    assert [(p.predicted, p.accepted) for p in report.predictions] == [(a.word, a.accepted) for a in answers]
    right = np.array([a.word == u.word for a, u in zip(answers, corpus, strict=True)])
    error = expected_calibration_error(np.array([a.confidence for a in answers]), right)
    assert report.overall.calibration_error == pytest.approx(error, abs=1e-4)
    assert report.overall.refused == sum(not a.accepted for a in answers)


def test_what_is_refused_is_counted_where_there_is_a_threshold(tmp_path: Path) -> None:
    corpus = record(tmp_path / "tones", CLIPS)
    without = Evaluator(listener()).evaluate(corpus)
    assert without.overall.refused is None
    assert "refused" not in without.to_markdown()
    # The longest clips have the largest amplitudes, so the first ones are refused.
    logits = listener().logits(load_clips(corpus, listener().facts).batch(range(6)).numpy())
    found = np.log(np.exp(logits.astype(float)).sum(axis=1))
    threshold = float(np.sort(found)[2])
    report = Evaluator(listener(calibration=Calibration(1.0, threshold))).evaluate(
        {"all": corpus, "two": corpus.filter(words="two")}
    )
    expected = [int((found < threshold).sum()), int((found[1:3] < threshold).sum())]
    assert [each.refused for each in report.conditions] == expected
    assert expected[0] == 2
    assert report.overall.refused == sum(expected)
    assert "refused %" in report.to_markdown().splitlines()[2]
    assert sum(p.accepted is False for p in report.predictions) == sum(expected)


@pytest.fixture(params=["words", "strings"])
def scored(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Evaluator, Corpus]:
    """An evaluator of each kind, and six recordings for it, of which ``two`` are two."""
    if request.param == "words":
        return Evaluator(listener()), record(tmp_path / "tones", CLIPS)
    strings = [("one", "ann"), ("two", "ann"), ("two", "ben"), ("oh oh", "ben"), ("oh", "ben"), ("nine one", "")]
    return Evaluator(ToneModel()), write_strings(tmp_path / "tones", strings)


def test_unreadable_recordings_are_named_and_the_rest_is_scored(scored: tuple[Evaluator, Corpus]) -> None:
    evaluator, corpus = scored
    corpus[0].path.write_bytes(corpus[0].path.read_bytes()[:20])  # truncated within the header
    corpus[2].path.write_bytes(b"")
    corpus[3].path.unlink()
    report = evaluator.evaluate(corpus)
    (condition,) = report.conditions
    assert condition.clips == len(report.predictions) == 3
    assert len(condition.problems) == 3
    for problem, number in zip(condition.problems, (0, 2, 3), strict=True):
        assert corpus[number].path.name in problem
    assert report.all_problems == condition.problems


def test_problems_of_the_reader_are_reported_once(scored: tuple[Evaluator, Corpus]) -> None:
    evaluator, found = scored
    corpus = Corpus(found.name, found.utterances, ("x.wav: a file with a strange name",))
    halves = {"one": corpus.filter(words="one"), "two": corpus.filter(words="two")}
    assert evaluator.evaluate(halves).all_problems == corpus.problems


def test_a_condition_without_a_readable_recording_is_left_out(scored: tuple[Evaluator, Corpus], tmp_path: Path) -> None:
    evaluator, good = scored
    bad = Corpus("bad", (Utterance(tmp_path / "gone.wav", ("one",), ""),))
    report = evaluator.evaluate({"good": good, "bad": bad})
    assert [each.name for each in report.conditions] == ["good"]
    assert report.problems[0] == "condition 'bad': no readable recording"
    assert "gone.wav" in report.problems[1]
    with pytest.raises(CorpusError, match=r"no recording could be read: .*gone\.wav"):
        evaluator.evaluate(bad)


def test_what_cannot_be_scored_is_refused_before_any_work(scored: tuple[Evaluator, Corpus]) -> None:
    evaluator, corpus = scored

    def said(*words: str) -> Corpus:
        return Corpus("some", (Utterance(Path("nowhere.wav"), words, ""),))

    with pytest.raises(CorpusError, match=r"does not know: stop; it knows zero, one"):
        evaluator.evaluate(said("stop"))
    with pytest.raises(CorpusError, match="condition 'none' has no recording"):
        evaluator.evaluate({"none": Corpus("none", ())})
    with pytest.raises(CorpusError, match="no condition to evaluate"):
        evaluator.evaluate({})
    with pytest.raises(CorpusError, match=r"are no isolated words|says no word"):
        evaluator.evaluate(said())
    with pytest.raises(CorpusError, match="words that the model knows: one; leave them out"):
        evaluator.evaluate(corpus, negatives=said("yes", "one"))
    with pytest.raises(CorpusError, match="negatives 'none' have no recording"):
        evaluator.evaluate(corpus, negatives=Corpus("none", ()))


def test_a_network_of_strings_is_known_by_its_name(tmp_path: Path) -> None:
    mel = MelConfig(RATE, n_mels=8, compression="pcen", normalization="none", causal=True)
    options = {"widths": [2, 2, 2, 2], "channels": 4, "dilations": [1], "others": 1}
    model = RecognizerModel(RecognizerConfig("string_net", mel, options=options))
    report = Evaluator(model).evaluate(write_strings(tmp_path, [("one two", "ann")]))
    assert (report.kind, report.overall.counts.said, report.overall.refused) == ("strings", 2, 0)


def test_a_model_of_words_takes_isolated_words(tmp_path: Path) -> None:
    pair = Corpus("pair", tuple(Utterance(tmp_path / "no.wav", words, "") for words in (("one", "two"), ("one",))))
    with pytest.raises(CorpusError, match=r"1 of 2 recordings are no isolated .*filter\(isolated=True\)"):
        Evaluator(listener()).evaluate(pair)
    with pytest.raises(ConfigError, match="known_length is for models of strings"):
        Evaluator(listener()).evaluate(record(tmp_path / "tones", CLIPS), known_length=True)


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
    corpus = record(tmp_path / "tones", [(word, word, "me") for word in DIGITS.words])
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
