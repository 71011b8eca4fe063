import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.errors import ConfigError, TrainingError
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

Build = Callable[..., RecognizerModel]
LEARNING = TrainingConfig(epochs=6, learning_rate=0.05, schedule="one_cycle", warmup_fraction=0.3, seed=3)
SHORT = replace(LEARNING, epochs=2, batch_size=16)


class Spy(Trainer):
    """Keep what every step gets and gives."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.batches: list[tuple[Tensor, Tensor]] = []
        self.losses: list[float] = []
        self.gradients: list[float] = []

    def step(self, waveforms: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        self.batches.append((waveforms.clone(), labels.clone()))
        loss, hits = super().step(waveforms, labels, generator)
        self.losses.append(loss.item())
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        self.gradients.append(math.sqrt(sum(g.double().square().sum().item() for g in gradients)))
        return loss, hits


def weights(model: RecognizerModel) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.slow
def test_it_learns_what_tells_the_words_apart(
    tmp_path: Path, tones: ClipSet, unseen_tones: ClipSet, tiny_model: Build
) -> None:
    result = Trainer(tiny_model(), LEARNING, tmp_path).fit(tones, unseen_tones)
    assert result.history[-1].train_loss < 0.7 * result.history[0].train_loss
    logits = predict_logits(load_checkpoint(result.best_checkpoint).model, unseen_tones, device="cpu", batch_size=16)
    accuracy = (logits.argmax(1) == unseen_tones.labels).float().mean().item()
    assert accuracy == pytest.approx(result.best.validation_accuracy)
    assert accuracy > 0.6  # chance: 0.09


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_training_is_the_loop_that_one_would_write_by_hand(
    tmp_path: Path, tones: ClipSet, tiny_model: Build, smoothing: float, clip: float | None
) -> None:
    config = replace(SHORT, epochs=1, schedule="cosine", label_smoothing=smoothing, gradient_clip=clip)
    trainer = Spy(tiny_model(dropout=0.0), config, tmp_path)
    trainer.fit(tones)

    model = tiny_model(dropout=0.0).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
    steps = len(trainer.batches)
    warmup = round(0.3 * steps)
    for number, (waveforms, labels) in enumerate(trainer.batches):
        share = (number - warmup) / (steps - warmup)
        rising = (number + 1) / (warmup + 1)
        optimizer.param_groups[0]["lr"] = 0.05 * (rising if number < warmup else (1 + math.cos(math.pi * share)) / 2)
        logits = model(waveforms)
        truth = torch.full_like(logits, smoothing / 11).scatter_(1, labels[:, None], 1 - smoothing + smoothing / 11)
        loss = -(truth * F.log_softmax(logits, dim=1)).sum(1).mean()
        assert loss.item() == pytest.approx(trainer.losses[number], rel=1e-5)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if clip is not None:
            norm = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).norm()
            for parameter in model.parameters():
                assert parameter.grad is not None
                parameter.grad *= min(1.0, clip / norm.item())
        optimizer.step()
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(trainer.model.state_dict()[name], tensor, rtol=1e-4, atol=1e-6)


def test_the_gradient_is_clipped_to_its_norm(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    free = Spy(tiny_model(), SHORT, tmp_path / "free")
    free.fit(tones)
    bounded = Spy(tiny_model(), replace(SHORT, gradient_clip=0.1), tmp_path / "bounded")
    bounded.fit(tones)
    assert max(free.gradients) > 1
    assert max(bounded.gradients) <= 0.1 + 1e-6
    assert bounded.gradients[0] == pytest.approx(0.1, rel=1e-4)


def test_an_epoch_shows_every_clip_once_in_an_order_of_its_own(
    tmp_path: Path, tones: ClipSet, tiny_model: Build
) -> None:
    trainer = Spy(tiny_model(), replace(SHORT, random_position=False), tmp_path)
    trainer.fit(tones)
    expected = Counter(clip.numpy().tobytes() for clip in tones.batch(range(len(tones))))
    assert len(trainer.batches) == 2 * 6
    epochs = [
        [clip.numpy().tobytes() for x, _ in half for clip in x] for half in (trainer.batches[:6], trainer.batches[6:])
    ]
    assert [Counter(epoch) for epoch in epochs] == [expected, expected]
    assert epochs[0] != epochs[1]
    label_of = {clip.numpy().tobytes(): label for clip, label in zip(tones.batch(range(88)), tones.labels, strict=True)}
    assert all(
        label_of[clip.numpy().tobytes()] == label for x, y in trainer.batches for clip, label in zip(x, y, strict=True)
    )


def test_random_positions_and_speeds_change_the_clips_each_epoch(
    tmp_path: Path, tones: ClipSet, tiny_model: Build
) -> None:
    trainer = Spy(tiny_model(), replace(SHORT, speed_factors=(0.9, 1.0, 1.1)), tmp_path)
    trainer.fit(tones)
    epochs = [torch.cat([x for x, _ in half]) for half in (trainer.batches[:6], trainer.batches[6:])]
    shown = [{clip.numpy().tobytes() for clip in epoch} for epoch in epochs]
    assert len(shown[0]) == len(shown[1]) == len(tones)
    assert len(shown[0] & shown[1]) < len(tones) / 4
    lengths = {int((clip != 0).sum()) for clip in epochs[0]}
    assert min(lengths) < min(map(len, tones.waveforms)) < max(map(len, tones.waveforms)) < max(lengths)


def test_a_last_batch_of_one_clip_is_left_out(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    trainer = Spy(tiny_model(), replace(SHORT, epochs=1, batch_size=29), tmp_path)  # 88 = 3 * 29 + 1
    trainer.fit(tones)
    assert [len(y) for _, y in trainer.batches] == [29, 29, 29]


def test_the_seed_decides_everything_and_the_callers_random_numbers_are_left_alone(
    tmp_path: Path, tones: ClipSet, tiny_model: Build
) -> None:
    config = replace(SHORT, spec_augment=SpecAugment(), speed_factors=(0.9, 1.1))

    def train(name: str, config: TrainingConfig) -> dict[str, Tensor]:
        state = torch.random.get_rng_state()
        trainer = Trainer(tiny_model(), config, tmp_path / name)
        trainer.fit(tones)
        trainer.fit(tones, resume=True)
        assert torch.equal(torch.random.get_rng_state(), state)
        return weights(trainer.model)

    first = train("first", config)
    torch.rand(5)
    assert same(train("again", config), first)
    assert not same(train("other", replace(config, seed=4)), first)
    assert not same(train("plain", replace(config, spec_augment=None)), first)


def test_mixed_precision_does_nothing_on_a_cpu(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    trained = []
    for flag in (True, False):
        trainer = Trainer(tiny_model(), replace(SHORT, mixed_precision=flag), tmp_path / str(flag))
        trainer.fit(tones)
        trained.append(weights(trainer.model))
    assert same(*trained)


def test_a_step_can_be_replaced(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    class Idle(Trainer):
        def step(self, _waveforms: Tensor, labels: Tensor, _generator: torch.Generator) -> tuple[Tensor, Tensor]:
            return torch.tensor(2.5), (labels == 0).sum()

    model = tiny_model()
    start = weights(model)
    record = Idle(model, SHORT, tmp_path).fit(tones).history[-1]
    assert record.train_loss == 2.5
    assert record.train_accuracy == pytest.approx(1 / 11)
    assert (record.validation_loss, record.validation_accuracy) == (None, None)
    assert same(weights(model), start)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    model = tiny_model()
    torch.nn.init.constant_(model.get_parameter("classifier.head.3.bias"), math.nan)
    with pytest.raises(TrainingError, match=r"the loss of epoch 1 is nan; lower learning_rate or set gradient_clip$"):
        Trainer(model, SHORT, tmp_path).fit(tones)
    assert not (tmp_path / "last.safetensors").exists()


def test_what_cannot_be_trained_is_refused_at_once(tmp_path: Path, tones: ClipSet, tiny_model: Build) -> None:
    one = replace(tones, utterances=tones.utterances[:1], labels=tones.labels[:1], waveforms=tones.waveforms[:1])
    with pytest.raises(TrainingError, match="training needs at least 2 clips, got 1"):
        Trainer(tiny_model(), SHORT, tmp_path).fit(one)
    with pytest.raises(TrainingError, match="the model works at 8000 Hz, the clips have 16000 Hz"):
        Trainer(tiny_model(), SHORT, tmp_path).fit(tones, replace(tones, sample_rate=16000))
    with pytest.raises(ConfigError, match=r"unknown freeze plan 'all_but_heat'.*did you mean 'all_but_head'"):
        Trainer(tiny_model(), replace(SHORT, unfreeze=((1, "all_but_heat"),)), tmp_path).fit(tones)
    assert not list(tmp_path.iterdir())
