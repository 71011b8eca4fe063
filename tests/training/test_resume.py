import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.checkpoint_file import read_file, write_file
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.cli.app import run
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import TrainingError
from aurora_resnet.training import state
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import EpochRecord, TrainingResult
from aurora_resnet.training.trainer import Trainer

Build = Callable[..., RecognizerModel]
FILES = ("last.safetensors", "best.safetensors")
# Everything random is on: order, position, speed, masks, dropout.
CONFIG = TrainingConfig(
    epochs=4,
    batch_size=16,
    learning_rate=0.03,
    schedule="one_cycle",
    label_smoothing=0.05,
    gradient_clip=1.0,
    freeze="all_but_head",
    unfreeze=((1, "none"),),
    seed=5,
    speed_factors=(0.9, 1.0, 1.1),
    spec_augment=SpecAugment(),
)


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


class Killed(BaseException):
    pass


@pytest.fixture(scope="module")
def wholes(
    tmp_path_factory: pytest.TempPathFactory, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> Callable[[str], tuple[Path, TrainingResult]]:
    """Return a training that nothing broke off, by its optimiser, each trained once."""

    @cache
    def train(optimizer: str) -> tuple[Path, TrainingResult]:
        folder = tmp_path_factory.mktemp(optimizer)
        return folder, Trainer(tiny_model(), replace(CONFIG, optimizer=optimizer), folder).fit(tones, unseen_tones)

    return train


@pytest.mark.parametrize(
    ("optimizer", "moment"),
    [*(("sgd", m) for m in ("first step", "after the best", "before the last")), ("adamw", "third epoch")],
)
def test_wherever_a_training_breaks_off_it_ends_the_same(
    tmp_path: Path,
    tones: ClipSet,
    unseen_tones: ClipSet,
    tiny_model: Build,
    monkeypatch: pytest.MonkeyPatch,
    wholes: Callable[[str], tuple[Path, TrainingResult]],
    optimizer: str,
    moment: str,
) -> None:
    config = replace(CONFIG, optimizer=optimizer)
    (folder, whole), saves = wholes(optimizer), 0

    def failing_save(path: Path, *args: object, **options: object) -> None:
        nonlocal saves
        saves += 1
        if saves == 4 and moment == "before the last":
            raise Killed
        save_checkpoint(path, *args, **options)  # type: ignore[arg-type]
        if saves == 3 and moment == "after the best":
            raise Killed

    class Breaking(Trainer):
        count = 0

        def step(self, *args: object) -> tuple[Tensor, Tensor]:
            self.count += 1
            if (moment, self.count) in (("first step", 1), ("third epoch", 2 * 6 + 4)):
                raise Killed
            return super().step(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(state, "save_checkpoint", failing_save)
    with pytest.raises(Killed):
        Breaking(tiny_model(), config, tmp_path / "broken").fit(tones, unseen_tones)
    monkeypatch.undo()
    resumed = Trainer(tiny_model(), config, tmp_path / "broken").fit(tones, unseen_tones, resume=True)
    assert contents(tmp_path / "broken") == contents(folder)
    assert resumed.best_epoch == whole.best_epoch
    timeless = [
        [replace(record, seconds=0, clips_per_second=0) for record in result.history] for result in (resumed, whole)
    ]
    assert timeless[0] == timeless[1]


def test_a_finished_training_is_not_trained_again(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    config = replace(CONFIG, epochs=2)
    first = Trainer(tiny_model(), config, tmp_path).fit(tones)
    before = contents(tmp_path)
    again = Trainer(tiny_model(seed=9), config, tmp_path)
    assert again.fit(tones, resume=True) == first
    assert contents(tmp_path) == before
    last = load_checkpoint(tmp_path / "last.safetensors").model.state_dict()
    assert all(torch.equal(tensor, last[name]) for name, tensor in again.model.state_dict().items())


def test_early_stopping_still_holds_after_a_resume(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> None:
    class Scripted(Trainer):
        accuracies = iter((0.5, 0.4, 0.3))

        def validate(self, clips: ClipSet) -> tuple[float, float]:
            return len(clips) / 2, next(self.accuracies)

    config = replace(CONFIG, epochs=9, early_stopping=2)
    assert len(Scripted(tiny_model(), config, tmp_path).fit(tones, unseen_tones).history) == 3
    assert len(Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones, resume=True).history) == 3


def test_a_folder_that_holds_a_training_is_not_overwritten(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    config = replace(CONFIG, epochs=1)
    Trainer(tiny_model(), config, tmp_path).fit(tones)
    before = contents(tmp_path)
    with pytest.raises(TrainingError, match="already holds a training; resume it or choose another folder"):
        Trainer(tiny_model(), config, tmp_path).fit(tones)
    assert contents(tmp_path) == before


def test_a_second_training_in_a_folder_is_refused_while_the_first_one_works(
    tmp_path: Path, tones: ClipSet, tiny_model: Build
) -> None:
    config = replace(CONFIG, epochs=2)
    refused = []

    class Watched(Trainer):
        def run_epoch(self, *args: object) -> EpochRecord:
            for resume in (False, True):
                with pytest.raises(TrainingError, match=f"another training works in {tmp_path}/run; wait for its end"):
                    Trainer(tiny_model(), config, tmp_path / "run").fit(tones, resume=resume)
                refused.append(resume)
            return super().run_epoch(*args)  # type: ignore[arg-type]

    Watched(tiny_model(), config, tmp_path / "run").fit(tones)
    Trainer(tiny_model(), config, tmp_path / "alone").fit(tones)
    assert refused == [False, True] * 2
    assert contents(tmp_path / "run") == contents(tmp_path / "alone")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted((*FILES, "history.jsonl"))


def test_what_a_killed_training_left_is_gone_when_the_resumed_one_ends(
    tmp_path: Path, tones: ClipSet, tiny_model: Build
) -> None:
    killed = """
import os, sys
from aurora_resnet.files import atomic_path, locked_folder
out = sys.argv[1]
with locked_folder(out, ValueError()), atomic_path(out + "/last.safetensors") as temporary:
    temporary.write_text("half a checkpoint")
    os.kill(os.getpid(), 9)
"""
    config = replace(CONFIG, epochs=1)
    subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False)
    assert {path.name for path in tmp_path.iterdir()} == {".lock", ".last.partial.safetensors"}
    Trainer(tiny_model(), config, tmp_path).fit(tones, resume=True)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, "history.jsonl"}


def test_a_resumed_training_must_be_the_same_training(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> None:
    config = replace(CONFIG, epochs=1)
    Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones)
    before = contents(tmp_path)
    louder = replace(tones, waveforms=(2 * tones.waveforms[0], *tones.waveforms[1:]))
    mislabelled = replace(tones, labels=tones.labels.flip(0))
    two = replace(config, epochs=2, seed=7)
    for model, other, train, validation, says in [
        (tiny_model(), two, tones, unseen_tones, "training.epochs was 1, is 2; training.seed was 5, is 7;"),
        (
            tiny_model(),
            replace(config, spec_augment=None),
            tones,
            unseen_tones,
            "training.spec_augment was {'fre.*None",
        ),
        (tiny_model(hidden=17), config, tones, unseen_tones, "options.hidden was 16, is 17;"),
        (tiny_model(), config, louder, unseen_tones, "the clips differ"),
        (tiny_model(), config, mislabelled, unseen_tones, "the clips differ"),
        (tiny_model(), config, tones, None, "the clips differ"),
        (tiny_model(), config, tones, tones, "the clips differ"),
    ]:
        with pytest.raises(TrainingError, match=rf"last\.safetensors belongs to another training: {says}"):
            Trainer(model, other, tmp_path).fit(train, validation, resume=True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("info", [{}, {"epochs": "1"}, {"best_epoch": None}, {"scaler": []}])
def test_a_checkpoint_that_does_not_say_where_it_is_is_refused(
    info: dict[str, object], tmp_path: Path, tones: ClipSet, tiny_model: Build
) -> None:
    config = replace(CONFIG, epochs=1)
    Trainer(tiny_model(), config, tmp_path).fit(tones)
    last = load_checkpoint(tmp_path / "last.safetensors")
    kept = {**last.info, **info} if info else {"fingerprint": last.info["fingerprint"]}
    save_checkpoint(last.model, tmp_path / "last.safetensors", info=kept, state=last.state)
    with pytest.raises(TrainingError, match=r"last\.safetensors is damaged"):
        Trainer(tiny_model(), config, tmp_path).fit(tones, resume=True)


def test_an_optimiser_that_cannot_be_restored_is_refused(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    config = replace(CONFIG, epochs=1)
    Trainer(tiny_model(), config, tmp_path).fit(tones)
    last = load_checkpoint(tmp_path / "last.safetensors")
    save_checkpoint(last.model, tmp_path / "last.safetensors", info=last.info, state={"optimizer.x": torch.zeros(1)})
    with pytest.raises(TrainingError, match="its optimiser cannot be restored"):
        Trainer(tiny_model(), config, tmp_path).fit(tones, resume=True)


def test_a_history_that_lost_epochs_is_noticed(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    config = replace(CONFIG, epochs=2)
    Trainer(tiny_model(), config, tmp_path).fit(tones)
    history = tmp_path / "history.jsonl"
    history.write_text(history.read_text().splitlines()[0] + "\n")
    with pytest.raises(TrainingError, match=r"history\.jsonl has 1 epochs, .*last\.safetensors has 2"):
        Trainer(tiny_model(), config, tmp_path).fit(tones, resume=True)


def test_resuming_where_nothing_was_trained_starts_anew(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    config = replace(CONFIG, epochs=1)
    Trainer(tiny_model(), config, tmp_path / "new").fit(tones, resume=True)
    Trainer(tiny_model(), config, tmp_path / "plain").fit(tones)
    assert contents(tmp_path / "new") == contents(tmp_path / "plain")


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, Tensor]], object]) -> None:
    header, tensors = read_file(path)
    change(header, tensors)
    write_file(header, tensors, path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _nan(_: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    next(tensor for name, tensor in tensors.items() if name.startswith("model.classifier")).fill_(torch.nan)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "half": _half,
    "a folder": _folder,
    "not finite": lambda path: _rewritten(path, _nan),
    "no epochs": lambda path: _rewritten(path, lambda header, _: header["info"].pop("epochs")),
    "another fingerprint": lambda path: _rewritten(path, lambda header, _: header["info"].update(fingerprint="")),
    "another network": lambda path: _rewritten(path, lambda header, _: header["config"].update(model="gone")),
    "no optimiser": lambda path: _rewritten(
        path, lambda _, tensors: tensors.update({"state.optimizer.x": torch.zeros(1)})
    ),
}  # fmt: skip


class Scripted(Trainer):
    """Trains as it should; its second epoch is the best."""

    def validate(self, _: ClipSet) -> tuple[float, float]:
        self.validated = getattr(self, "validated", 0) + 1
        return 1.0, 0.9 if self.validated == 2 else 0.5


@pytest.fixture(scope="module")
def scripted(
    tmp_path_factory: pytest.TempPathFactory, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> tuple[Path, TrainingResult]:
    """A training whose second epoch was the best."""
    folder, config = tmp_path_factory.mktemp("scripted"), replace(CONFIG, epochs=4, weight_average=0.9)
    return folder, Scripted(tiny_model(), config, folder).fit(tones, unseen_tones)


@pytest.mark.parametrize("damage", DAMAGE)
def test_where_the_last_checkpoint_is_damaged_the_best_one_is_the_way_out(
    damage: str,
    tmp_path: Path,
    scripted: tuple[Path, TrainingResult],
    tones: ClipSet,
    unseen_tones: ClipSet,
    tiny_model: Build,
) -> None:
    config, first = replace(CONFIG, epochs=4, weight_average=0.9), scripted[1]
    shutil.copytree(scripted[0], tmp_path, dirs_exist_ok=True)
    best = load_checkpoint(tmp_path / "best.safetensors").model.state_dict()
    DAMAGE[damage](tmp_path / "last.safetensors")
    with pytest.raises(
        TrainingError,
        match=rf"(?s)last\.safetensors.*the newest good file, {tmp_path}/best\.safetensors of epoch 2 "
        rf'\(--resume-from-best, resume="best"\), or choose another folder, or remove {tmp_path} to begin anew',
    ):
        Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones, resume=True)
    seen: list[dict[str, Tensor]] = []

    class Watched(Trainer):
        def run_epoch(self, *args: Any) -> EpochRecord:
            seen.append({name: tensor.clone() for name, tensor in self.model.state_dict().items()})
            return super().run_epoch(*args)

    if damage == "a folder":
        (tmp_path / "last.safetensors").rmdir()
    result = Watched(tiny_model(seed=3), config, tmp_path).fit(tones, unseen_tones, resume="best")
    assert result.history[:2] == first.history[:2]
    assert [record.epoch for record in result.history] == [0, 1, 2, 3]
    assert len(seen) == 2
    assert all(torch.equal(seen[0][name], tensor) for name, tensor in best.items())
    # From then on everything is as usual.
    assert Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones, resume=True).history == result.history


def test_where_no_checkpoint_is_good_it_says_so(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> None:
    config = replace(CONFIG, epochs=1)
    with pytest.raises(TrainingError, match=r"has no best\.safetensors to go on from; begin anew in another folder"):
        Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones, resume="best")
    Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones)
    for name in FILES:
        _half(tmp_path / name)
    for resume, name in ((True, "last"), ("best", "best")):
        with pytest.raises(
            TrainingError, match=rf"{name}\.safetensors is no readable .*; choose another folder, or rem"
        ):
            Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones, resume=resume)  # type: ignore[arg-type]


