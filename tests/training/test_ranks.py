"""Two processes train as one does with the same batches: the same curve and weights, but for rounding.

Processes are forked and meet by Gloo, as ``torchrun`` lets them meet: by its environment variables.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.noisy import NoisyClips
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import EpochRecord, read_history
from aurora_resnet.training.ranks import Ranks
from aurora_resnet.training.state import HISTORY, LAST
from aurora_resnet.training.trainer import Trainer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")

#: Of weights and losses after eight steps, beside values of about 1: sums in another order.
TOLERANCE = 2e-5
CONFIG = TrainingConfig(
    epochs=2, batch_size=23, learning_rate=0.02, gradient_clip=1.0, weight_average=0.9, speed_factors=(0.9, 1.0, 1.1),
    spec_augment=SpecAugment(probability=1.0, time_width=4, frequency_width=4), schedule="one_cycle", seed=5,
)  # fmt: skip


def model(name: str = "lstm", **options: object) -> RecognizerModel:
    """A network without dropout, whose masks would be others, and, unless named, without BatchNorms."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        options = {"dropout": 0.0, **(options or {"cells": 8, "hidden": 8})}
        mel = MelConfig(sample_rate=8000, n_mels=16)
        return RecognizerModel(RecognizerConfig(name, mel, options=options, clip_seconds=0.25))


def together(count: int, work: Callable[[int], None]) -> None:
    """Do work in several processes that meet; all of them must end well."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])

    def run(rank: int) -> None:
        os.environ |= {"WORLD_SIZE": str(count), "RANK": str(rank), "LOCAL_RANK": str(rank)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        torch.set_num_threads(1)
        work(rank)
        torch.distributed.destroy_process_group()

    processes = [multiprocessing.get_context("fork").Process(target=run, args=(rank,)) for rank in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
    assert [process.exitcode for process in processes] == [0] * count


def end(folder: Path) -> tuple[dict[str, Tensor], list[EpochRecord], dict[str, Tensor]]:
    last = load_checkpoint(folder / LAST)
    return dict(last.model.state_dict()), read_history(folder / HISTORY), dict(last.state)


def assert_same(one: Path, other: Path) -> None:
    """Compare weights, optimiser, average and curve."""
    (weights, curve, state), (weights_too, curve_too, state_too) = end(one), end(other)
    assert weights.keys() == weights_too.keys()
    assert state.keys() == state_too.keys()
    for name in weights:
        torch.testing.assert_close(weights[name], weights_too[name], atol=TOLERANCE, rtol=TOLERANCE, msg=name)
    for name in state:
        torch.testing.assert_close(state[name], state_too[name], atol=10 * TOLERANCE, rtol=1e-3, msg=name)
    for a, b in zip(curve, curve_too, strict=True):
        assert (a.train_loss, a.validation_loss) == pytest.approx((b.train_loss, b.validation_loss), abs=TOLERANCE)
        right, right_too = (a.train_accuracy, a.validation_accuracy), (b.train_accuracy, b.validation_accuracy)
        assert right == pytest.approx(right_too, abs=1e-6)  # the same clips
        assert (a.learning_rate, a.freeze_plan) == (b.learning_rate, b.freeze_plan)


def test_two_processes_train_as_one(tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet) -> None:
    config = replace(CONFIG, freeze="all_but_head", unfreeze=((1, "none"),))  # 88 clips: 23, 23, 23 and 19
    Trainer(model(), config, tmp_path / "one").fit(tones, unseen_tones)
    together(2, lambda _: void(Trainer(model(), config, tmp_path / "two").fit(tones, unseen_tones)))
    assert_same(tmp_path / "one", tmp_path / "two")


def void(_result: object) -> None:
    """Take a result."""


def test_a_training_goes_on_with_another_number_of_processes(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet
) -> None:
    """Fresh noise too, of which each process makes its part."""
    noise = {"tone": torch.sin(torch.arange(16000) * 0.7).numpy()}
    noisy = NoisyClips(tones, noise, [10, 5], seed=1)
    Trainer(model(), CONFIG, tmp_path / "one").fit(noisy, unseen_tones)

    class Stops(Trainer):
        def run_epoch(self, variants: ClipSet, clips: int, epoch: int, validation: ClipSet | None) -> EpochRecord:
            if epoch == 1:
                raise KeyboardInterrupt
            return super().run_epoch(variants, clips, epoch, validation)

    def first_epoch(_rank: int) -> None:
        with pytest.raises(KeyboardInterrupt):
            Stops(model(), CONFIG, tmp_path / "two").fit(noisy, unseen_tones)

    together(2, first_epoch)
    assert len(end(tmp_path / "two")[1]) == 1
    together(3, lambda _: void(Trainer(model(), CONFIG, tmp_path / "two").fit(noisy, unseen_tones, resume=True)))
    assert_same(tmp_path / "one", tmp_path / "two")


def test_networks_with_batch_norms_stay_the_same_in_all_processes(tmp_path: Path, tones: ClipSet) -> None:
    options = {"widths": (4, 6, 6, 8), "blocks": (1, 1, 1)}

    def trained(rank: int) -> None:
        network = model("compact", **options)
        Trainer(network, CONFIG, tmp_path / "two").fit(tones)
        torch.save(dict(network.named_parameters()), tmp_path / str(rank))

    together(2, trained)
    one, other = (torch.load(tmp_path / str(rank)) for rank in range(2))
    torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert any(not torch.equal(one[name], start) for name, start in model("compact", **options).named_parameters())


@pytest.mark.parametrize(("length", "count"), [(10, 3), (2, 4), (7, 1), (64, 8)])
def test_shares_are_the_whole_and_nearly_equal(length: int, count: int) -> None:
    shares = [range(length)[Ranks(rank, count).share(length)] for rank in range(count)]
    assert [row for share in shares for row in share] == list(range(length))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
