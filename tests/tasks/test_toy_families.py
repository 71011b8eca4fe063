"""A new family of models for words, and one for strings: a class each, through everything that the package does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aurora_resnet import (
    Corpus,
    Evaluator,
    MelConfig,
    ModelError,
    RecognizerConfig,
    RecognizerModel,
    Utterance,
    export_onnx,
    load_checkpoint,
    read_audio,
    read_experiment,
    register_model,
    run_experiment,
    save_checkpoint,
    write_audio,
)
from aurora_resnet.calibration.checkpoint import CHOOSE
from aurora_resnet.checkpoints import save_calibrated
from aurora_resnet.models.interface import StreamingStringClassifier
from aurora_resnet.models.zoo import ZOO
from aurora_resnet.recognition.recognizers import RECOGNIZERS
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.transcription.model import TranscriptionModel
from aurora_resnet.transcription.strings import Strings
from aurora_resnet.transcription.transcribe import transcribe
from aurora_resnet.transcription.words import Words

RATE, WORDS = 8000, ("one", "two")
FILE = """
clip_seconds = 1.2
words = ["one", "two"]
mel = { sample_rate = 8000, n_mels = 12 }
training = { epochs = 1, learning_rate = 0.01, batch_size = 8 }
[data]
train = [{ corpus = "manifest:said.csv", validation_share = 0.25 }]
augment = { noises = [{ folder = "noise" }], workers = 0 }
[models.toy_strings]
mel = { compression = "pcen", normalization = "none", causal = true }
data = { strings = { size = 12, recordings = [{ corpus = "manifest:said.csv" }] } }
"""


class ToyWords(nn.Sequential):
    """Means over time, and a dense layer."""

    def __init__(self, n_mels: int, num_classes: int) -> None:
        super().__init__(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(n_mels, num_classes))


class ToyStrings(StreamingStringClassifier):
    """A dense layer on four frames at a time, and one on what it gave and gave before."""

    def __init__(self, *, cells: int = 8, others: int = 1, num_classes: int = 11, n_mels: int = 40) -> None:
        super().__init__(n_mels, num_classes, others)
        self.body = nn.Linear(4 * n_mels, cells)
        self.head = nn.Linear(2 * cells, self.blank + 1)

    def step(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Go on with streams."""
        x = features.transpose(1, 2).reshape(features.shape[0], features.shape[2] // 4, -1)  # [B, T / 4, 4 M]
        y = torch.relu(self.body(x))
        first = torch.zeros_like(y[:, 0]) if memory is None else memory
        before = torch.cat((first.unsqueeze(1), y[:, :-1]), dim=1)
        logits: Tensor = self.head(torch.cat((y, before), dim=2))
        return logits, y[:, -1]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Two words and strings of them by four speakers, noise, and a training file; both families are registered."""
    register_model("toy_words", ToyWords)
    register_model("toy_strings", ToyStrings)
    time, said = np.arange(2400) / RATE, list[Utterance]()
    tones = [0.3 * np.hanning(2400) * np.sin(2 * np.pi * hertz * time) for hertz in (500, 1500)]
    for speaker in range(4):
        for units in ((0,), (1,), (0,), (1,), (0, 1), (1, 0)):
            path = tmp_path / f"{speaker}_{len(said)}.wav"
            write_audio(np.concatenate([part for unit in units for part in (np.zeros(400), tones[unit])]), path, RATE)
            said.append(Utterance(path, tuple(WORDS[unit] for unit in units), f"voice{speaker}", "train"))
    Corpus("said", tuple(said)).write_csv(tmp_path / "said.csv")
    Corpus("words", tuple(said)).filter(isolated=True).write_csv(tmp_path / "words.csv")
    write_audio(0.1 * np.random.default_rng(0).uniform(-1, 1, 6000), tmp_path / "noise" / "1.wav", RATE)
    (tmp_path / "train.toml").write_text(FILE.replace("[data]", f'[data]\nroot = "{tmp_path.as_posix()}"'))
    yield tmp_path
    del ZOO["toy_words"], ZOO["toy_strings"]


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("kind", ["words", pytest.param("strings", marks=pytest.mark.slow)])
def test_a_class_is_enough_for_a_family(data: Path, kind: Kind) -> None:
    for package in ("onnx", "fastapi", "httpx"):
        pytest.importorskip(package)
    from starlette.testclient import TestClient

    from aurora_resnet.corpora.registry import load_corpus
    from aurora_resnet.web.server import create_app

    file, said = data / "0_0.wav", load_corpus(f"manifest:{data / 'words.csv'}")
    noise = Corpus("noise", (Utterance(data / "noise" / "1.wav", (), ""),))
    trained = run_experiment(read_experiment(data / "train.toml", f"toy_{kind}"), data / "run").best_checkpoint
    asked = {"words_refused": 0.1} if kind == "words" else {"false_per_hour": 60.0}
    choice = CHOOSE[kind](load_checkpoint(trained), {"said": said}, {"noise": noise}, **asked)
    save_calibrated(trained, choice.calibration, data / "toy.safetensors")
    checkpoint = load_checkpoint(data / "toy.safetensors", kind=kind)
    export_onnx(checkpoint, data / "toy.onnx", recordings=[f"manifest:{data / 'words.csv'}"])
    expected = Evaluator(checkpoint).evaluate(said).overall.accuracy
    for model in (data / "toy.safetensors", data / "toy.onnx"):
        recognizer = RECOGNIZERS[kind].from_pretrained(model)
        assert Evaluator(recognizer).evaluate(said).overall.accuracy == expected
        whole, pieces = (recognizer.stream(RATE) for _ in range(2))
        sound = np.pad(read_audio(file)[0], RATE)
        in_pieces = [event for piece in np.array_split(sound, 7) for event in pieces.feed(piece)]
        assert in_pieces + pieces.finish() == whole.feed(sound) + whole.finish()
        computed = TranscriptionModel(str(model), task=Words() if kind == "words" else Strings())
        assert transcribe([str(file)], data / f"rows{model.suffix}", computed, table="csv", workers=1).failed == 0
        words = recognizer if isinstance(recognizer, Recognizer) else Recognizer.from_pretrained("compact")
        app = create_app(words, strings=recognizer if isinstance(recognizer, StringRecognizer) else None)
        route = {"words": "/api/recognize", "strings": "/api/string"}[kind]
        answer = TestClient(app, base_url="http://localhost").post(route, content=file.read_bytes()).json()
        assert answer["confidence"] == pytest.approx(recognizer.recognize(file).confidence)


def test_a_checkpoint_says_that_a_class_of_another_package_is_for_strings(tmp_path: Path) -> None:
    mel = MelConfig(sample_rate=RATE, n_mels=12, compression="pcen", normalization="none", causal=True)
    path = tmp_path / "toy.safetensors"
    save_checkpoint(RecognizerModel(RecognizerConfig(f"{__name__}:ToyStrings", mel)), path)
    with pytest.raises(ModelError, match="is a model of strings"):
        Recognizer.from_pretrained(path)
    assert StringRecognizer.from_pretrained(path, trust_code=True).model.facts.step_samples == 320
