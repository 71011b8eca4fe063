"""Training with fresh harder clips, a class for negatives, averaged weights, bfloat16 and a teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.augmentation.noise_pool import NoisePool
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.augmented import AugmentedClips
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.training.config import Distillation, TrainingConfig
from aurora_resnet.training.data import SoundFiles
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.sounds import find_sounds
from aurora_resnet.training.trainer import Trainer
from aurora_resnet.training.word_objective import WordObjective

ModelMaker = Callable[..., RecognizerModel]
CONFIG = TrainingConfig(epochs=2, batch_size=32, learning_rate=0.05, weight_average=0.9)


def augmented(tones: ClipSet) -> AugmentedClips:
    speech = [waveform.numpy() for waveform in tones.waveforms]
    noise = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    pool = NoisePool([noise], [speech], sample_rate=tones.sample_rate, generator=np.random.default_rng(0))
    return AugmentedClips(tones, [], pool, shares=NegativeShares(of_epoch=0.25), seed=0)


def test_the_loss_is_cross_entropy_with_a_class_whose_logit_is_zero(tiny_model: ModelMaker, tmp_path: Path) -> None:
    trainer = Trainer(tiny_model(), TrainingConfig(), tmp_path)
    logits, labels = torch.randn(5, 11, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 3, 10, 11, 11])
    trainer.rejects = True
    # -log p, written out: the sum over twelve exponentials, one of which is exp(0)
    total = np.log(np.exp(logits.double().numpy()).sum(axis=1) + 1)
    right = [logits[i, k].item() if k < 11 else 0.0 for i, k in enumerate(labels.tolist())]
    assert WordObjective().loss(trainer, logits, labels).item() == pytest.approx(np.mean(total - right), rel=1e-5)


def test_distillation_mixes_both_losses(tiny_model: ModelMaker, tmp_path: Path) -> None:
    config = TrainingConfig(distillation=Distillation(weight=0.25, temperature=2.0))
    trainer = Trainer(tiny_model(), config, tmp_path, objective=WordObjective(tiny_model(1)))
    assert isinstance(trainer.objective, WordObjective)
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(4, 11, generator=generator) for _ in range(2))
    labels = torch.arange(4)

    def softmax(logits: Tensor) -> npt.NDArray[np.float64]:
        powers = np.exp(logits.double().numpy() / 2)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    p, q = softmax(teacher), softmax(student)
    divergence = (p * np.log(p / q)).sum(axis=1).mean()
    hard = -student.double().log_softmax(1)[range(4), labels].mean().item()
    expected = 0.75 * hard + 0.25 * 4 * divergence
    assert trainer.objective.loss(trainer, student, labels, teacher).item() == pytest.approx(expected, rel=1e-5)
    assert trainer.objective.loss(trainer, student, labels, student).item() == pytest.approx(0.75 * hard, rel=1e-5)


def test_a_teacher_and_its_options_come_together(tiny_model: ModelMaker, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one is missing"):
        Trainer(tiny_model(), TrainingConfig(), tmp_path, objective=WordObjective(tiny_model(1)))
    with pytest.raises(ConfigError, match="one is missing"):
        Trainer(tiny_model(), TrainingConfig(distillation=Distillation()), tmp_path)


def test_the_best_checkpoint_is_the_average_of_the_weights(
    tones: ClipSet, tiny_model: ModelMaker, tmp_path: Path
) -> None:
    class Remembering(Trainer):
        mean: Tensor | None = None

        def step(self, waveforms: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
            answer = super().step(waveforms, labels, generator)
            weights = self.model.classifier.state_dict()["head.0.weight"].clone()
            # Averages begin with the first step's weights.
            self.mean = weights if self.mean is None else 0.9 * self.mean + 0.1 * weights
            return answer

    trainer = Remembering(tiny_model(), CONFIG, tmp_path)
    result = trainer.fit(tones)
    kept = load_checkpoint(result.best_checkpoint).model.classifier.state_dict()["head.0.weight"]
    assert trainer.mean is not None
    torch.testing.assert_close(kept, trainer.mean)
    assert not torch.equal(kept, trainer.model.classifier.state_dict()["head.0.weight"])


@pytest.mark.slow
def test_an_interrupted_training_ends_with_the_same_averages(
    tones: ClipSet, tiny_model: ModelMaker, tmp_path: Path
) -> None:
    class Interrupted(Trainer):
        def run_epoch(self, *arguments: object) -> object:  # type: ignore[override]
            if arguments[2] == 1:
                raise KeyboardInterrupt
            return super().run_epoch(*arguments)  # type: ignore[arg-type]

    whole = Trainer(tiny_model(), CONFIG, tmp_path / "whole").fit(augmented(tones))
    with pytest.raises(KeyboardInterrupt):
        Interrupted(tiny_model(), CONFIG, tmp_path / "parts").fit(augmented(tones))
    resumed = Trainer(tiny_model(5), CONFIG, tmp_path / "parts").fit(augmented(tones), resume=True)
    first, second = (load_checkpoint(r.best_checkpoint).model.state_dict() for r in (whole, resumed))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_negatives_are_told_apart(tones: ClipSet, tiny_model: ModelMaker, tmp_path: Path) -> None:
    config = TrainingConfig(epochs=8, batch_size=16, learning_rate=0.05, schedule="one_cycle")
    model = tiny_model(dropout=0.0)
    corpus = augmented(tones)
    Trainer(model, config, tmp_path).fit(corpus)
    noise = corpus.epoch(99)
    with torch.inference_mode():
        evidence = model.eval()(noise.batch(range(len(noise)))).logsumexp(1)
    words, negatives = evidence[noise.labels < len(DIGITS.words)], evidence[noise.labels == len(DIGITS.words)]
    assert words.median() > negatives.median() + 1


def test_bfloat16_computes_nearly_the_same_and_keeps_float32_weights(
    tones: ClipSet, tiny_model: ModelMaker, tmp_path: Path
) -> None:
    losses = []
    for bfloat16 in (False, True):
        trainer = Trainer(tiny_model(), replace(CONFIG, bfloat16=bfloat16), tmp_path / str(bfloat16))
        losses.append([record.train_loss for record in trainer.fit(tones).history])
        assert {parameter.dtype for parameter in trainer.model.parameters()} == {torch.float32}
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.1)


@pytest.fixture
def training_file(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("noise/1-a", "noise/5-b", "negatives/tree"):
        sound = 0.1 * generator.standard_normal(8000).clip(-3, 3)
        write_audio(sound.astype(np.float32), tmp_path / f"{name}.wav", 8000)
    file = tmp_path / "augmented.toml"
    file.write_text(f"""
