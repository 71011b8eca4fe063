"""Where to compute, checked before the work begins."""

from __future__ import annotations

import torch

from aurora_resnet.runtime.errors import ConfigError


def check_device(device: str | torch.device) -> torch.device:
    """Return the device if this machine has it.

    Raises:
        ConfigError: if torch does not know it or it is not there; the message says why.

    >>> check_device("cpu")
    device(type='cpu')
    """
    try:
        checked = torch.device(device)
        torch.empty(0, device=checked)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA answers with an assertion
        reason = str(error).splitlines()[0]
        raise ConfigError(f"device '{device}' cannot be used here ({reason}); try 'cpu'") from None
    return checked


def set_threads(threads: int | None) -> None:
    """Let torch compute with so many threads on the CPU; ``None`` leaves it as it is.

    Raises:
        ConfigError: for fewer than one.
    """
    if threads is None:
        return
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, got {threads}")
    torch.set_num_threads(threads)
