"""Training with other noise in every epoch: from the training file to the waveforms that the model gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.data import AugmentSource, SceneNoise
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.history import TrainingResult
from aurora_resnet.training.sounds import add_noise
from aurora_resnet.training.trainer import Trainer

RATE = 8000


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """Two scenes of one recording each; one at another rate than the model's."""
    generator = np.random.default_rng(0)
    for scene, rate in (("car", RATE), ("street", 2 * RATE)):
        samples = 0.1 * generator.standard_normal(2 * rate).clip(-3, 3)
        write_audio(samples.astype(np.float32), tmp_path / "noise" / scene / "1.wav", rate)
    return tmp_path / "noise"


@pytest.fixture(scope="module")
def clips() -> ClipSet:
    network = RecognizerConfig("cnn", MelConfig(sample_rate=RATE))
    return load_clips(read_samples().filter(speakers="samples/flite-awb"), network)


class Listening(Trainer):
    """Keeps the energy of every batch it gets."""

    noted: list[float]

    def step(self, waveforms: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        self.noted.append(float(waveforms.double().square().sum()))
        return super().step(waveforms, labels, generator)


def listen(clips: ClipSet, noise: Path, out: Path) -> Listening:
    source = SceneNoise(str(noise), scenes=("car", "street"), snrs_db=(0.0,), clean_share=0.0)
    torch.manual_seed(0)
    model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=RATE, n_mels=16), options={"hidden": 8}))
    trainer = Listening(model, TrainingConfig(epochs=2, batch_size=32, random_position=False), out)
    trainer.noted = []
    trainer.fit(add_noise(clips, source, ".", seed=5))
    return trainer


def test_every_epoch_has_other_noise_and_every_run_the_same(clips: ClipSet, noise: Path, tmp_path: Path) -> None:
    first, again = listen(clips, noise, tmp_path / "1"), listen(clips, noise, tmp_path / "2")
    assert len(first.noted) == 2  # 22 clips are one batch, so the order within it does not matter
    assert first.noted[0] != pytest.approx(first.noted[1], rel=1e-6)
    assert first.noted == again.noted
    for name, weights in first.model.state_dict().items():
        assert weights.equal(again.model.state_dict()[name])


def test_at_0_db_half_of_the_energy_is_noise(clips: ClipSet, noise: Path) -> None:
    """Within the G.712 band, and for speech that is active most of the time."""
    source = SceneNoise(str(noise), scenes=("car",), snrs_db=(0.0,), clean_share=0.0)
    mixed, clean = (
        torch.cat(add_noise(clips, replace_share, ".", seed=1).epoch(0).waveforms).double().square().sum()
        for replace_share in (source, SceneNoise(str(noise), scenes=("car",), clean_share=1.0))
    )
    # The noise has the speech's active level all the time, so a little more energy than the speech.
    assert 1.9 < float(mixed / clean) < 3.5


def write_experiment(noise: Path, options: str) -> Path:
    """Write a training file with the fixture's noise and more options for it."""
    file = noise.parent / "noisy.toml"
    file.write_text(f"""
model = "cnn"
options = {{ hidden = 8 }}
[mel]
sample_rate = 8000
n_mels = 16
[data]
root = "{noise.parent.as_posix()}"
train = [{{ corpus = "samples:", split = "train", where = {{ engine = "flite" }}, validation_share = 0.3 }}]
augment.scene_noise = {{ folder = "noise", scenes = ["car", "street"], {options} }}
[training]
epochs = 1
""")
    return file


def test_a_training_file_names_the_noise(noise: Path, tmp_path: Path) -> None:
    experiment = read_experiment(write_experiment(noise, "snrs_db = [10, 5]"))
    assert experiment.data.augment == AugmentSource(
        scene_noise=SceneNoise("noise", ("car", "street"), snrs_db=(10.0, 5.0))
    )
    result = run_experiment(experiment, tmp_path / "run")
    assert load_checkpoint(result.best_checkpoint).model.config.mel.n_mels == 16
    assert np.isfinite(result.best.train_loss)


def test_validation_is_noisy_if_asked_and_the_same_for_every_seed(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[ClipSet] = []
    fit = Trainer.fit

    def listening_fit(
        self: Trainer, train: ClipSet | ClipSource, validation: ClipSet | None = None, *, resume: bool = False
    ) -> TrainingResult:
        assert validation is not None
        noted.append(validation)
        return fit(self, train, validation, resume=resume)

    monkeypatch.setattr(Trainer, "fit", listening_fit)
    file = write_experiment(noise, "snrs_db = [0]")
    noisy, clean = "data.augment.scene_noise.clean_share=0.0", "data.augment.scene_noise.clean_share=1.0"
    asked = "data.augment.scene_noise.noisy_validation=true"
    for number, overrides in enumerate(((noisy,), (noisy, asked), (noisy, asked, "training.seed=1"), (clean, asked))):
        run_experiment(read_experiment(file, overrides=overrides), tmp_path / str(number))
    plain, mixed, again, channel = noted
    assert plain.utterances == mixed.utterances == channel.utterances
    assert all(torch.equal(a, b) for a, b in zip(mixed.waveforms, again.waveforms, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(plain.waveforms, channel.waveforms, strict=True))
    energies = [float(torch.cat(clips.waveforms).double().square().sum()) for clips in (channel, mixed)]
    assert 1.9 < energies[1] / energies[0] < 3.5  # see above


def test_scenes_that_are_not_recordings_are_refused(clips: ClipSet, noise: Path) -> None:
    with pytest.raises(CorpusError, match="no noise for airport"):
        add_noise(clips, SceneNoise(str(noise), scenes=("airport",)), ".", seed=0)
    (noise / "scenes.toml").write_text('car = "car"\nbabble = { talkers = 4 }\n')
    with pytest.raises(ConfigError, match="babble would be made of speech"):
        add_noise(clips, SceneNoise(str(noise), scenes=("car", "babble")), ".", seed=0)
