"""``Trainer``: fit -> epoch -> step. What is learnt is its ``Objective``."""

import logging
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm.asyncio import tqdm

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.source import ClipSource, PartialSource
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.files import locked_folder
from aurora_resnet.models.load_report import LoadReport
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.progress import progress_bar
from aurora_resnet.runtime.errors import ConfigError, TrainingError
from aurora_resnet.training.callbacks import Callback, configured_callbacks
from aurora_resnet.training.choices import OptimizerBuilder, Schedule, find_schedule
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.epochs import epoch_batches, seeded_epoch, steps_per_epoch
from aurora_resnet.training.fine_tuning import take_weights
from aurora_resnet.training.history import EpochRecord, TrainingResult
from aurora_resnet.training.objective import Objective
from aurora_resnet.training.optimization import build_optimizer, set_rates
from aurora_resnet.training.ranks import Ranks, local_device
from aurora_resnet.training.state import BEST, LAST, Resume, TrainingState, folder_taken
from aurora_resnet.training.tally import Tally
from aurora_resnet.training.word_objective import WordObjective

logger = logging.getLogger(__name__)


class Trainer:
    """Train a recogniser's network on clips in memory.

    All randomness of epoch ``e`` (order, positions, speeds, masks, dropout) comes from ``(seed, e)``, so a training
    that was killed and resumed ends with the very weights of one that was not, on the same machine with the same
    number of threads. Each epoch ends with an atomic write of ``last.safetensors``; the best epoch by validation
    accuracy (then loss) is kept in ``best.safetensors``.

    Under ``torchrun`` several processes share each batch, see ``ranks``; the first one writes.

    Args:
        model: the network; it is moved to the device and trained in place.
        config: how to train.
        out: folder for checkpoints and history.
        device: ``"cpu"``, ``"cuda"`` ...
        progress: show a bar on a terminal, lines elsewhere.
        objective: what is learnt; by default single words, from a teacher with ``WordObjective(teacher)``.
        init: what the network begins with: a shipped name, a checkpoint's path, or a checkpoint; the head of other
            words stays new. ``load_report`` then says what was taken.
        optimizer: builds the optimiser instead of ``config.optimizer``.
        schedule: gives the learning rate instead of ``config.schedule``.
        callbacks: look at each step and epoch, and may stop the training.
        compile: let ``torch.compile`` write the network's kernels, with a C++ compiler. Results differ by rounding.
    """

    load_report: LoadReport | None = None

    @float32_on_cpu()
    def __init__(
        self,
        model: RecognizerModel,
        config: TrainingConfig,
        out: str | Path,
        *,
        device: str | torch.device = "cpu",
        progress: bool = False,
        objective: Objective | None = None,
        init: str | Path | Checkpoint | None = None,
        optimizer: OptimizerBuilder | None = None,
        schedule: Schedule | None = None,
        callbacks: Sequence[Callback] = (),
        compile: bool = False,
    ) -> None:
        if init is not None:
            self.load_report = take_weights(model, init)
        self.device = local_device(torch.device(device))
        self.ranks = Ranks.join(self.device)
        self.model = model.to(self.device)
        self.config = config
        self.out = Path(out)
        self.progress = progress and self.ranks.first
        self.optimizer = build_optimizer(model.classifier, config, optimizer)
        self.schedule = schedule or find_schedule(config.schedule, config.warmup_fraction)
        self.callbacks = (*callbacks, *configured_callbacks(config))
        half = config.mixed_precision and self.device.type == "cuda" and not config.bfloat16
        self.precision = torch.float16 if half else torch.bfloat16 if config.bfloat16 else torch.float32
        self.scaler = torch.amp.grad_scaler.GradScaler(self.device.type, enabled=half)
        self.average: AveragedModel | None = None
        if config.weight_average is not None:
            decay = get_ema_multi_avg_fn(config.weight_average)  # type: ignore[no-untyped-call]
            self.average = AveragedModel(self.model, multi_avg_fn=decay, use_buffers=True)
        self.network: nn.Module = self.model.classifier  # what computes it in an epoch: the same weights
        if compile and self.ranks.count > 1:
            raise ConfigError("compile is for one process; leave it out under torchrun")
        self.compiled: Any = torch.compile(self.model.classifier) if compile else None
        self.batch = slice(0, 0), 0  # which clips of the batch are this process's, and how many there are
        self.rejects = False
        self.bar: tqdm[Any] | None = None
        self.objective = WordObjective() if objective is None else objective
        self.objective.begin(self)

    @float32_on_cpu()
    def fit(
        self, train: ClipSet | ClipSource, validation: ClipSet | None = None, *, resume: Resume = False
    ) -> TrainingResult:
        """Train for ``config.epochs`` epochs or until early stopping.

        Args:
            train: clips to learn from, the same ones in every epoch or fresh ones in each (``NoisyClips``,
                ``AugmentedClips``). A label equal to the number of words stands for none of them.
            validation: clips of other speakers that choose the best epoch; never test data. Without them the last
                epoch counts as the best.
            resume: go on from ``out/last.safetensors`` if there is one. Where it is damaged, ``"best"`` goes on from
                ``out/best.safetensors``, with a new optimiser, so the weights will be others.

        Raises:
            TrainingError: if another training works in the folder, if it holds one and ``resume`` is off, if the
                resumed one is damaged or had another configuration or other clips, if there are fewer clips than a
                batch needs, if they have another sample rate than the model, or if the loss is not finite.
            ConfigError: if the model has no such freeze plan.
        """
        if len(train) < 2:
            raise TrainingError(f"training needs at least 2 clips, got {len(train)}")
        rate = self.model.config.mel.sample_rate
        for clips in (train, validation):
            if clips is not None and clips.sample_rate != rate:
                raise TrainingError(f"the model works at {rate} Hz, the clips have {clips.sample_rate} Hz")
        for _, plan in ((0, self.config.freeze), *self.config.unfreeze):
            self.model.classifier.freeze(plan)  # an unknown name shows now, not epochs later
        ranks = self.ranks
        state = TrainingState(self, self.scaler, self.average)
        with locked_folder(self.out, folder_taken(self.out)) if ranks.first else nullcontext():
            started = time.perf_counter()
            # The first epoch stands for all fresh ones: they follow from the sounds, the options and the seed.
            first = train if isinstance(train, ClipSet) else train.epoch(0) if ranks.first else None
            state.begin(first, validation, resume=resume)
            speeds = self.config.speed_factors
            if isinstance(train, ClipSet):
                variants = train.with_speeds(speeds)
            self.rejects = not isinstance(train, ClipSet) and train.has_negatives
            steps = steps_per_epoch(len(train), self.config.batch_size, 2 * ranks.count)
            total, done = steps * self.config.epochs, steps * len(state.history)
            with progress_bar(total=total, initial=done, unit="step", show=self.progress) as self.bar:
                while len(state.history) < self.config.epochs and not self._should_stop(state):
                    epoch = len(state.history)
                    if not isinstance(train, ClipSet):
                        clips = first if epoch == 0 and first is not None else self.fresh_clips(train, epoch)
                        first = None
                        variants = clips.with_speeds(speeds)
                    record = self.run_epoch(variants, len(train), epoch, validation)
                    record = replace(record, seconds=time.perf_counter() - started)
                    started = time.perf_counter()
                    state.finish_epoch(record)
                    if ranks.first:
                        logger.info("%s", record.describe(self.config.epochs))
                    for callback in self.callbacks:
                        callback.after_epoch(self, record)
        self.bar = None
        return TrainingResult(
            tuple(state.history), state.best_epoch, self.out / BEST, sum(r.seconds for r in state.history)
        )

    def fresh_clips(self, source: ClipSource, epoch: int) -> ClipSet:
        """Return an epoch's clips; of several processes each makes those that it learns from, where the source can."""
        if self.ranks.count == 1 or not isinstance(source, PartialSource):
            return source.epoch(epoch)
        clips, speeds = len(source), len(self.config.speed_factors)
        with seeded_epoch(self.config.seed, epoch, self.device) as generator:
            batches = epoch_batches(speeds * clips, clips, self.config.batch_size, generator, 2 * self.ranks.count)
            mine = torch.cat([batch[self.ranks.share(len(batch))] for batch in batches])
        return source.part(epoch, set((mine % clips).tolist()))

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
        fewest = 2 * self.ranks.count
        steps = steps_per_epoch(clips, self.config.batch_size, fewest)
        self.network = self.ranks.wrap(self.compiled or self.model.classifier)
        tally = Tally(self.device, self.bar, f"epoch {epoch + 1}/{self.config.epochs}")
        with seeded_epoch(self.config.seed, epoch, self.device, self.ranks.rank) as generator:
            batches = epoch_batches(len(variants), clips, self.config.batch_size, generator, fewest)
            for number, indices in enumerate(batches):
                set_rates(self.optimizer, self.schedule(epoch * steps + number, self.config.epochs * steps))
                rows = indices.tolist()
                positions = torch.rand(len(rows), generator=generator).tolist() if self.config.random_position else None
                mine = self.ranks.share(len(rows))
                self.batch = mine, len(rows)
                placed = None if positions is None else positions[mine]
                waveforms = variants.batch(rows[mine], placed).to(self.device, non_blocking=True)
                labels = variants.labels[indices[mine]].to(self.device, non_blocking=True)
                loss, hits = self.step(waveforms, labels, generator)
                tally.add(loss, hits, len(labels), len(rows))
                for callback in self.callbacks:
                    callback.after_step(self, epoch * steps + number, loss)
        train_loss, train_accuracy = tally.means(self.ranks)
        seconds = tally.seconds
        if not np.isfinite(train_loss):
            kept = f" (the state before this epoch is kept in {self.out / LAST})" if epoch else ""
            raise TrainingError(
                f"the loss of epoch {epoch + 1} is {train_loss}; lower learning_rate or set gradient_clip{kept}"
            )
        validation_loss, validation_accuracy = self.validate(validation) if validation else (None, None)
        return EpochRecord(
            epoch=epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            freeze_plan=plan,
            seconds=seconds,
            clips_per_second=tally.seen / seconds,
        )

    def step(self, waveforms: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Take one step of the optimiser.

        Args:
            waveforms: ``[B, N]`` on the device.
            labels: of the clips, on the device.
            generator: for augmentation.

        Returns:
            Mean loss of the batch (detached) and number of correct clips, both on the device.
        """
        loss, hits = self.objective(self, waveforms, labels, generator)
        self.update(loss)
        return loss.detach(), hits

    @torch.no_grad()
    def features(self, waveforms: Tensor, generator: torch.Generator) -> Tensor:
        """Return the features of waveforms, masked as the configuration says."""
        features: Tensor = self.model.frontend(waveforms)
        if (augment := self.config.spec_augment) is None:
            return features
        mine, whole = self.batch if self.ranks.count > 1 else (slice(None), len(features))
        masks = augment.sample((whole, features.shape[1], features.shape[2]), generator)
        return augment.apply(features, masks[mine])

    def logits(self, features: Tensor) -> Tensor:
        """Return the network's logits in float32."""
        with self.autocast():
            logits: Tensor = self.network(features).float()
        return logits

    def autocast(self) -> torch.autocast:
        """Compute in the precision of the configuration meanwhile."""
        return torch.autocast(self.device.type, dtype=self.precision, enabled=self.precision != torch.float32)

    @property
    def judged(self) -> RecognizerModel:
        """The network that is validated and kept: the average of the weights if there is one."""
        if self.average is None:
            return self.model
        assert isinstance(self.average.module, RecognizerModel)
        return self.average.module

    def update(self, loss: Tensor) -> None:
        """Change the weights by the gradient of a loss, as the configuration says: scaled, clipped, averaged."""
        self.optimizer.zero_grad(set_to_none=True)
        if self.ranks.count > 1:  # the mean over the processes is then that over the clips
            mine, whole = self.batch
            loss = loss * ((mine.stop - mine.start) * self.ranks.count / whole)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.config.gradient_clip is not None:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.gradient_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.model)

    def validate(self, clips: ClipSet) -> tuple[float, float]:
        """Return mean loss and accuracy on clips."""
        return self.objective.validate(self, clips)

    def _should_stop(self, state: TrainingState) -> bool:
        history = state.history
        return any(callback.should_stop(history, state.best_epoch) for callback in self.callbacks) if history else False
