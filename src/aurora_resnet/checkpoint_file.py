"""The file of a checkpoint: tensors in safetensors with one JSON header."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from aurora_resnet.bounds import shown
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError
from aurora_resnet.runtime.version import __version__

FORMAT = 2
_HEADER = "aurora_resnet"


def write_file(header: Mapping[str, Any], tensors: Mapping[str, Tensor], path: str | Path) -> None:
    """Write header and tensors, whole or not at all.

    Args:
        header: plain JSON values, without format and version.
        tensors: by name, on the CPU and in row-major order.
        path: the file.
    """
    values = {"format": FORMAT, "version": __version__, **header}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(dict(tensors), metadata={_HEADER: json.dumps(values)}))


def read_file(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return header and tensors of a file.

    Raises:
        CheckpointError: if the file is damaged, not one of ours, or newer than this library.
    """
    with _opened(path) as file:
        return _header(file, path), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def read_header(path: Path) -> dict[str, Any]:
    """Return what ``read_file`` returns, without the tensors."""
    with _opened(path) as file:
        return _header(file, path)


def as_half(name: str, weight: Tensor) -> Tensor:
    """Return a weight in float16.

    Raises:
        CheckpointError: if it does not fit.
    """
    stored = weight.detach().half()
    if not stored.isfinite().all():
        raise CheckpointError(
            f"{name} holds values beyond float16's 65504 or not finite (largest {weight.abs().max():g}); "
            "save it without half"
        )
    return stored


def check_weights(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Refuse what loads but cannot answer: other types, NaN and infinity, variances below zero.

    Args:
        weights: as stored; what is missing is left to ``load_state_dict``, which names all of it.
        expected: the network's.

    Raises:
        ConfigError: naming the first.
    """
    for name in weights.keys() & expected.keys():
        stored, wanted = weights[name], expected[name]
        if wanted.is_floating_point() != stored.is_floating_point() or stored.is_complex():
            raise ConfigError(f"{name} holds {stored.dtype}, expected {wanted.dtype}")
        if stored.is_floating_point() and not stored.to(wanted.dtype).isfinite().all():
            raise ConfigError(f"{name} holds values that are not finite; train it again at a lower learning rate")
        if name.endswith("running_var") and (stored < 0).any():
            raise ConfigError(f"{name} holds a variance below zero")


def earlier_point(path: Path, point: object) -> Calibration:
    """Return the calibration of a model of strings from what earlier versions wrote into ``info``, if they did.

    Raises:
        CheckpointError: if it is damaged.
    """
    if point is None:
        return Calibration()
    try:
        return Calibration(threshold=point["threshold"], other_weight=point["other_weight"])  # type: ignore[index]
    except (ConfigError, KeyError, TypeError, IndexError) as error:
        raise CheckpointError(f"{path}: its operating point is damaged ({error}); calibrate it again") from None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except UnicodeError as error:  # newer ones say so in a SafetensorError
        raise CheckpointError(f"safetensors reads no name that is not valid UTF-8, got {path}; rename it") from error
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is no readable safetensors file: {error}") from error


def _header(file: Any, path: Path) -> dict[str, Any]:
    metadata = file.metadata() or {}
    if _HEADER not in metadata:
        raise CheckpointError(
            f"{path} holds tensors but no aurora_resnet header, so it is no checkpoint of this library; "
            "ImageNet weights are given as the model's weights instead"
        )
    try:
        header = json.loads(metadata[_HEADER])
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"the header of {path} is damaged: {error}; copy or train it again") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"the header of {path} is damaged: expected a table; copy or train it again")
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has format {shown(header.get('format'))}, this version reads format {FORMAT}; "
            "install a newer aurora-resnet, or train it again if the file is older"
        )
    return dict(header)
