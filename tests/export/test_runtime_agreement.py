"""The runtime without torch gives what ``DigitRecognizer`` gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from aurora_resnet_runtime import OnnxDigitRecognizer, Recognition
from aurora_resnet_runtime.audio import array_clip, file_clip
from aurora_resnet_runtime.resampling import low_pass, resample
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.parity import Parity
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.recognizer import Recognition as TorchRecognition
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.resampling import resample as torch_side_resample

RATE = 8000


@pytest.fixture(scope="module")
def ours() -> DigitRecognizer:
    return DigitRecognizer.from_pretrained("compact")


@pytest.fixture(scope="module")
def runtime(float_file: tuple[Path, Parity]) -> OnnxDigitRecognizer:
    return OnnxDigitRecognizer(float_file[0])


@pytest.fixture(scope="module")
def word() -> npt.NDArray[np.float32]:
    clip = read_clip(read_samples()[6].path, RATE, 1.0)
    return fit_length(clip, RATE)


def agree(found: Recognition, expected: TorchRecognition, tolerance: float) -> bool:
    distance = [abs(found.probabilities[word] - value) for word, value in expected.probabilities.items()]
    return max(distance) <= tolerance and found.accepted == expected.accepted and found.digit == expected.digit


def test_all_sample_words_get_the_same_answers(ours: DigitRecognizer, runtime: OnnxDigitRecognizer) -> None:
    paths = [utterance.path for utterance in read_samples()]
    expected, found = ours.recognize_batch(paths), runtime.recognize_batch(paths)
    assert all(agree(a, b, 1e-4) for a, b in zip(found, expected, strict=True))
    assert [answer.word for answer in found] == [answer.word for answer in expected]


def test_the_models_inside_say_the_same_words() -> None:
    paths = [utterance.path for utterance in read_samples().utterances[::5]]
    expected = DigitRecognizer.from_pretrained("compact").recognize_batch(paths)
    found = OnnxDigitRecognizer().recognize_batch(paths)
    changed = sum(a.word != b.word for a, b in zip(found, expected, strict=True))
    assert changed <= 1
    assert max(abs(a.confidence - b.confidence) for a, b in zip(found, expected, strict=True)) < 0.2


@settings(max_examples=20)
@given(
    rate=st.one_of(st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100, 48_000]), st.integers(4000, 12_000)),
    channels=st.integers(1, 3),
    seconds=st.floats(0.05, 2.5),
    kind=st.sampled_from(["float32", "float64", "int16", "uint8"]),
    seed=st.integers(0, 1000),
)
def test_any_recording_gets_the_same_answer(
    ours: DigitRecognizer,
    runtime: OnnxDigitRecognizer,
    word: npt.NDArray[np.float32],
    rate: int,
    channels: int,
    seconds: float,
    kind: str,
    seed: int,
) -> None:
    generator = np.random.default_rng(seed)
    wide = torch_side_resample(word, RATE, rate)
    repeated = np.stack([np.resize(wide, max(1, round(seconds * rate)))] * channels, axis=1)
    recording = 0.5 * repeated + 0.05 * generator.standard_normal(repeated.shape)
    if kind in ("int16", "uint8"):
        scale, zero = (32_767, 0) if kind == "int16" else (127, 128)
        recording = (scale * np.clip(recording, -1, 1) + zero).round()
    typed = recording.astype(kind)
    assert agree(runtime.recognize(typed, rate), ours.recognize(typed, rate), 2e-3)


@pytest.mark.parametrize(("suffix", "rate"), [("wav", 44_100), ("flac", 16_000), ("ogg", 22_050), ("mp3", 16_000)])
def test_files_are_cut_at_the_same_place(word: npt.NDArray[np.float32], tmp_path: Path, suffix: str, rate: int) -> None:
    import soundfile

    quiet = 1e-4 * np.random.default_rng(1).standard_normal((13 * rate, 2)).astype(np.float32)
    wide = torch_side_resample(word, RATE, rate)
    quiet[11 * rate : 11 * rate + wide.size] += wide[:, None]
    path = tmp_path / f"long.{suffix}"
    soundfile.write(path, quiet, rate)
    expected = fit_length(read_clip(path, RATE, 1.0), RATE)
    assert np.abs(file_clip(path, RATE, RATE) - expected).max() < 1e-5
    write_audio(tmp_path / "short.wav", word[:3000], RATE)
    assert np.array_equal(
        file_clip(tmp_path / "short.wav", RATE, RATE),
        fit_length(read_clip(tmp_path / "short.wav", RATE, 1.0), RATE),
    )


@settings(max_examples=30)
@given(old=st.integers(1000, 60_000), new=st.sampled_from([8000, 16_000]), samples=st.integers(1, 3000))
def test_resampling_is_the_same(old: int, new: int, samples: int) -> None:
    given_samples = np.random.default_rng(samples).uniform(-1, 1, samples).astype(np.float32)
    if old * new // np.gcd(old, new) > 40_000_000:  # the filter would take seconds to design
        old -= old % 25
    expected = torch_side_resample(given_samples, old, new)
    found = resample(given_samples, old, new)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 2e-5


@pytest.mark.parametrize(("up", "down"), [(1, 2), (80, 441), (160, 441), (2, 1)])
def test_the_low_pass_is_scipys_kaiser_window_design(up: int, down: int) -> None:
    nyquist = 1 / max(up, down)
    taps, beta = signal.kaiserord(90.0, 0.1 * nyquist)
    expected = signal.firwin(taps | 1, 0.95 * nyquist, window=("kaiser", beta))
    assert low_pass(up, down) == pytest.approx(expected, abs=1e-9, rel=1e-5)


def test_an_array_is_cut_to_its_most_energetic_stretch(word: npt.NDArray[np.float32]) -> None:
    long = np.concatenate((np.zeros(5000, np.float32), word, np.zeros(4000, np.float32)))
    assert np.array_equal(array_clip(long, RATE, RATE, RATE), fit_length(long, RATE))
