"""``Trainer``: fit -> epoch -> step, each one screen and each replaceable in a subclass."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.corpora.clip_set import ClipSet
from aurora_resnet.corpora.noisy_training import NoisyTrainingCorpus
from aurora_resnet.errors import TrainingError
from aurora_resnet.inference import predict_logits
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import EpochRecord
from aurora_resnet.training.optimization import build_optimizer, rate_factor, set_rates
from aurora_resnet.training.state import BEST, LAST, TrainingState
from aurora_resnet.training.tensorboard import write_scalars

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingResult:
    """What a training gave: the epochs, the best of them, and where its weights are."""

    history: tuple[EpochRecord, ...]
    best_epoch: int
    best_checkpoint: Path
    seconds: float

    @property
    def best(self) -> EpochRecord:
        """Return the best epoch's record."""
        return self.history[self.best_epoch]


class Trainer:
    """Train a recogniser's network on clips in memory.

    All randomness of epoch ``e`` (order, positions, speeds, masks, dropout) comes from ``(seed, e)``, so a training
    that was killed and resumed ends with the very weights of one that was not, on the same machine with the same
    number of threads. Each epoch ends with an atomic write of ``last.safetensors``; the best epoch by validation
    accuracy (then loss) is kept in ``best.safetensors``.

    Args:
        model: the network; it is moved to the device and trained in place.
        config: how to train.
        out: folder for checkpoints and history.
        device: ``"cpu"``, ``"cuda"`` ...
        progress: show a bar on a terminal.
    """

    def __init__(
        self,
        model: RecognizerModel,
        config: TrainingConfig,
        out: str | Path,
        *,
        device: str | torch.device = "cpu",
        progress: bool = False,
    ) -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device)
        self.config = config
        self.out = Path(out)
        self.progress = progress
        self.optimizer = build_optimizer(model.classifier, config)
        self.amp = config.mixed_precision and self.device.type == "cuda"
        self.scaler = torch.amp.grad_scaler.GradScaler(self.device.type, enabled=self.amp)
        self.bar: tqdm[Any] | None = None

    def fit(
        self, train: ClipSet | NoisyTrainingCorpus, validation: ClipSet | None = None, *, resume: bool = False
    ) -> TrainingResult:
        """Train for ``config.epochs`` epochs or until early stopping.

        Args:
            train: clips to learn from, the same ones in every epoch or with fresh noise in each.
            validation: clips of other speakers that choose the best epoch; never test data. Without them the last
                epoch counts as the best.
            resume: go on from ``out/last.safetensors`` if there is one.

        Raises:
            TrainingError: if the folder holds a training and ``resume`` is off, if the resumed training had another
                configuration or other clips, if there are fewer clips than a batch needs, if they have another sample
                rate than the model, or if the loss is not finite.
            ConfigError: if the model has no such freeze plan.
        """
        noisy = train if isinstance(train, NoisyTrainingCorpus) else None
        clean = train.clips if isinstance(train, NoisyTrainingCorpus) else train
        if len(clean) < 2:
            raise TrainingError(f"training needs at least 2 clips, got {len(clean)}")
        rate = self.model.config.mel.sample_rate
        for clips in (clean, validation):
            if clips is not None and clips.sample_rate != rate:
                raise TrainingError(f"the model works at {rate} Hz, the clips have {clips.sample_rate} Hz")
        for _, plan in ((0, self.config.freeze), *self.config.unfreeze):
            self.model.classifier.freeze(plan)  # an unknown name shows now, not epochs later
        state = TrainingState(self.out, self.model, self.config, self.optimizer, self.scaler)
        # The noise of the first epoch stands for all: it follows from the noises, the SNRs and their seed.
        state.begin(clean if noisy is None else noisy.epoch(0), validation, resume=resume)
        speeds = self.config.speed_factors
        variants = clean if noisy is not None else clean.with_speeds(speeds)  # noisy ones are made epoch by epoch
        steps = self.steps_per_epoch(clean) * self.config.epochs
        done = len(state.history) * self.steps_per_epoch(clean)
        with tqdm(total=steps, initial=done, unit="step", disable=None if self.progress else True) as self.bar:
            while len(state.history) < self.config.epochs and not state.should_stop(self.config.early_stopping):
                epoch = len(state.history)
                if noisy is not None:
                    variants = noisy.epoch(epoch).with_speeds(speeds)
                record = self.run_epoch(variants, len(clean), epoch, validation)
                state.finish_epoch(record)
                logger.info("%s", record.describe(self.config.epochs))
                if self.config.tensorboard:
                    write_scalars(self.out / "tensorboard", record)
        self.bar = None
        return TrainingResult(
            tuple(state.history), state.best_epoch, self.out / BEST, sum(r.seconds for r in state.history)
        )

    def run_epoch(self, variants: ClipSet, clips: int, epoch: int, validation: ClipSet | None) -> EpochRecord:
        """Run one epoch and validate.

        Args:
            variants: the training clips at all speeds (``ClipSet.with_speeds``).
            clips: how many clips one speed has, and so the epoch.
            epoch: counted from 0.
            validation: clips to validate on.
        """
        plan = self.config.freeze_plan(epoch)
        self.model.classifier.freeze(plan)
        self.model.train()
        steps = self.steps_per_epoch(variants, clips)
        loss_sum = torch.zeros((), device=self.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        seen = 0
        started = time.perf_counter()
        with self._seeded(epoch) as generator:
            for number, indices in enumerate(self._order(len(variants), clips, generator)):
                set_rates(self.optimizer, rate_factor(epoch * steps + number, self.config.epochs * steps, self.config))
                rows = indices.tolist()
                positions = torch.rand(len(rows), generator=generator).tolist() if self.config.random_position else None
                waveforms = variants.batch(rows, positions).to(self.device, non_blocking=True)
                labels = variants.labels[indices].to(self.device, non_blocking=True)
                loss, hits = self.step(waveforms, labels, generator)
                loss_sum += loss * len(rows)
                correct += hits
                seen += len(rows)
                self._show(epoch, loss_sum, correct, seen, started)
        seconds = time.perf_counter() - started
        train_loss = loss_sum.item() / seen
        if not np.isfinite(train_loss):
            kept = f" (the state before this epoch is kept in {self.out / LAST})" if epoch else ""
            raise TrainingError(
                f"the loss of epoch {epoch + 1} is {train_loss}; lower learning_rate or set gradient_clip{kept}"
            )
        validation_loss, validation_accuracy = self.validate(validation) if validation else (None, None)
        return EpochRecord(
            epoch=epoch,
            train_loss=train_loss,
            train_accuracy=correct.item() / seen,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            freeze_plan=plan,
            seconds=seconds,
            clips_per_second=seen / seconds,
        )

    def step(self, waveforms: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Take one step of the optimiser.

        Args:
            waveforms: ``[B, N]`` on the device.
            labels: ``[B]`` on the device.
            generator: for augmentation.

        Returns:
            Mean loss of the batch (detached) and number of correct clips, both on the device.
        """
        augment: SpecAugment | None = self.config.spec_augment
        with torch.autocast(self.device.type, dtype=torch.float16, enabled=self.amp):
            with torch.no_grad():
                features = self.model.frontend(waveforms)
                if augment is not None:
                    features = augment.apply(features, augment.sample(features.shape, generator))
            logits = self.model.classifier(features)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=self.config.label_smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.config.gradient_clip is not None:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.gradient_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach(), (logits.detach().argmax(dim=1) == labels).sum()

    def validate(self, clips: ClipSet) -> tuple[float, float]:
        """Return mean cross-entropy and accuracy on clips."""
        logits = predict_logits(self.model, clips, device=self.device, batch_size=64)
        accuracy = (logits.argmax(dim=1) == clips.labels).float().mean().item()
        return F.cross_entropy(logits, clips.labels).item(), accuracy

    def steps_per_epoch(self, clips: ClipSet, count: int | None = None) -> int:
        """Return how many batches an epoch has; a last batch of one clip is left out (BatchNorm needs two)."""
        count = len(clips) if count is None else count
        full, rest = divmod(count, self.config.batch_size)
        return full + (rest > 1)

    @contextlib.contextmanager
    def _seeded(self, epoch: int) -> Iterator[torch.Generator]:
        """Seed everything random in an epoch; torch's global generator (dropout) gets its former state back."""
        seeds = np.random.SeedSequence([self.config.seed, epoch]).generate_state(2)
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(int(seeds[0]))
            yield torch.Generator().manual_seed(int(seeds[1]))

    def _order(self, variants: int, clips: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield the indices of each batch: every clip once, at a random speed."""
        speeds = torch.randint(0, variants // clips, (clips,), generator=generator)
        order = torch.randperm(clips, generator=generator)
        for batch in (order + clips * speeds[order]).split(self.config.batch_size):  # type: ignore[no-untyped-call]
            if len(batch) > 1:
                yield batch

    def _show(self, epoch: int, loss_sum: Tensor, correct: Tensor, seen: int, started: float) -> None:
        if self.bar is None:
            return
        # Reading a number off a GPU waits for it, so only when the bar is drawn anyway.
        if not self.bar.disable and time.monotonic() - getattr(self, "_shown", 0.0) > 0.5:
            self._shown = time.monotonic()
            self.bar.set_description(f"epoch {epoch + 1}/{self.config.epochs}", refresh=False)
            self.bar.set_postfix(
                loss=f"{loss_sum.item() / seen:.3f}",
                accuracy=f"{100 * correct.item() / seen:.1f}%",
                clips_per_s=f"{seen / (time.perf_counter() - started):.0f}",
            )
        self.bar.update()
