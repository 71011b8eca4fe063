"""A task that a tiny network learns in seconds: eleven words, each a tone of its own pitch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.vocabulary import DIGITS

RATE = 8000
CLIP_SECONDS = 0.25


def make_tones(seed: int, per_word: int = 8) -> ClipSet:
    generator = np.random.default_rng(seed)
    waveforms, utterances = [], []
    for number in range(per_word * len(DIGITS.words)):
        word = number % len(DIGITS.words)
        time = np.arange(generator.integers(1000, 1800)) / RATE
        hertz = 300 * 1.22**word * generator.uniform(0.98, 1.02)
        tone = np.sin(2 * np.pi * (hertz * time + generator.uniform()))
        noisy = generator.uniform(0.1, 0.5) * tone + 0.02 * generator.standard_normal(len(time))
        waveforms.append(torch.from_numpy(noisy.astype(np.float32)))
        utterances.append(Utterance(Path(f"{number}.wav"), (DIGITS.words[word],), f"synthetic/{seed}"))
    labels = torch.tensor([DIGITS.words.index(utterance.word) for utterance in utterances])
    return ClipSet(tuple(utterances), labels, RATE, round(CLIP_SECONDS * RATE), tuple(waveforms))


def make_model(seed: int = 0, **options: object) -> RecognizerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mel = MelConfig(sample_rate=RATE, n_mels=16)
        return RecognizerModel(
            RecognizerConfig("cnn", mel, options={"hidden": 16, **options}, clip_seconds=CLIP_SECONDS)
        )


@pytest.fixture(scope="session")
def tones() -> ClipSet:
    """Eight clips a word to learn from."""
    return make_tones(seed=1)


@pytest.fixture(scope="session")
def unseen_tones() -> ClipSet:
    """Four clips a word that no training sees."""
    return make_tones(seed=2, per_word=4)


@pytest.fixture(scope="session")
def tiny_model() -> Callable[..., RecognizerModel]:
    """Build a small CNN from a seed and its options."""
    return make_model
