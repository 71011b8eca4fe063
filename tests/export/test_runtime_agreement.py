"""The exported file without torch gives what the network with torch gives, for any recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.parity import Parity
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognition, Recognizer

RATE = 8000


@pytest.fixture(scope="module")
def by_torch(compact: Checkpoint) -> Recognizer:
    return Recognizer(TorchModel(compact))


@pytest.fixture(scope="module")
def exported(float_file: tuple[Path, Parity]) -> Recognizer:
    return Recognizer.from_pretrained(float_file[0])


@pytest.fixture(scope="module")
def word() -> Samples:
    return fit_length(read_clip(read_samples()[6].path, RATE, 1.0), RATE)


def agree(found: Recognition, expected: Recognition, tolerance: float) -> bool:
    distance = [abs(found.probabilities[word] - value) for word, value in expected.probabilities.items()]
    return max(distance) <= tolerance and found.accepted == expected.accepted and found.digit == expected.digit


@settings(max_examples=20)
@given(
    rate=st.one_of(st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100, 48_000]), st.integers(4000, 200_000)),
    channels=st.integers(1, 3),
    seconds=st.floats(0.05, 2.5),
    kind=st.sampled_from(["float32", "float64", "int16", "uint8"]),
    seed=st.integers(0, 1000),
)
def test_any_recording_gets_the_same_answer(
    by_torch: Recognizer,
    exported: Recognizer,
    word: Samples,
    rate: int,
    channels: int,
    seconds: float,
    kind: str,
    seed: int,
) -> None:
    generator = np.random.default_rng(seed)
    repeated = np.stack([np.resize(resample(word, RATE, rate), max(1, round(seconds * rate)))] * channels, axis=1)
    recording = 0.5 * repeated + 0.05 * generator.standard_normal(repeated.shape)
    if kind in ("int16", "uint8"):
        scale, zero = (32_767, 0) if kind == "int16" else (127, 128)
        recording = (scale * np.clip(recording, -1, 1) + zero).round()
    typed = recording.astype(kind)
    assert agree(exported.recognize(typed, rate), by_torch.recognize(typed, rate), 2e-3)
