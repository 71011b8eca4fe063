"""Contrastive training: the loss against its formula, the views against their SNR, and that it learns."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.optimization import set_rates
from aurora_resnet.training.trainer import Trainer
from study.contrastive_trainer import MIX_SNRS_DB, ContrastiveObjective, contrastive_loss, save_backbone, view


def test_the_loss_is_its_formula() -> None:
    first, second = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    views = [v / v.norm() for v in torch.cat([first, second])]
    total = 0.0
    for i in range(10):
        j = (i + 5) % 10
        others = sum(math.exp(float(views[i] @ views[k]) / 0.2) for k in range(10) if k != i)
        total -= math.log(math.exp(float(views[i] @ views[j]) / 0.2) / others)
    loss, _ = contrastive_loss(first, second, temperature=0.2)
    assert loss.item() == pytest.approx(total / 10)


def test_views_that_say_nothing_cost_the_logarithm_of_the_others() -> None:
    same = torch.ones(8, 4)
    assert contrastive_loss(same, same)[0].item() == pytest.approx(math.log(15), rel=1e-5)


def test_a_view_is_its_clip_with_another_one_below_it() -> None:
    generator = torch.Generator().manual_seed(3)
    tones = torch.stack([torch.sin(2 * math.pi * f * torch.arange(8000) / 8000) for f in (400.0, 900.0, 1700.0)])
    spectra = torch.fft.rfft(view(tones, generator)).abs().square()
    for index, frequency in enumerate((400, 900, 1700)):
        powers = [float(spectra[index, f - 5 : f + 6].sum()) for f in (400, 900, 1700)]
        own = powers.pop(index)
        snr_db = 10 * math.log10(own / max(powers))
        assert MIX_SNRS_DB[0] - 0.5 < snr_db < MIX_SNRS_DB[1] + 0.5, frequency


@pytest.mark.slow
def test_it_learns_without_labels_and_its_backbone_loads(tmp_path: Path) -> None:
    """The same views again and again: the network must learn to tell them apart, whatever the labels say."""
    clips = load_clips(read_samples().filter(split="test"), RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    waveforms = clips.batch(range(0, 160, 10))[:, 2000:6000]  # half the frames, half the time
    config = TrainingConfig(epochs=1, learning_rate=0.02)
    losses = []
    for labels, steps in ((torch.zeros(16, dtype=torch.int64), 12), (torch.arange(16) % 11, 3)):
        torch.manual_seed(0)
        model = RecognizerModel(RecognizerConfig("resnet50", MelConfig(sample_rate=8000)))
        trainer = Trainer(model, config, tmp_path / "run", objective=ContrastiveObjective())
        model.train()
        set_rates(trainer.optimizer, 1.0)
        losses.append(
            [trainer.step(waveforms, labels, torch.Generator().manual_seed(4))[0].item() for _ in range(steps)]
        )
    assert losses[0][0] > 3.2  # ln 31 = 3.43 where nothing tells the views apart
    assert losses[0][-1] < losses[0][0] - 1.0
    assert losses[0][:3] == pytest.approx(losses[1], rel=1e-3)
    assert isinstance(model.classifier, ResidualSpeechNet)
    save_backbone(model.classifier, tmp_path / "backbone.safetensors")
    other = ResidualSpeechNet(weights=tmp_path / "backbone.safetensors").eval()
    features = torch.randn(2, 64, 101)
    torch.testing.assert_close(other.embed(features), model.classifier.eval().embed(features))


def test_other_networks_are_refused(tmp_path: Path) -> None:
    model = RecognizerModel(RecognizerConfig("lstm", MelConfig(sample_rate=8000)))
    with pytest.raises(ConfigError, match="resnet50"):
        Trainer(model, TrainingConfig(epochs=1), tmp_path, objective=ContrastiveObjective())
