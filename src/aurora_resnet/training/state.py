"""What a training remembers between epochs, and how it is written and found again."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from aurora_resnet.bounds import shown
from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.config_files import to_mapping
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import CheckpointError, TrainingError, listed
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import EpochRecord, read_history, write_history
from aurora_resnet.training.objective import Learner

LAST = "last.safetensors"
BEST = "best.safetensors"
HISTORY = "history.jsonl"
OPTIMIZER = "optimizer."
AVERAGE = "average."
#: Differences that a message lists.
MOST_NAMED = 5
#: Fields of later versions; unused, they change nothing, so trainings of earlier ones can be resumed.
_ADDED = ("optimizer_options", "frontend", "frontend_options", "causal")
#: Whether a training goes on from ``last.safetensors``, or from ``best.safetensors`` where that one is damaged.
Resume = bool | Literal["best"]
_INFO = {"epochs": int, "best_epoch": int, "scaler": dict}


@dataclass
class TrainingState:
    """What is being trained, the epochs so far and the best of them.

    ``last.safetensors`` is the truth: the weights, the optimiser's tensors and the number of finished epochs stand in
    one file that is written atomically. A history line or a best checkpoint written just before a kill is redone.
    """

    learner: Learner
    scaler: torch.amp.grad_scaler.GradScaler
    average: AveragedModel | None = None
    fingerprint: str = ""
    history: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0

    def begin(self, train: ClipSet | None, validation: ClipSet | None = None, *, resume: Resume) -> None:
        """Start anew, or set everything to what a checkpoint says; only the first process needs the clips."""
        path, fingerprint = self.learner.out / (BEST if resume == "best" else LAST), ""
        if train is not None:
            fingerprint = _fingerprint(self.learner.config, self.learner.model, train, validation)
        self.fingerprint = self.learner.ranks.from_first(fingerprint)
        if not path.exists():
            if resume == "best":
                raise TrainingError(f"{self.learner.out} has no {BEST} to go on from; begin anew in another folder")
            return
        if not resume:
            raise TrainingError(f"{self.learner.out} already holds a training; resume it or choose another folder")
        try:
            self._restore(path, self._load(path))
        except (CheckpointError, TrainingError) as error:
            raise TrainingError(f"{error}; {self._way_out(path)}") from error

    def _load(self, path: Path) -> Checkpoint:
        """Return a checkpoint of this training; it may name what the program built, and no other code."""
        config = self.learner.model.config
        checkpoint = load_checkpoint(path, trust_code=(config.model, config.frontend))
        info = checkpoint.info
        if info.get("fingerprint") != self.fingerprint:
            before = {**to_mapping(checkpoint.model.config), "training": info.get("training")}
            now = {**to_mapping(config), "training": to_mapping(self.learner.config)}
            changes = list(_differences(before, now)) or ["the clips differ"]
            listing = listed(changes, MOST_NAMED, "; ")
            raise TrainingError(f"{path} belongs to another training: {listing}; resume with what it had")
        told = _INFO.items() <= {key: type(value) for key, value in info.items()}.items()
        if not told or not 0 <= info["best_epoch"] < info["epochs"]:
            raise TrainingError(f"{path} is damaged: it does not say which epochs are done")
        return checkpoint

    def _restore(self, path: Path, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint; from the best one, which holds no state of the optimiser, with a new optimiser."""
        info, done = checkpoint.info, checkpoint.info["epochs"]
        try:
            self.learner.model.load_state_dict(checkpoint.model.state_dict())
            if path.name == LAST:
                _restore_optimizer(self.learner.optimizer, _under(OPTIMIZER, checkpoint.state))
                if self.average is not None:
                    self.average.load_state_dict(_under(AVERAGE, checkpoint.state))
            if info["scaler"]:
                self.scaler.load_state_dict(info["scaler"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise TrainingError(f"{path} is damaged: its weights or its optimiser cannot be restored") from error
        history = self.learner.out / HISTORY
        self.history = read_history(history, done)
        if len(self.history) < done:
            raise TrainingError(
                f"{history} has {len(self.history)} epochs, {path} has {done}; they do not belong together"
            )
        self.best_epoch = info["best_epoch"]

    def _way_out(self, damaged: Path) -> str:
        """Return what to do where a checkpoint cannot be used: the newest one that can is the best, if any is."""
        out = self.learner.out
        anew, best = f"choose another folder, or remove {out} to begin anew", out / BEST
        try:
            done = 0 if best == damaged else self._load(best).info["epochs"]
            if not 0 < done == len(read_history(out / HISTORY, done)):
                return anew
        except (CheckpointError, TrainingError):
            return anew
        return f'go on from the newest good file, {best} of epoch {done} (--resume-from-best, resume="best"), or {anew}'

    def finish_epoch(self, record: EpochRecord) -> None:
        """Add an epoch; the first process writes everything, ``last.safetensors`` last."""
        self.history.append(record)
        if _score(record) >= _score(self.history[self.best_epoch]):
            self.best_epoch = record.epoch
        if not self.learner.ranks.first:
            return
        write_history(self.learner.out / HISTORY, self.history)
        info: dict[str, Any] = {
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            "fingerprint": self.fingerprint,
            "scaler": self.scaler.state_dict(),
            "training": to_mapping(self.learner.config),
        }
        if self.best_epoch == record.epoch:
            save_checkpoint(self.learner.judged, self.learner.out / BEST, info=info)
        state = {OPTIMIZER + name: tensor for name, tensor in _optimizer_tensors(self.learner.optimizer).items()}
        if self.average is not None:
            state |= {AVERAGE + name: tensor for name, tensor in self.average.state_dict().items()}
        save_checkpoint(self.learner.model, self.learner.out / LAST, info=info, state=state)


def folder_taken(out: Path) -> TrainingError:
    """Return the error of a second training in a folder."""
    return TrainingError(f"another training works in {out}; wait for its end, or choose another folder")


def _differences(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """Yield where plain values differ, as ``training.epochs was 2, is 3``."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            yield from _differences(before.get(key), now.get(key), f"{place}.{key}".lstrip("."))
    elif before != now:
        yield f"{place} was {shown(before)}, is {shown(now)}"


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _score(record: EpochRecord) -> tuple[float, float]:
    """Order epochs by validation accuracy, then loss; without validation later is better (all scores are equal)."""
    if record.validation_accuracy is None or record.validation_loss is None:
        return (0.0, 0.0)
    return (record.validation_accuracy, -record.validation_loss)


def _fingerprint(config: TrainingConfig, model: RecognizerModel, train: ClipSet, validation: ClipSet | None) -> str:
    """Hash what must be the same for a resumed training to be the same training."""
    digest = hashlib.sha256()
    values = [_without_added(to_mapping(part)) for part in (config, model.config)]
    digest.update(json.dumps(values, sort_keys=True).encode())
    for clips in (train,) if validation is None else (train, validation):
        for waveform in clips.waveforms:
            digest.update(waveform.numpy().tobytes())
        digest.update(clips.labels.numpy().tobytes())
    return digest.hexdigest()


def _without_added(values: Any) -> Any:
    if not isinstance(values, Mapping):
        return values
    return {key: _without_added(value) for key, value in values.items() if value or key not in _ADDED}


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Flatten the optimiser's per-parameter tensors to ``<number>.<name>``."""
    return {
        f"{number}.{name}": torch.as_tensor(value)
        for number, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
        if value is not None
    }


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
