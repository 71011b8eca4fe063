"""A model as one self-describing file: safetensors with a JSON header that rebuilds the network.

No class name and no pickle is stored, only the zoo's model name and plain values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from aurora_resnet.config_files import from_mapping, to_mapping
from aurora_resnet.files import atomic_path
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import CheckpointError, ConfigError

_HEADER = "aurora_resnet"
_FORMAT = 1
_MODEL = "model."
_STATE = "state."


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        model: the rebuilt network in evaluation mode, on the CPU.
        info: plain values that were saved beside it (training command, results, ...).
        state: further tensors, such as the optimiser's.
    """

    model: RecognizerModel
    info: dict[str, Any]
    state: dict[str, Tensor]


def save_checkpoint(
    path: str | Path,
    model: RecognizerModel,
    *,
    info: Mapping[str, Any] | None = None,
    state: Mapping[str, Tensor] | None = None,
    half: bool = False,
) -> None:
    """Write a model to one file, whole or not at all.

    Args:
        path: the file, usually ``.safetensors``.
        model: the network.
        info: plain JSON values to keep with it.
        state: further tensors to keep with it.
        half: store the learnt weights as float16, in half the room. They come back as float32, off by at most 2^-11
            of their value (2^-25 where they are below 2^-14). Statistics such as BatchNorm's, which may be tiny, and
            ``state`` are stored as they are.

    Raises:
        CheckpointError: with ``half``, if a weight is beyond float16's 65504 or not finite.

    >>> import tempfile
    >>> from aurora_resnet.features.mel import MelConfig
    >>> model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    >>> file = Path(tempfile.mkdtemp()) / "cnn.safetensors"
    >>> save_checkpoint(file, model, info={"epoch": 3})
    >>> load_checkpoint(file).info
    {'epoch': 3}
    """
    header = {
        "format": _FORMAT,
        "version": version("aurora-resnet"),
        "config": to_mapping(model.config),
        "info": dict(info or {}),
    }
    tensors = {_MODEL + name: tensor for name, tensor in model.state_dict().items()}
    if half:
        tensors |= {_MODEL + name: _as_half(name, weight) for name, weight in model.named_parameters()}
    tensors |= {_STATE + name: tensor for name, tensor in (state or {}).items()}
    # safetensors stores dense row-major tensors; channels-last weights are copied into that order.
    dense = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(dense, metadata={_HEADER: json.dumps(header)}))


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Rebuild a model from its file; the file alone is enough. The caller's random numbers stay as they are.

    Raises:
        CheckpointError: if the file is missing, damaged, not one of ours, newer than this library, or does not fit
            the network that its header describes.
    """
    path = Path(path)
    header, tensors = _read(path)
    try:
        config = from_mapping(RecognizerConfig, header["config"], f"header of {path}")
        with torch.random.fork_rng(devices=[]):  # the network is first built with random weights
            model = RecognizerModel(config)
        weights = {name.removeprefix(_MODEL): t for name, t in tensors.items() if name.startswith(_MODEL)}
        model.load_state_dict(weights)
    except (ConfigError, KeyError, RuntimeError, TypeError) as error:
        reason = shorten(str(error), 300, placeholder=" ...")  # torch lists every tensor on a line of its own
        raise CheckpointError(f"{path} does not fit the network that it describes: {reason}") from error
    state = {name.removeprefix(_STATE): t for name, t in tensors.items() if name.startswith(_STATE)}
    return Checkpoint(model.eval(), header.get("info", {}), state)


def _as_half(name: str, weight: Tensor) -> Tensor:
    stored = weight.detach().half()
    if not stored.isfinite().all():
        raise CheckpointError(
            f"{name} holds values beyond float16's 65504 or not finite (largest {weight.abs().max():g}); "
            "save it without half"
        )
    return stored


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    if not path.is_file():
        raise CheckpointError(f"checkpoint {path} does not exist or is not a file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is no readable safetensors file: {error}") from error
    if _HEADER not in metadata:
        raise CheckpointError(
            f"{path} holds tensors but no aurora_resnet header, so it is no checkpoint of this library; "
            "ImageNet weights are given as the model's weights instead"
        )
    try:
        header = json.loads(metadata[_HEADER])
    except ValueError as error:
        raise CheckpointError(f"the header of {path} is damaged: {error}; copy or train it again") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"the header of {path} is damaged: expected a table; copy or train it again")
    if header.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} has format {header.get('format')}, this version reads format {_FORMAT}; "
            "install a newer aurora-resnet"
        )
    return header, tensors
