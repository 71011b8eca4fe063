"""Networks, front ends and optimisers that another package brings, through training file, checkpoint and export."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from aurora_resnet.checkpoint_file import read_file, write_file
from aurora_resnet.checkpoints import load_checkpoint, save_calibrated
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.features import frontend
from aurora_resnet.features.frontend import create_frontend, register_frontend
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.plain_module import PlainModule
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import create_model, register_model
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.testing.model_contract import MODEL_CHECKS
from aurora_resnet.training.callbacks import Callback
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.fine_tuning import start_from
from aurora_resnet.training.history import EpochRecord
from aurora_resnet.training.objective import Learner
from aurora_resnet.training.trainer import Trainer

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_model"
MIXER, ENERGIES = "own_model.mixer:TimeMixer", "own_model.energies:BandEnergies"
FILE = f"""
model = "{MIXER}"
options = {{ width = 8 }}
frontend = "{ENERGIES}"
frontend_options = {{ width = 100 }}
[mel]
sample_rate = 8000
n_mels = 16
[data]
train = [{{ corpus = "samples:", split = "train", where = {{ engine = "flite" }}, validation_share = 0.3 }}]
[training]
epochs = 2
optimizer = "torch.optim:RAdam"
optimizer_options = {{ weight_decay = 0.01 }}
schedule = "own_schedule:halving"
"""


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The example's package can be imported, and a module with a schedule."""
    (tmp_path / "own_schedule.py").write_text("def halving(step, total):\n    return 0.5 ** (4 * step / total)\n")
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_the_example_keeps_what_all_models_promise(check: Callable[..., None]) -> None:
    check(MIXER, width=8)


@pytest.mark.usefixtures("package")
def test_it_is_trained_saved_loaded_and_fine_tuned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.toml").write_text(FILE)
    result = run_experiment(read_experiment(tmp_path / "own.toml", trust_code=True), tmp_path / "run")
    checkpoint = load_checkpoint(result.best_checkpoint, trust_code=True)
    assert type(checkpoint.model.frontend).__name__ == "BandEnergies"
    assert checkpoint.model.frontend.bands == 16
    halved = [record.learning_rate for record in result.history]
    assert halved[1] == pytest.approx(halved[0] / 4, rel=1e-6)  # two epochs of two halvings
    model, report = start_from(checkpoint, Vocabulary(("ja", "nein")))
    assert set(report.new) == {"classifier.module.classes.weight", "classifier.module.classes.bias"}
    assert model.classifier.num_classes == 2
    again = run_experiment(read_experiment(tmp_path / "own.toml", trust_code=True), tmp_path / "run", resume=True)
    assert again.history == result.history
    # Written again with a threshold, it still knows where its model lives.
    save_calibrated(result.best_checkpoint, Calibration(1.5), tmp_path / "calibrated.safetensors", trust_code=True)
    # Where the package is not installed, the file says what is missing.
    for path in (result.best_checkpoint, tmp_path / "calibrated.safetensors"):
        header, tensors = read_file(path)
        assert header["origin"] == {"module": "own_model.mixer", "name": "TimeMixer"}
        header["origin"] |= {"package": "aurora-own-model", "version": "0.1.0"}
        write_file(header, tensors, path)
    monkeypatch.undo()
    for module in ("own_model", "own_model.mixer", "own_model.energies"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(CheckpointError, match=r"package aurora-own-model 0\.1\.0: pip install aurora-own-model"):
        load_checkpoint(tmp_path / "calibrated.safetensors", trust_code=True)


@pytest.mark.slow
@pytest.mark.usefixtures("few_samples", "package")
@pytest.mark.parametrize("frontend", [None, ENERGIES], ids=["mel", "energies"])
def test_it_is_exported(tmp_path: Path, frontend: str | None) -> None:
    mel = MelConfig(sample_rate=8000, n_mels=16)
    model = RecognizerModel(RecognizerConfig(MIXER, mel, options={"width": 8}, frontend=frontend)).eval()
    parity = export_onnx(model, tmp_path / "own.onnx")
    assert parity.largest_difference <= 1e-4


class Picture(nn.Module):
    """Wants pictures, and has a parameter outside all layers."""

    def __init__(self, n_mels: int, num_classes: int) -> None:
        super().__init__()
        del n_mels
        self.gain = nn.Parameter(torch.ones(()))
        self.look = nn.Conv2d(1, 4, 3)
        self.classes = nn.Linear(4, num_classes)

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.classes(self.gain * self.look(pictures).relu().mean(dim=(2, 3)))
        return logits


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_a_plain_module_that_wants_pictures(check: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aurora_resnet.models.zoo.ZOO", {})
    register_model("picture", Picture)
    check("picture")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_package:Net", r"'no_such_package:Net' cannot be imported .*PYTHONPATH"),
        ("math:no_such_name", r"'math:no_such_name' cannot be imported .*check the name"),
        ("math:pi", r"must be a subclass of torch\.nn\..*Module, got a float"),
        ("os:system", r"must be a subclass of torch\.nn"),  # nothing that merely can be called is called
        ("subprocess:run", r"must be a subclass of torch\.nn\..*Module, got a function"),
        ("torch.nn:Linear", "must take n_mels and num_classes"),
        ("own:", "unknown model 'own:'"),
    ],
)
def test_what_is_no_model_is_not_called(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        create_model(name, n_mels=16, num_classes=2)
    with pytest.raises(ConfigError, match=message):
        RecognizerConfig(name, MelConfig(sample_rate=8000))


def test_a_module_that_gives_something_else_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"give logits \[B, 3\]: it gave \[2, 6464\]"):
        PlainModule(nn.Flatten(), n_mels=64, num_classes=3)
    pool = nn.Sequential(nn.AdaptiveAvgPool2d((1, 3)), nn.Flatten())
    with pytest.raises(ConfigError, match="no last layer with 3 rows"):
        PlainModule(pool, n_mels=64, num_classes=3)


