"""Where torch computes, and what the machine is."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.version import __version__


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


@contextmanager
def float32_on_cpu() -> Iterator[None]:
    """Make new tensors float32 and on the CPU meanwhile, whatever a program set as torch's defaults; also a decorator.

    What is computed from given tensors follows them and needs none of this. The default type holds for the whole
    process, so it is changed only where it is another one.

    >>> torch.set_default_dtype(torch.float64)
    >>> with float32_on_cpu():
    ...     torch.zeros(1).dtype
    torch.float32
    >>> torch.zeros(1).dtype
    torch.float64
    >>> torch.set_default_dtype(torch.float32)
    """
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    with torch.device("cpu") if device.type != "cpu" else nullcontext():  # costs time at every call of torch
        if dtype != torch.float32:
            torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            if dtype != torch.float32:
                torch.set_default_dtype(dtype)


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


def describe_environment(device: str | torch.device) -> dict[str, str | int]:
    """Return versions and machine, as far as they influence results and speed.

    >>> sorted(describe_environment("cpu"))
    ['aurora_resnet', 'device', 'machine', 'python', 'threads', 'torch']
    """
    name = str(device)
    return {
        "aurora_resnet": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": torch.cuda.get_device_name(name) if name.startswith("cuda") else name,
        "threads": torch.get_num_threads(),
    }