def test_a_damaged_line_of_the_history_costs_the_epochs_after_the_best(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> None:
    config = replace(CONFIG, epochs=4)
    Scripted(tiny_model(), config, tmp_path).fit(tones, unseen_tones)
    lines = (tmp_path / "history.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "history.jsonl").write_bytes(b"".join([*lines[:3], b"\xff\xfe{\n"]))
    with pytest.raises(TrainingError, match=r"line 4: not an epoch record.*the newest good file, .*of epoch 2"):
        Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones, resume=True)
    assert len(Trainer(tiny_model(), config, tmp_path).fit(tones, unseen_tones, resume="best").history) == 4


def test_the_command_goes_on_from_the_best_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("""
model = "cnn"
options = { hidden = 4 }
[mel]
sample_rate = 8000
n_mels = 8
[data]
train = [{ corpus = "samples:", split = "train", where = { engine = "flite" }, validation_share = 0.3 }]
[training]
epochs = 1
""")
    command = ["train", "--config", str(tmp_path / "a.toml"), "--out", str(tmp_path / "run")]
    assert run(command) == 0
    _half(tmp_path / "run" / "last.safetensors")
    with pytest.raises(TrainingError, match="--resume-from-best"):
        run([*command, "--resume"])
    assert run([*command, "--resume-from-best"]) == 0