class Slow(nn.Module):
    """A front end of another rate."""

    sample_rate, bands = 16_000, 4

    def __init__(self, mel: MelConfig) -> None:
        super().__init__()
        self.mel = mel

    def frames(self, samples: int) -> int:
        return samples


def test_front_ends_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontend, "_FRONTENDS", {})  # what is registered here is not known elsewhere
    mel = MelConfig(sample_rate=8000)
    with pytest.raises(ConfigError, match="unknown front end 'gammatone'"):
        create_frontend("gammatone", mel)
    with pytest.raises(ConfigError, match=r"must be a torch\.nn\.Module with sample_rate, bands and frames"):
        create_frontend("torch.nn:Identity", mel)
    register_frontend("slow", Slow)
    with pytest.raises(ConfigError, match=r"front end 'slow' works at 16000 Hz, mel\.sample_rate is 8000"):
        create_frontend("slow", mel)
    with pytest.raises(ConfigError, match="a front end needs a name of its own, got 'slow'"):
        register_frontend("slow", Slow)
    with pytest.raises(ConfigError, match="frontend_options need a frontend"):
        RecognizerConfig("cnn", mel, frontend_options={"width": 3})


class Watch(Callback):
    """Counts, and stops after the second epoch."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.epochs: list[int] = []

    def after_step(self, trainer: Learner, step: int, loss: Tensor) -> None:
        assert trainer.model.training
        assert loss.isfinite()
        self.steps.append(step)

    def after_epoch(self, trainer: Learner, record: EpochRecord) -> None:
        assert (trainer.out / "last.safetensors").exists()
        self.epochs.append(record.epoch)

    def should_stop(self, history: Sequence[EpochRecord], best_epoch: int) -> bool:
        return best_epoch == 1 and len(history) == 2


def test_callbacks_see_steps_and_epochs_and_stop(tmp_path: Path) -> None:
    config = RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=8), options={"hidden": 4}, clip_seconds=0.5)
    clips = load_clips(read_samples().filter(speakers="samples/flite-awb"), config)
    watch, rates = Watch(), []

    def schedule(step: int, total: int) -> float:
        rates.append((step, total))
        return 1.0

    def optimizer(groups: Any, lr: float) -> torch.optim.Optimizer:
        return torch.optim.Adagrad(groups, lr=lr)

    training = TrainingConfig(epochs=5, batch_size=11)
    trainer = Trainer(
        RecognizerModel(config), training, tmp_path, callbacks=[watch], schedule=schedule, optimizer=optimizer
    )
    result = trainer.fit(clips)
    assert isinstance(trainer.optimizer, torch.optim.Adagrad)
    assert watch.epochs == [0, 1]
    assert watch.steps == [0, 1, 2, 3]
    assert rates == [(step, 10) for step in range(4)]
    assert len(result.history) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"optimizer": "adam"},
            r"unknown optimizer 'adam' \(did you mean 'adamw'",
        ),
        ({"schedule": "cosin"}, r"unknown schedule 'cosin' \(did you mean 'cosine'"),
        ({"optimizer_options": {"amsgrad": True}}, "optimizer_options are for other optimizers than sgd"),
    ],
)
def test_unknown_choices_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainingConfig(**options)


def test_an_optimizer_with_other_options_is_told(tmp_path: Path) -> None:
    model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    config = TrainingConfig(optimizer="torch.optim:RAdam", optimizer_options={"momentun": 0.9})
    with pytest.raises(ConfigError, match=r"optimizer torch\.optim:RAdam cannot be built"):
        Trainer(model, config, tmp_path)
