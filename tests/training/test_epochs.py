import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.epochs import steps_per_epoch
from aurora_resnet.training.trainer import Trainer

Build = Callable[..., RecognizerModel]
SHORT = TrainingConfig(epochs=2, batch_size=16, learning_rate=0.05, schedule="one_cycle", warmup_fraction=0.3, seed=3)


def weights(model: RecognizerModel) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_frozen_parts_stay_and_are_thawed_epoch_by_epoch(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    config = replace(SHORT, epochs=3, freeze="all_but_head", unfreeze=((2, "none"),))
    snapshots = []

    class Watched(Trainer):
        def run_epoch(self, *args: object) -> object:  # type: ignore[override]
            record = super().run_epoch(*args)  # type: ignore[arg-type]
            snapshots.append(weights(self.model))
            return record

    model = tiny_model()
    start = weights(model)
    history = Watched(model, config, tmp_path).fit(tones).history
    assert [record.freeze_plan for record in history] == ["all_but_head", "all_but_head", "none"]
    backbone = [name for name in start if ".head." not in name]
    assert any("running_mean" in name for name in backbone)
    for frozen in snapshots[:2]:
        assert all(torch.equal(frozen[name], start[name]) for name in backbone)
        assert not torch.equal(frozen["classifier.head.0.weight"], start["classifier.head.0.weight"])
    assert not any(torch.equal(snapshots[2][name], start[name]) for name in backbone)


def test_the_time_of_an_epoch_has_the_making_of_its_clips_and_the_validation(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]  # a clock on which making takes 100 s, a step 1 s, a validation 10 s
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    class Slow:
        sample_rate, has_negatives = tones.sample_rate, False

        def __len__(self) -> int:
            return len(tones)

        def epoch(self, number: int) -> ClipSet:  # noqa: ARG002
            now[0] += 100
            return tones

    class Timed(Trainer):
        def step(self, *arguments: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
            now[0] += 1
            return super().step(*arguments)  # type: ignore[arg-type]

        def validate(self, clips: ClipSet) -> tuple[float, float]:
            now[0] += 10
            return super().validate(clips)

    result = Timed(tiny_model(), SHORT, tmp_path).fit(Slow(), unseen_tones)
    steps = steps_per_epoch(len(tones), SHORT.batch_size, 2)
    assert [record.seconds for record in result.history] == [100 + steps + 10] * SHORT.epochs
    assert [record.clips_per_second for record in result.history] == [len(tones) / steps] * SHORT.epochs
    assert result.seconds == now[0]


def test_the_backbone_moves_at_its_own_rate(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    # Without momentum and decay one step of SGD is rate * gradient, so a tenth of the rate is a tenth of the way.
    plain = replace(
        SHORT, epochs=1, batch_size=88, momentum=0.0, weight_decay=0.0, schedule="constant", warmup_fraction=0
    )
    moved = []
    for rate in (None, 0.005):
        model = tiny_model()
        start = weights(model)
        Trainer(model, replace(plain, backbone_learning_rate=rate), tmp_path / str(rate)).fit(tones)
        moved.append({name: tensor - start[name] for name, tensor in weights(model).items()})
    name = "classifier.blocks.1.0.weight"
    torch.testing.assert_close(moved[1][name], 0.1 * moved[0][name], rtol=1e-3, atol=1e-7)
    assert torch.equal(moved[1]["classifier.head.0.weight"], moved[0]["classifier.head.0.weight"])


def test_early_stopping_and_the_best_epoch(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> None:
    scripted = iter([(2.0, 0.5), (1.9, 0.7), (1.8, 0.7), (1.8, 0.6), (1.0, 0.6), (0.1, 1.0)])
    states = []

    class Scripted(Trainer):
        def validate(self, clips: ClipSet) -> tuple[float, float]:
            assert clips is unseen_tones
            states.append(weights(self.model))
            return next(scripted)

    config = replace(SHORT, epochs=6, early_stopping=2)
    result = Scripted(tiny_model(), config, tmp_path).fit(tones, unseen_tones)
    assert [record.validation_accuracy for record in result.history] == [0.5, 0.7, 0.7, 0.6, 0.6]
    assert (result.best_epoch, result.best) == (2, result.history[2])  # equal accuracy, lower loss
    assert same(load_checkpoint(tmp_path / "best.safetensors").model.state_dict(), states[2])
    assert same(load_checkpoint(tmp_path / "last.safetensors").model.state_dict(), states[4])
    assert load_checkpoint(result.best_checkpoint).info["best_epoch"] == 2


def test_without_validation_the_last_epoch_is_the_best(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    result = Trainer(tiny_model(), replace(SHORT, early_stopping=1), tmp_path).fit(tones)
    assert result.best_epoch == 1
    last = load_checkpoint(tmp_path / "last.safetensors").model.state_dict()
    assert same(load_checkpoint(result.best_checkpoint).model.state_dict(), last)
