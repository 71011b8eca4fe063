"""The same numbers for TensorBoard, for those who look at them there."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.training.history import EpochRecord


def write_scalars(folder: Path, record: EpochRecord) -> None:
    """Append an epoch to TensorBoard's event files in a folder.

    Raises:
        MissingDependencyError: without the tensorboard package.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            f"training.tensorboard needs the tensorboard package ({error}): pip install 'aurora-resnet[tensorboard]'"
        ) from error
    with SummaryWriter(str(folder)) as writer:
        for name, value in asdict(record).items():
            if isinstance(value, float):
                writer.add_scalar(name, value, record.epoch)
