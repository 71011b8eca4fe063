"""``DigitRecognizer`` with torch: what the network and the exported file give; which engine a name loads.

What holds whatever computes, ``tests/runtime/test_recognizer.py`` tests.
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.audio.low_cut import cut_low
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, ModelError
from aurora_resnet.runtime.model_reference import CHECKPOINTS, EXPORTED, resolve
from aurora_resnet.runtime.models import ExportedModel
from aurora_resnet.runtime.models.average import AveragedModel
from aurora_resnet.runtime.recognizer import Recognition
from aurora_resnet.runtime.vocabulary import DIGITS

RATE = 8000


@pytest.fixture(scope="module")
def model() -> RecognizerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=RATE))).eval()


@pytest.fixture(scope="module")
def recognizer(model: RecognizerModel) -> DigitRecognizer:
    return DigitRecognizer(TorchModel(model))


@pytest.fixture(scope="module")
def word() -> Samples:
    """One second that is loud from its first to its last sample."""
    spoken, _ = read_audio(read_samples()[0].path)
    return np.resize(spoken, RATE) + np.float32(0.01)


def values(answer: Recognition) -> list[float]:
    return list(answer.probabilities.values())


def test_the_answer_is_the_softmax_of_the_networks_logits(
    model: RecognizerModel, recognizer: DigitRecognizer, word: Samples
) -> None:
    answer = recognizer.recognize(word, RATE)
    with torch.inference_mode():
        expected = model(torch.from_numpy(cut_low(word, RATE))[None]).softmax(1)[0]
    assert tuple(answer.probabilities) == DIGITS.words
    assert values(answer) == pytest.approx(expected.tolist(), abs=1e-6)
    assert answer.word == DIGITS.words[int(expected.argmax())]
    assert answer.digit == DIGITS.words.index(answer.word) % 10
    assert answer.confidence == pytest.approx(float(expected.max()), abs=1e-6)
    assert answer.accepted is None  # no threshold was chosen


def test_a_checkpoint_answers_as_the_model_with_its_calibration(
    model: RecognizerModel, recognizer: DigitRecognizer, word: Samples, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    save_checkpoint(model, path)
    loaded = DigitRecognizer.from_pretrained(path, threads=torch.get_num_threads())
    assert loaded.recognize(word, RATE) == recognizer.recognize(word, RATE)
    assert loaded.model.facts.name == f"{tmp_path.name}/model"
    calibration = Calibration(2.5, -1.0)
    save_checkpoint(model, path, calibration=calibration)
    assert DigitRecognizer.from_pretrained(str(path)).model.facts.calibration == calibration
    path.write_bytes(path.read_bytes().replace(b"2.5", b"0.0"))
    with pytest.raises(CheckpointError, match=r"model\.safetensors .*temperature must lie"):
        DigitRecognizer.from_pretrained(path)


# Which engine computes


@pytest.mark.parametrize("name", EXPORTED)
def test_a_shipped_name_is_the_exported_model(name: str) -> None:
    for recognizer in (DigitRecognizer.from_pretrained(name), DigitRecognizer.from_pretrained(name, device="cpu")):
        assert isinstance(recognizer.model, AveragedModel if name == "accurate" else ExportedModel)
        assert (recognizer.model.facts.name, recognizer.model.threads) == (name, 1)
    assert isinstance(DigitRecognizer.from_pretrained(), DigitRecognizer)
    assert DigitRecognizer.from_pretrained().model.facts.name == EXPORTED[0]


def test_a_file_that_ends_in_onnx_is_an_exported_model(tmp_path: Path) -> None:
    shipped = resolve("compact").path
    path = tmp_path / "mine.onnx"
    path.write_bytes(shipped.read_bytes())
    recognizer = DigitRecognizer.from_pretrained(path, threads=2)
    assert isinstance(recognizer.model, ExportedModel)
    assert recognizer.model.threads == 2
    with pytest.raises(ModelError, match=r"computed on the CPU and neither .*; give the checkpoint"):
        DigitRecognizer.from_pretrained(path, device="cuda")


def test_another_device_takes_the_checkpoint_of_a_shipped_model() -> None:
    """The meta device computes nothing, but shows that torch and the checkpoint were asked."""
    with pytest.raises(ConfigError, match="cuda:99"):
        DigitRecognizer.from_pretrained("compact", device="cuda:99")
    checkpoint = load_checkpoint("compact")
    assert checkpoint.calibration == DigitRecognizer.from_pretrained("compact").model.facts.calibration


NO_TORCH = """
import sys
import aurora_resnet
from aurora_resnet.runtime.errors import AuroraError
for name in ("compat", "nowhere/best.safetensors", "nowhere.onnx", "nowhere"):
    try:
        aurora_resnet.DigitRecognizer.from_pretrained(name)
    except AuroraError as error:
        print(error)