model = "cnn"
clip_seconds = 0.5
options = {{ hidden = 8 }}
[mel]
sample_rate = 8000
n_mels = 16
log_floor = 1e-10
dynamic_range_db = 60.0
[data]
root = "{tmp_path.as_posix()}"
train = [{{ corpus = "samples:", split = "train", where = {{ engine = "flite" }}, validation_share = 0.5 }}]
[data.augment]
noises = [{{ folder = "noise", match = "^1-", repeat = 2 }}]
validation_noises = [{{ folder = "noise", match = "^5-" }}]
negatives = [{{ folder = "negatives" }}]
talk = [{{ folder = "negatives" }}]
speaker_power = 0.5
workers = 0
negative_shares = {{ of_epoch = 0.3, pieces = 0.2 }}
augmentation = {{ snr_db = [0.0, 10.0] }}
[training]
epochs = 1
seed = 3
weight_average = 0.5
""")
    return file


def test_a_training_file_describes_all_of_it(training_file: Path, tmp_path: Path) -> None:
    result = run_experiment(read_experiment(training_file), tmp_path / "run")
    # 22 clips of one voice are 70 % of an epoch; the other voice validates, clean and noisy.
    assert load_checkpoint(result.best_checkpoint).model.config.mel.dynamic_range_db == 60
    assert result.history[0].validation_accuracy is not None
    assert (result.history[0].validation_accuracy * 44) % 1 == pytest.approx(0, abs=1e-4)


def test_a_teacher_is_named_in_the_file(training_file: Path, tmp_path: Path, tiny_model: ModelMaker) -> None:
    save_checkpoint(tiny_model(), tmp_path / "teacher.safetensors")
    overrides = (f"teacher={tmp_path / 'teacher.safetensors'}", "training.distillation.weight=0.5")
    result = run_experiment(read_experiment(training_file, overrides=overrides), tmp_path / "taught")
    assert np.isfinite(result.history[0].train_loss)


def test_missing_sounds_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(CorpusError, match=r"a: expected sound files whose name matches '\^1-', found none"):
        find_sounds([SoundFiles("a", match="^1-")], tmp_path)
    with pytest.raises(ConfigError, match="not a regular expression"):
        find_sounds([SoundFiles("a", match="(")], tmp_path)


def test_scene_noise_and_everything_else_exclude_each_other(training_file: Path) -> None:
    scenes = "data.augment.scene_noise.folder=noise"
    left = "noises, negatives, talk, validation_noises, augmentation, negative_shares, speaker_power, workers"
    with pytest.raises(ConfigError, match=rf"data\.augment: scene_noise is mixed alone; leave out {left}$"):
        read_experiment(training_file, overrides=(scenes,))
    with pytest.raises(ConfigError, match=r"data\.augment: noises or scene_noise is needed"):
        read_experiment(training_file, overrides=("data.augment.noises=[]",))


class StoppedError(Exception):
    """The training would begin now."""


def held_out(file: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *overrides: str) -> ClipSet:
    """Return the validation clips of a training file."""

    def fit(_self: Trainer, _train: object, validation: ClipSet, **_options: object) -> None:
        raise StoppedError(validation)

    monkeypatch.setattr(Trainer, "fit", fit)
    with pytest.raises(StoppedError) as stopped:
        run_experiment(read_experiment(file, overrides=overrides), out)
    clips: ClipSet = stopped.value.args[0]
    return clips


def test_augmented_validation_is_the_same_for_every_seed(
    training_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        held_out(training_file, tmp_path, monkeypatch, f"training.seed={seed}", f"data.augment.workers={workers}")
        for seed, workers in ((0, 0), (7, 1))
    )
    assert len(first) == 2 * 22  # each clip as it was recorded, and noisy
    assert torch.equal(first.labels, second.labels)
    assert all(torch.equal(a, b) for a, b in zip(first.waveforms, second.waveforms, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first.waveforms[:22], first.waveforms[22:], strict=True))
