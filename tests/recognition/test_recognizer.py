"""``DigitRecognizer`` against the network itself, and the laws a recogniser obeys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.audio.clips import fit_length
from aurora_resnet.audio.files import read_audio
from aurora_resnet.audio.resampling import resample
from aurora_resnet.audio.waveform import Samples
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.errors import AudioError, CheckpointError, ConfigError
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.labels import WORDS
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.recognizer import DigitRecognizer, Recognition

RATE = 8000


@pytest.fixture(scope="module")
def recognizer() -> DigitRecognizer:
    torch.manual_seed(0)
    return DigitRecognizer(RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=RATE))))


@pytest.fixture(scope="module")
def word() -> Samples:
    """One second that is loud from its first to its last sample."""
    spoken, _ = read_audio(read_samples()[0].path)
    return np.resize(spoken, RATE) + np.float32(0.01)


def values(answer: Recognition) -> list[float]:
    return list(answer.probabilities.values())


def test_the_answer_is_the_softmax_of_the_networks_logits(recognizer: DigitRecognizer, word: Samples) -> None:
    answer = recognizer.recognize(word, RATE)
    with torch.inference_mode():
        expected = recognizer.model(torch.from_numpy(word)[None]).softmax(1)[0]
    assert tuple(answer.probabilities) == WORDS
    assert values(answer) == pytest.approx(expected.tolist(), abs=1e-6)
    assert answer.word == WORDS[int(expected.argmax())]
    assert answer.digit == WORDS.index(answer.word) % 10
    assert answer.confidence == pytest.approx(float(expected.max()), abs=1e-6)
    assert not answer.silent


def test_a_batch_gives_each_recording_what_it_gets_alone(recognizer: DigitRecognizer, word: Samples) -> None:
    recordings = [word, word[:3000], np.zeros(100, np.float32), np.tile(word, 3)]
    together = recognizer.recognize_batch(recordings, RATE)
    for recording, answer in zip(recordings, together, strict=True):
        alone = recognizer.recognize(recording, RATE)
        assert values(answer) == pytest.approx(values(alone), abs=1e-6)
        assert answer.silent == (not recording.any())
    assert recognizer.recognize_batch([]) == []


def test_a_word_is_found_in_longer_silence(recognizer: DigitRecognizer, word: Samples) -> None:
    long = np.concatenate([np.zeros(3 * RATE, np.float32), word, np.zeros(2 * RATE, np.float32)])
    assert recognizer.recognize(long, RATE) == recognizer.recognize(word, RATE)


def test_a_short_word_is_centred(recognizer: DigitRecognizer, word: Samples) -> None:
    short = word[:4000]
    assert recognizer.recognize(short, RATE) == recognizer.recognize(fit_length(short, RATE), RATE)


def test_another_rate_is_resampled(recognizer: DigitRecognizer, word: Samples) -> None:
    faster = resample(word, RATE, 16000)
    expected = recognizer.recognize(resample(faster, 16000, RATE), RATE)
    assert values(recognizer.recognize(faster, 16000)) == pytest.approx(values(expected), abs=1e-6)


def test_a_file_gives_what_its_samples_give(recognizer: DigitRecognizer, word: Samples, tmp_path: Path) -> None:
    path = tmp_path / "word.wav"
    write_audio(path, word, RATE)
    samples, _ = read_audio(path)
    assert recognizer.recognize(path) == recognizer.recognize(str(path)) == recognizer.recognize(samples, RATE)


def test_a_checkpoint_answers_as_the_model(recognizer: DigitRecognizer, word: Samples, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, recognizer.model)
    assert DigitRecognizer.from_checkpoint(path).recognize(word, RATE) == recognizer.recognize(word, RATE)


def test_threads_do_not_disturb_each_other(recognizer: DigitRecognizer, word: Samples) -> None:
    recordings = [np.roll(word, 500 * shift) for shift in range(12)]
    expected = [recognizer.recognize(recording, RATE) for recording in recordings]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda recording: recognizer.recognize(recording, RATE), recordings)) == expected


def test_wrong_input_is_said(recognizer: DigitRecognizer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs sample_rate"):
        recognizer.recognize(np.zeros(8000, np.float32))
    with pytest.raises(ConfigError, match=r"the file .* states its own"):
        recognizer.recognize(tmp_path / "a.wav", 8000)
    with pytest.raises(AudioError, match=r"a\.wav"):
        recognizer.recognize(tmp_path / "a.wav")
    with pytest.raises(AudioError):
        recognizer.recognize(np.full(8000, np.nan, np.float32), RATE)
    with pytest.raises(CheckpointError, match="does not exist"):
        DigitRecognizer.from_checkpoint(tmp_path / "none.safetensors")
    with pytest.raises(ConfigError, match="cuda:99"):
        DigitRecognizer(recognizer.model, device="cuda:99")
