"""Models of other words than the sample's: exported in float32 and int8 with their own recordings, and read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.parity import LARGEST_DIFFERENCE
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import Vocabulary

VOCABULARY = Vocabulary(("licht an", "licht aus", "fünf", "да", "щука"), (None, None, 5, None, None))
TAKES = 6


def tone(number: int, take: int) -> np.ndarray:
    """A word that is easy to tell from the others: a pitch of its own with two overtones, in a little noise."""
    rng = np.random.default_rng(100 * number + take)
    t = np.arange(6000) / 8000
    pitch = 300 * 1.5**number * rng.uniform(0.98, 1.02)
    voice = sum(np.sin(2 * np.pi * k * pitch * t + k * k) / k for k in (1, 2, 3))
    return 0.15 * voice * np.hanning(len(t)) ** 2 + 0.003 * rng.standard_normal(len(t))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, Path]:
    """A small network that learnt the words in some seconds, and the folder of their recordings."""
    folder = tmp_path_factory.mktemp("words")
    for number, word in enumerate(VOCABULARY):
        for take in range(TAKES):
            write_audio(tone(number, take), folder / word / f"{take}.wav", 8000)
    config = RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), vocabulary=VOCABULARY)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = RecognizerModel(config)
        clips = load_clips(load_corpus(f"folder:{folder}"), config)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(30):
            optimizer.zero_grad()
            F.cross_entropy(model(clips.batch(range(len(clips)))), clips.labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    model.calibration = Calibration(1.25, 0.5)
    return Checkpoint(model.eval(), "mine", "# mine", {}, {}), folder


@pytest.mark.slow
@pytest.mark.parametrize("int8", [False, True], ids=["float32", "int8"])
def test_a_model_of_other_words_is_exported_and_read(
    trained: tuple[Checkpoint, Path], tmp_path: Path, int8: bool
) -> None:
    checkpoint, folder = trained
    vocabulary, path = checkpoint.vocabulary, tmp_path / "mine.onnx"
    parity = export_onnx(checkpoint, path, int8=int8, recordings=[f"folder:{folder}"])
    assert parity.labelled == 2 * (len(vocabulary) * TAKES // 2)  # half of its own recordings, clean and in noise
    assert parity.accuracy == 1.0
    assert int8 or parity.largest_difference <= LARGEST_DIFFERENCE
    model = load_model(path)
    assert model.facts == TorchModel(checkpoint, name="mine").facts
    assert (model.facts.vocabulary, model.card) == (vocabulary, "# mine")
    answers = Recognizer(model).recognize_batch([folder / word / "1.wav" for word in vocabulary])
    assert tuple(answer.word for answer in answers) == vocabulary.words
    assert tuple(answer.digit for answer in answers) == vocabulary.digits
    assert all(answer.accepted for answer in answers)
    assert all(tuple(answer.probabilities) == vocabulary.words for answer in answers)


@pytest.mark.slow
@pytest.mark.usefixtures("few_samples")
def test_in_float32_the_sample_recordings_will_do_and_in_int8_they_will_not(
    trained: tuple[Checkpoint, Path], tmp_path: Path
) -> None:
    checkpoint, _ = trained
    parity = export_onnx(checkpoint, tmp_path / "mine.onnx")
    assert parity.labelled == 0
    assert "no word among them that the model knows" in str(parity)
    with pytest.raises(ConfigError, match=r"have none of the model's words.*--recordings KIND:PATH"):
        export_onnx(checkpoint, tmp_path / "int8.onnx", int8=True)
    assert not (tmp_path / "int8.onnx").exists()
