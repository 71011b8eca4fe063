"""What happened in each epoch, one JSON line an epoch, and what came of all of them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.errors import TrainingError


@dataclass(frozen=True)
class EpochRecord:
    """Results of one epoch; accuracies from 0 to 1, validation values ``None`` without validation clips.

    ``seconds`` is the whole epoch with the making of its clips and the validation, ``clips_per_second`` the learning.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    freeze_plan: str
    seconds: float
    clips_per_second: float

    def for_figure(self) -> dict[str, float | int | str | None]:
        """Return the values by name with the epoch counted from 1, as ``plot_learning_curves`` draws them."""
        return asdict(self) | {"epoch": self.epoch + 1}

    def describe(self, epochs: int) -> str:
        """Return the epoch as a line for the log.

        >>> EpochRecord(0, 2.3, 0.1, None, None, 0.01, "none", 20.0, 50.0).describe(epochs=8)
        'epoch 1/8: loss 2.3000, accuracy 10.00%, 50 clips/s, 20 s, 140 s left'
        """
        text = f"epoch {self.epoch + 1}/{epochs}: loss {self.train_loss:.4f}, accuracy {self.train_accuracy:.2%}"
        if self.validation_accuracy is not None:
            text += f", validation loss {self.validation_loss:.4f}, accuracy {self.validation_accuracy:.2%}"
        left = self.seconds * (epochs - self.epoch - 1)
        return f"{text}, {self.clips_per_second:.0f} clips/s, {self.seconds:.0f} s, {left:.0f} s left"


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


def write_history(path: Path, records: Sequence[EpochRecord]) -> None:
    """Write all epochs to a JSONL file."""
    with atomic_path(path) as temporary:
        temporary.write_text("".join(json.dumps(asdict(record)) + "\n" for record in records), encoding="utf-8")


def read_history(path: Path, epochs: int | None = None) -> list[EpochRecord]:
    """Read a JSONL file of epochs, or the first ones of it.

    Raises:
        TrainingError: if it is missing or a line is not an epoch; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[:epochs]
    except OSError as error:
        raise TrainingError(f"history {path} cannot be read: {error}") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(EpochRecord(**json.loads(line)))
        except (ValueError, TypeError, RecursionError) as error:
            raise TrainingError(f"{path}, line {number}: not an epoch record: {error}") from error
    return records
