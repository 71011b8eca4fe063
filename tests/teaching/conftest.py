"""Words that a tiny network learns in seconds: pitches that rise or fall, by people whose voices differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.vocabulary import Vocabulary

RATE = 8000
WORDS = ("schön", "licht an", "नमस्ते")
PEOPLE = ("ann", "ben", "cid")


class TinyWords:
    """What is said, by whom, and how it sounds."""

    words, people, rate = WORDS, PEOPLE, RATE

    def sound(self, number: int, person: int, take: int) -> Samples:
        """Return a word: a pitch of its own, which person and take change a little, in a little noise."""
        generator = np.random.default_rng([number, person, take])
        time = np.arange(int(0.35 * RATE)) / RATE
        pitch = 350 * 2.6**number * (1 + 0.03 * person) * generator.uniform(0.98, 1.02)
        hoarse = 0.3 * np.sin(2 * np.pi * pitch * time) + 0.1 * generator.standard_normal(len(time))
        quiet = 0.002 * generator.standard_normal(len(time))
        return (hoarse * np.hanning(len(time)) + quiet).astype(np.float32)

    def write(self, folder: Path, takes: int = 3) -> Path:
        """Write recordings of all words by all people, a sub-folder for each word."""
        for number, word in enumerate(WORDS):
            for person, name in enumerate(PEOPLE):
                for take in range(takes):
                    write_audio(self.sound(number, person, take), folder / word / f"{name}_{take}.wav", RATE)
        return folder


@pytest.fixture(scope="session")
def tiny_words() -> TinyWords:
    """Words with an umlaut, a blank and a script of its own."""
    return TinyWords()


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a tiny network with random weights, to start from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mel = MelConfig(sample_rate=RATE, n_mels=16)
        config = RecognizerConfig(
            "cnn", mel, options={"hidden": 16, "dropout": 0.1}, clip_seconds=0.5, vocabulary=Vocabulary(("yes", "no"))
        )
        path = tmp_path_factory.mktemp("base") / "tiny.safetensors"
        save_checkpoint(RecognizerModel(config), path)
    return path
