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
from torch import Tensor, nn

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
from aurora_resnet.training.synchronized_norm import synchronized_norms
from aurora_resnet.training.trainer import Trainer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")

#: Of weights and losses after eight steps, beside values of about 1: sums in another order.
TOLERANCE = 2e-5
CONFIG = TrainingConfig(
    epochs=2, batch_size=23, learning_rate=0.02, gradient_clip=1.0, weight_average=0.9, speed_factors=(0.9, 1.0, 1.1),
    spec_augment=SpecAugment(probability=1.0, time_width=4, frequency_width=4), schedule="one_cycle", seed=5,
)  # fmt: skip


def model() -> RecognizerModel:
    """A network with BatchNorms and without dropout, whose masks would be others."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        options = {"widths": (4, 6, 6, 8), "blocks": (1, 1, 1), "dropout": 0.0}
        mel = MelConfig(sample_rate=8000, n_mels=16)
        return RecognizerModel(RecognizerConfig("compact", mel, options=options, clip_seconds=0.25))


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
    """Compare weights, BatchNorm statistics, optimiser, average and curve."""
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


def test_norms_of_two_processes_are_those_of_one_to_the_gradients(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    values = 3 + 2 * torch.randn(7, 4, 5, 3, generator=generator)
    wanted = torch.randn(7, 4, 5, 3, generator=generator)

    def norm() -> nn.BatchNorm2d:
        made = nn.BatchNorm2d(4)
        nn.init.uniform_(made.weight, generator=torch.Generator().manual_seed(1))
        return made

    alone, whole = norm(), values.clone().requires_grad_()
    answer = alone(whole)
    (answer * wanted).sum().backward()
    assert alone.weight.grad is not None
    assert alone.bias.grad is not None
    assert whole.grad is not None

    def half(rank: int) -> None:
        ranks = Ranks.join(torch.device("cpu"))
        mine = ranks.share(len(values))
        shared, part = norm(), values[mine].clone().requires_grad_()
        with synchronized_norms(shared, ranks.count):
            noted = shared(part)
            (noted * wanted[mine]).sum().backward()
        torch.save([noted.detach(), part.grad, shared.weight.grad, shared.bias.grad, shared.state_dict()],
                   tmp_path / str(rank))  # fmt: skip

    together(2, half)
    parts = [torch.load(tmp_path / str(rank)) for rank in range(2)]
    torch.testing.assert_close(torch.cat([part[0] for part in parts]), answer.detach())
    torch.testing.assert_close(torch.cat([part[1] for part in parts]), whole.grad)
    torch.testing.assert_close(parts[0][2] + parts[1][2], alone.weight.grad)
    torch.testing.assert_close(parts[0][3] + parts[1][3], alone.bias.grad)
    for part in parts:
        for name, tensor in alone.state_dict().items():
            torch.testing.assert_close(part[4][name], tensor)


@pytest.mark.parametrize(("length", "count"), [(10, 3), (2, 4), (7, 1), (64, 8)])
def test_shares_are_the_whole_and_nearly_equal(length: int, count: int) -> None:
    shares = [range(length)[Ranks(rank, count).share(length)] for rank in range(count)]
    assert [row for share in shares for row in share] == list(range(length))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
