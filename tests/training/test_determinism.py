"""The same seed gives the same weights, whatever else the process did and wherever its epochs were made."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

Build = Callable[..., RecognizerModel]
CONFIG = TrainingConfig(
    epochs=2, batch_size=44, learning_rate=0.03, seed=5, speed_factors=(0.9, 1.0), spec_augment=SpecAugment()
)


def weights(folder: Path) -> bytes:
    return (folder / "last.safetensors").read_bytes()


def test_what_the_process_drew_before_does_not_matter(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    made = []
    for number in range(2):
        random.seed(number)
        np.random.seed(number)  # noqa: NPY002 (the state that other libraries use)
        torch.manual_seed(number)
        Trainer(tiny_model(), CONFIG, tmp_path / str(number)).fit(tones)
        made.append(weights(tmp_path / str(number)))
    assert made[0] == made[1]
    Trainer(tiny_model(), replace(CONFIG, seed=6), tmp_path / "other").fit(tones)
    assert weights(tmp_path / "other") != made[0]


@dataclass(frozen=True)
class Shaken:
    """Clips with other noise in every epoch."""

    clips: ClipSet
    sample_rate = 8000
    has_negatives = False

    def __len__(self) -> int:
        return len(self.clips)

    def epoch(self, number: int) -> ClipSet:
        generator = np.random.default_rng(number)
        shaken = [clip + 0.01 * torch.from_numpy(generator.standard_normal(len(clip))) for clip in self.clips.waveforms]
        return replace(self.clips, waveforms=tuple(clip.float() for clip in shaken))


@dataclass(frozen=True)
class Epochs(Dataset[tuple[torch.Tensor, ...]]):
    """The epochs of a source, for torch's own loader and its workers."""

    source: Shaken

    def __len__(self) -> int:
        return CONFIG.epochs

    def __getitem__(self, number: int) -> tuple[torch.Tensor, ...]:
        return self.source.epoch(number).waveforms


class MadeAhead(Shaken):
    """The same clips, made by so many workers."""

    def __init__(self, clips: ClipSet, workers: int) -> None:
        super().__init__(clips)
        loader = DataLoader(Epochs(Shaken(clips)), batch_size=None, num_workers=workers)
        object.__setattr__(self, "made", [tuple(clip.clone() for clip in epoch) for epoch in loader])

    def epoch(self, number: int) -> ClipSet:
        return replace(self.clips, waveforms=self.made[number])  # type: ignore[attr-defined]


@pytest.mark.slow
def test_any_number_of_data_workers_gives_the_same_weights(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    Trainer(tiny_model(), CONFIG, tmp_path / "none").fit(Shaken(tones))
    for workers in (0, 1, 2):
        Trainer(tiny_model(), CONFIG, tmp_path / str(workers)).fit(MadeAhead(tones, workers))
        assert weights(tmp_path / str(workers)) == weights(tmp_path / "none")
