"""The trained models that the wheel carries; the card beside each file says what it learnt from and what it can do."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from aurora_resnet.runtime.errors import CheckpointError, ConfigError, did_you_mean

PRETRAINED = ("resnet50", "compact")
"""Names of the shipped models: the accurate one and the small, fast one."""


def pretrained_path(name: str) -> Path:
    """Return the checkpoint of a shipped model.

    Args:
        name: one of ``PRETRAINED``.

    Raises:
        ConfigError: for another name.
        CheckpointError: if the installation lacks the file.

    >>> pretrained_path("resnet5")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: no shipped model 'resnet5' (did you mean 'resnet50'?); shipped: resnet50, compact
    """
    if name not in PRETRAINED:
        raise ConfigError(
            f"no shipped model '{name}'{did_you_mean(name, PRETRAINED)}; shipped: {', '.join(PRETRAINED)}"
        )
    path = Path(str(resources.files("aurora_resnet") / "pretrained" / f"{name}.safetensors"))
    if not path.is_file():
        raise CheckpointError(
            f"{path}: expected the weights of '{name}' here; install the wheel anew with "
            "pip install --force-reinstall aurora-resnet"
        )
    return path