recognizer = aurora_resnet.DigitRecognizer.from_pretrained("compact")
recognizer.recognize([0.0] * 8000, 8000)
aurora_resnet.StreamingRecognizer(recognizer, 16000)
print("torch" in sys.modules)
"""


def test_an_exported_model_and_a_wrong_name_import_no_torch() -> None:
    result = subprocess.run([sys.executable, "-c", NO_TORCH], capture_output=True, text=True, check=True)
    *errors, torch_was_imported = result.stdout.splitlines()
    assert torch_was_imported == "False"
    assert "did you mean 'compact'" in errors[0]
    assert [
        name in error for name, error in zip(("best.safetensors", "nowhere.onnx", "'nowhere'"), errors[1:], strict=True)
    ] == [True] * 3


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_torch_and_the_exported_model_agree_on_the_sample_words(name: str) -> None:
    """The exported models are in int8, so they agree nearly, and in what they say."""
    corpus = read_samples()
    paths = [utterance.path for utterance in corpus][::12]
    by_torch = DigitRecognizer(TorchModel(load_checkpoint(name)))
    exported = DigitRecognizer.from_pretrained(name)
    assert by_torch.model.facts == exported.model.facts
    expected, found = by_torch.recognize_batch(paths), exported.recognize_batch(paths)
    changed = [(a.word, b.word) for a, b in zip(expected, found, strict=True) if a.word != b.word]
    assert len(changed) <= 0.005 * len(paths)
    assert np.mean([a.accepted == b.accepted for a, b in zip(expected, found, strict=True)]) > 0.98
    distances = [np.abs(np.subtract(values(a), values(b))).max() for a, b in zip(expected, found, strict=True)]
    assert np.median(distances) < 0.01
    assert np.mean(np.array(distances) < 0.1) > 0.98


def test_both_engines_see_the_same_spectrograms(word: Samples) -> None:
    torch_model = TorchModel(load_checkpoint("compact").model)
    clips = np.stack([word, word[::-1], np.zeros(RATE, np.float32)])
    expected = torch_model.features(clips)
    np.testing.assert_allclose(DigitRecognizer.from_pretrained("compact").model.features(clips), expected, atol=1e-3)


def test_the_callers_model_stays_as_it_is(model: RecognizerModel, word: Samples) -> None:
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    try:
        DigitRecognizer(TorchModel(model)).recognize(word, RATE)
        assert model.training
    finally:
        model.eval()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_tensors_and_their_rows_are_taken(recognizer: DigitRecognizer, word: Samples) -> None:
    expected = recognizer.recognize(word, RATE)
    tensor = torch.from_numpy(word)
    assert recognizer.recognize(tensor.clone().requires_grad_(), RATE) == expected
    brain = tensor.bfloat16()
    assert recognizer.recognize(brain, RATE) == recognizer.recognize(brain.float(), RATE)
    rows = np.stack([word, -word, word[::-1]])
    single = [recognizer.recognize(row, RATE) for row in rows]
    for together in (
        recognizer.recognize_batch(rows, RATE),
        recognizer.recognize_batch(torch.from_numpy(rows), RATE),
        recognizer.recognize_batch(list(rows), RATE),
    ):
        assert [answer.word for answer in together] == [answer.word for answer in single]


@pytest.mark.parametrize("how", [copy.deepcopy, lambda recognizer: pickle.loads(pickle.dumps(recognizer))])
def test_a_copy_answers_the_same(
    how: Callable[[DigitRecognizer], DigitRecognizer], recognizer: DigitRecognizer, word: Samples
) -> None:
    twin = how(recognizer)
    assert twin.recognize(word, RATE) == recognizer.recognize(word, RATE)
    assert twin.model.facts == recognizer.model.facts


def test_a_device_or_number_of_threads_that_is_not_there_is_said(model: RecognizerModel) -> None:
    with pytest.raises(ConfigError, match="cuda:99"):
        TorchModel(model, device="cuda:99")
    with pytest.raises(ConfigError, match="threads must be at least 1"):
        DigitRecognizer.from_pretrained(resolve("compact", format="checkpoint"), threads=0)


def test_the_number_of_threads_is_torchs(model: RecognizerModel) -> None:
    before = torch.get_num_threads()
    try:
        DigitRecognizer.from_pretrained(resolve("compact", format="checkpoint"), threads=2)
        assert torch.get_num_threads() == 2
        TorchModel(model)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
