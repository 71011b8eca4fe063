"""The file of a checkpoint: tensors in safetensors with one JSON header, of this format or of the first edition's."""

from __future__ import annotations

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
from aurora_resnet.runtime.errors import CheckpointError
from aurora_resnet.runtime.version import __version__
from aurora_resnet.runtime.vocabulary import Vocabulary

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
    """Return header and tensors of a file; a header of the first edition as one of this format.

    Raises:
        CheckpointError: if the file is damaged, not one of ours, or newer than this library.
    """
    with _opened(path) as file:
        return _header(file, path), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def read_header(path: Path) -> dict[str, Any]:
    """Return what ``read_file`` returns, without the tensors."""
    with _opened(path) as file:
        return _header(file, path)


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
    if header.get("format") == 1:
        header = _from_first_edition(header, path)
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has format {shown(header.get('format'))}, this version reads format {FORMAT}; "
            "install a newer aurora-resnet"
        )
    return dict(header)


def _from_first_edition(header: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a header of format 1, where words and calibration stood elsewhere, as one of format 2."""
    try:
        config, info = dict(header["config"]), dict(header.get("info", {}))
        vocabulary = Vocabulary(tuple(config.pop("words")))
        calibration = info.pop("calibration", Calibration().to_dict())
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the header of {path} is damaged: {error!r}; copy or train it again") from error
    config["vocabulary"] = vocabulary.to_dict()
    return header | {"format": FORMAT, "config": config, "calibration": calibration, "info": info}
