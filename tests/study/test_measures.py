"""The measures beside the test: noise with a free band, and the probe."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor

from aurora_resnet.corpora.sources.an4 import read_an4_aligned
from aurora_resnet.models.recognizer_model import RecognizerModel
from study.measures import FREE_HZ, SOUNDS, _ridge, free_bands


def test_noise_is_as_strong_as_the_clip_and_leaves_its_band_free() -> None:
    clip = torch.sin(torch.arange(8000) * 0.3)[None]
    seen: list[Tensor] = []

    def model(waveforms: Tensor) -> Tensor:
        seen.append(waveforms)
        return torch.tensor([[0.0, 1.0]])

    found = free_bands(cast(RecognizerModel, model), clip, torch.tensor([1]))
    assert found == dict.fromkeys(["none", *(f"{low}-{high}" for low, high in FREE_HZ)], 1.0)
    for band, mixed in zip((None, *FREE_HZ), seen, strict=True):
        noise = mixed - clip
        assert noise.square().mean().item() == pytest.approx(clip.square().mean().item(), rel=1e-3)
        power = torch.fft.rfft(noise)[0].abs().square()
        if band is not None:
            low, high = band
            inside = power[round(low + (high - low) * 0.3) : round(low + (high - low) * 0.7)].mean()
            assert inside < power.mean() / 100, band


def test_the_ridge_is_the_solution_of_its_normal_equations() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 5, generator=generator, dtype=torch.float64)
    target = (x[:, 0] > 0).long() + (x[:, 1] > 1).long()
    answers = _ridge(x, target, 3, x)
    z = torch.cat([(x - x.mean(dim=0)) / (x.std(dim=0) + 1e-6), torch.ones(60, 1)], dim=1)
    y = torch.eye(3, dtype=torch.float64)[target] - 1 / 3
    penalty = 0.1 * (z @ z.T).diagonal().mean()
    primal = torch.linalg.solve(z.T @ z + penalty * torch.eye(6), z.T @ y)
    assert answers.tolist() == (z @ primal).argmax(dim=1).tolist()


def test_a_word_has_one_first_sound_and_a_sound_several_words() -> None:
    words = Counter(word for places in SOUNDS.values() for listed in places.values() for word in listed.split())
    assert max(words.values()) == 1
    assert all(len(listed.split()) > 1 for places in SOUNDS.values() for listed in places.values())


@pytest.mark.shared
def test_an4_has_the_words_on_both_sides(shared: Path) -> None:
    said = {split: set[str]() for split in ("train", "test")}
    for utterance, _ in read_an4_aligned(shared / "an4"):
        said[utterance.split].update(utterance.words)
    for places in SOUNDS.values():
        for place, listed in places.items():
            assert set(listed.split()[::2]) & said["train"], place
            assert set(listed.split()) <= said["train"] | said["test"], place
