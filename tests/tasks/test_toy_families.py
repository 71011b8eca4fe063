"""A new family of models for words, and one for strings: a class each, trained, saved, recognised with, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.models.string_classifier import StringClassifier
from aurora_resnet.models.zoo import ZOO, list_models, register_model
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.tasks.registry import task_of
from aurora_resnet.training.experiment import read_experiment

RATE, WORDS = 8000, ("one", "two")


class ToyWords(nn.Sequential):
    """Means over time, and a dense layer."""

    def __init__(self, n_mels: int, num_classes: int) -> None:
        super().__init__(nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(4 * n_mels, num_classes))


class ToyStrings(StringClassifier):
    """A dense layer on four frames at a time, and one on what it gave and gave before."""

    def __init__(self, *, cells: int = 8, others: int = 1, num_classes: int = 11, n_mels: int = 40) -> None:
        super().__init__(n_mels, num_classes, others)
        self.body = nn.Linear(4 * n_mels, cells)
        self.head = nn.Linear(2 * cells, self.blank + 1)

    def step(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Go on with streams."""
        x = features.transpose(1, 2).reshape(len(features), features.shape[2] // 4, -1)  # [B, T / 4, 4 M]
        y = torch.relu(self.body(x))
        first = torch.zeros_like(y[:, 0]) if memory is None else memory
        before = torch.cat((first.unsqueeze(1), y[:, :-1]), dim=1)
        logits: Tensor = self.head(torch.cat((y, before), dim=2))
        return logits, y[:, -1]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Two words and strings of them by four speakers, noise, and training files; both families are registered."""
    register_model("toy_words", ToyWords)
    register_model("toy_strings", ToyStrings)
    generator = np.random.default_rng(0)
    time = np.arange(2400) / RATE
    tones = [0.3 * np.hanning(2400) * np.sin(2 * np.pi * hertz * time) for hertz in (500, 1500)]
    said: list[Utterance] = []
    for speaker in range(4):
        for units in ((0,), (1,), (0,), (1,), (0, 1), (1, 0)):
            path = tmp_path / f"{speaker}_{len(said)}.wav"
            write_audio(np.concatenate([part for unit in units for part in (np.zeros(400), tones[unit])]), path, RATE)
            said.append(Utterance(path, tuple(WORDS[unit] for unit in units), f"voice{speaker}", "train"))
    Corpus("said", tuple(said)).write_csv(tmp_path / "said.csv")
    write_audio(0.1 * generator.standard_normal(6000).clip(-3, 3), tmp_path / "noise" / "1.wav", RATE)
    source = '{ corpus = "manifest:said.csv", validation_share = 0.25 }'
    (tmp_path / "train.toml").write_text(f"""
clip_seconds = 1.2
words = ["one", "two"]
[mel]
sample_rate = 8000
n_mels = 12
[data]
root = "{tmp_path.as_posix()}"
train = [{source}]
[data.augment]
noises = [{{ folder = "noise" }}]
workers = 0
[training]
epochs = 2
learning_rate = 0.01
batch_size = 8
[models.toy_strings]
mel = {{ compression = "pcen", normalization = "none", causal = true }}
data = {{ strings = {{ size = 24, recordings = [{{ corpus = "manifest:said.csv" }}] }} }}
""")
    yield tmp_path
    del ZOO["toy_words"], ZOO["toy_strings"]


@pytest.mark.parametrize("kind", ["words", "strings"])
def test_a_class_is_enough_for_a_family(data: Path, kind: str) -> None:
    task, file = task_of(f"toy_{kind}"), data / "0_0.wav"
    assert task.kind == kind
    trained = run_experiment(read_experiment(data / "train.toml", f"toy_{kind}"), data / "run").best_checkpoint
    said = read_manifest(data / "said.csv").filter(isolated=True)
    noise = Corpus("noise", (Utterance(data / "noise" / "1.wav", (), ""),))
    choice = task.calibrate(load_checkpoint(trained), {"said": said}, {"noise": noise})
    save_calibrated(trained, choice.calibration, data / "toy.safetensors")
    checkpoint = load_checkpoint(data / "toy.safetensors", kind=task.kind)
    export_onnx(checkpoint, data / "toy.onnx", recordings=[f"manifest:{data / 'said.csv'}"])
    expected = Evaluator(checkpoint).evaluate(said).overall.accuracy
    for model in (data / "toy.safetensors", data / "toy.onnx"):
        recognizer = task.recognizer.from_pretrained(model)
        assert Evaluator(recognizer).evaluate(said).overall.accuracy == pytest.approx(expected)
        text = str(recognizer.recognize(file))
        stream = recognizer.stream(RATE)
        samples, _ = read_audio(file)
        assert isinstance([*stream.feed(samples), *stream.feed(np.zeros(2 * RATE)), *stream.finish()], list)
        computed = TranscriptionModel(str(model), task=Words() if kind == "words" else Strings())
        assert transcribe([str(file)], model.with_suffix(".rows"), computed, table="csv", workers=1).failed == 0
        words = recognizer if isinstance(recognizer, Recognizer) else Recognizer.from_pretrained("compact")
        app = create_app(words, strings=recognizer if isinstance(recognizer, StringRecognizer) else None)
        client = TestClient(app, base_url="http://localhost")
        path = "/api/recognize" if kind == "words" else "/api/string"
        assert client.post(path, content=file.read_bytes()).json()["confidence"] == pytest.approx(
            recognizer.recognize(file).confidence
        ), text


def test_a_checkpoint_says_that_a_class_of_another_package_is_for_strings(tmp_path: Path) -> None:
    mel = MelConfig(sample_rate=RATE, n_mels=12, compression="pcen", normalization="none", causal=True)
    (tmp_path / "other_package.py").write_text(f"from {__name__} import ToyStrings\n")
    model = RecognizerModel(RecognizerConfig(f"{__name__}:ToyStrings", mel))
    save_checkpoint(model, tmp_path / "toy.safetensors")
    assert resolve(tmp_path / "toy.safetensors").kind == "strings"
    with pytest.raises(ModelError, match="is a model of strings"):
        DigitRecognizer.from_pretrained(tmp_path / "toy.safetensors")
    StringRecognizer.from_pretrained(tmp_path / "toy.safetensors", trust_code=True)
