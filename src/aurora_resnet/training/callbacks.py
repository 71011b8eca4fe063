"""What may look at a training, and stop it: after each step and after each epoch."""

from collections.abc import Sequence
from dataclasses import asdict

from torch import Tensor

from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import EpochRecord
from aurora_resnet.training.objective import Learner


class Callback:
    """A base that does nothing; override what you need. Whatever it raises ends the training.

    Of several processes that train as one each calls its own; one that writes asks ``trainer.ranks.first``.

    >>> class Log(Callback):
    ...     def after_epoch(self, trainer, record):
    ...         print(record.train_loss)
    """

    def after_step(self, trainer: Learner, step: int, loss: Tensor) -> None:
        """Look at a step.

        Args:
            trainer: as it is after the step.
            step: counted from 0 over all epochs.
            loss: of the batch, on the device; reading it off a GPU waits for the GPU.
        """

    def after_epoch(self, trainer: Learner, record: EpochRecord) -> None:
        """Look at an epoch whose weights are saved."""

    def should_stop(self, history: Sequence[EpochRecord], best_epoch: int) -> bool:
        """Tell whether the training is over; asked before each epoch, also where one is resumed.

        Args:
            history: of all finished epochs.
            best_epoch: index of the best of them.
        """
        del history, best_epoch
        return False


class EarlyStopping(Callback):
    """Stop after so many epochs without a better one; ``TrainingConfig.early_stopping`` adds it.

    Args:
        patience: epochs, at least 1.

    >>> EarlyStopping(2).should_stop([None] * 4, best_epoch=1)
    True
    """

    def __init__(self, patience: int) -> None:
        if patience < 1:
            raise ConfigError(f"patience must be at least 1 epoch, got {patience}")
        self.patience = patience

    def should_stop(self, history: Sequence[EpochRecord], best_epoch: int) -> bool:
        """Tell whether the best epoch lies ``patience`` epochs back."""
        return len(history) - 1 - best_epoch >= self.patience


class TensorBoard(Callback):
    """Write the numbers of each epoch as TensorBoard's event files into ``tensorboard`` in the training's folder.

    ``TrainingConfig.tensorboard`` adds it.
    """

    def after_epoch(self, trainer: Learner, record: EpochRecord) -> None:
        """Append an epoch.

        Raises:
            MissingDependencyError: without the tensorboard package.
        """
        if not trainer.ranks.first:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingDependencyError(
                f"TensorBoard needs the tensorboard package ({error}): pip install 'aurora-resnet[tensorboard]'"
            ) from error
        with SummaryWriter(str(trainer.out / "tensorboard")) as writer:
            for name, value in asdict(record).items():
                if isinstance(value, float):
                    writer.add_scalar(name, value, record.epoch)


def configured_callbacks(config: TrainingConfig) -> list[Callback]:
    """Return the callbacks that a configuration asks for."""
    asked: list[Callback] = [] if config.early_stopping is None else [EarlyStopping(config.early_stopping)]
    return [*asked, TensorBoard()] if config.tensorboard else asked
