"""A model as one self-describing file: network, vocabulary, calibration and card in safetensors with a JSON header.

No code and no pickle is stored, only names and plain values. Of a model or front end that another package brings, the
file says where it lives and what to install. Names are those that are built in, registered or entry points;
``package.module:Class`` is imported only with ``trust_code``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor

from aurora_resnet.checkpoint_file import as_half, check_weights, earlier_point, read_file, read_header, write_file
from aurora_resnet.config_files import from_mapping, to_mapping
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.features.frontend import frontend_origin
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import ZOO, model_origin
from aurora_resnet.references import TrustCode, what_to_install
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError
from aurora_resnet.runtime.model_reference import CHECKPOINTS, FOLDERS, SUFFIXES, AnyModel, Kind, is_file, resolve
from aurora_resnet.runtime.vocabulary import Vocabulary

#: Names of the shipped models, which the package carries as checkpoints and as exported models.
PRETRAINED = CHECKPOINTS
_FOLDER = FOLDERS["checkpoint"]  # scripts written for 0.2 import it

SUFFIX = SUFFIXES["checkpoint"]
#: Under this name ``info`` says how the calibration was chosen.
OPERATING_POINT = "operating_point"
_MODEL, _STATE = "model.", "state."


@dataclass(frozen=True, repr=False)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        model: the rebuilt network in evaluation mode, on the CPU.
        name: its shipped name, or the file's and its folder's.
        card: what it learnt from and what it can do, in Markdown; empty if there is none.
        info: plain values that were saved beside it (training command, results, ...).
        state: further tensors, such as the optimiser's.
    """

    model: RecognizerModel
    name: str
    card: str
    info: dict[str, Any]
    state: dict[str, Tensor]

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that the model knows."""
        return self.model.config.vocabulary

    @property
    def calibration(self) -> Calibration:
        """From the model's logits to a decision; none if its weights changed since they were read."""
        return self.model.calibration

    @property
    def kind(self) -> Kind:
        """Whether it is a model of single words or of strings."""
        return self.model.kind

    def __repr__(self) -> str:
        return f"Checkpoint({self.name}: {self.model.config.model}, {self.vocabulary!r}, {self.calibration})"


def save_checkpoint(
    model: RecognizerModel,
    path: str | Path,
    *,
    calibration: Calibration | None = None,
    card: str = "",
    info: Mapping[str, Any] | None = None,
    state: Mapping[str, Tensor] | None = None,
    half: bool = False,
) -> None:
    """Write a model to one file, whole or not at all.

    Args:
        model: the network.
        path: the file, usually ``.safetensors``.
        calibration: that belongs to the network; its own if not given, which it has no more once its weights changed.
            Without one its answers are neither accepted nor rejected: ``accepted`` is ``None``.
        card: what it learnt from and what it can do, in Markdown.
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
    >>> save_checkpoint(model, file, calibration=Calibration(1.5), info={"epoch": 3})
    >>> load_checkpoint(file).calibration, load_checkpoint(file).info
    (Calibration(temperature=1.5, threshold=None), {'epoch': 3})
    """
    calibration = model.calibration if calibration is None else calibration
    header: dict[str, Any] = {
        "kind": model.kind,
        "config": to_mapping(model.config),
        **_changeable(calibration, card, info or {}),
    }
    front_end = model.config.frontend
    origin = model_origin(model.config.model) or ({} if front_end is None else frontend_origin(front_end))
    if origin:  # where model and front end live, of what is not built in; the model first
        header["origin"] = origin
    tensors = {_MODEL + name: tensor for name, tensor in model.state_dict().items()}
    if half:
        tensors |= {_MODEL + name: as_half(name, weight) for name, weight in model.named_parameters()}
    tensors |= {_STATE + name: tensor for name, tensor in (state or {}).items()}
    # safetensors stores dense row-major tensors; channels-last weights are copied into that order.
    write_file(header, {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


def save_calibrated(
    name_or_path: AnyModel,
    calibration: Calibration,
    path: str | Path,
    *,
    info: Mapping[str, Any] | None = None,
    trust_code: bool = False,
) -> None:
    """Write a checkpoint again with another calibration; every tensor stays as it is, bit by bit.

    Args:
        name_or_path: the checkpoint, as ``load_checkpoint`` takes it.
        calibration: the new one.
        path: the file to write; it may be the checkpoint itself.
        info: plain JSON values to add to those of the checkpoint.
        trust_code: as ``load_checkpoint``, whose errors may come too.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "mine.safetensors"
    >>> save_calibrated("compact", Calibration(1.5, 3.0), file)
    >>> load_checkpoint(file).calibration
    Calibration(temperature=1.5, threshold=3.0)
    """
    file = resolve(name_or_path, format="checkpoint")
    checkpoint = load_checkpoint(file, trust_code=trust_code)  # a file that cannot be used is not written again
    header, tensors = read_file(file.path)
    kept: dict[str, Any] = {key: header[key] for key in ("kind", "config", "origin") if key in header}
    changed = _changeable(calibration, checkpoint.card, checkpoint.info)
    write_file({**kept, **changed, "info": {**changed["info"], **(info or {})}}, tensors, path)


@float32_on_cpu()
def load_checkpoint(name_or_path: AnyModel, *, kind: Kind | None = None, trust_code: TrustCode = False) -> Checkpoint:
    """Rebuild a model from its file; the file alone is enough. The caller's random numbers stay as they are.

    Args:
        name_or_path: one of ``PRETRAINED``, the path of a file that ``Trainer`` or ``save_checkpoint`` wrote, a folder
            of ``save_pretrained``, or ``owner/name`` on the hub.
        kind: that it must have: ``words`` or ``strings``.
        trust_code: import the ``package.module:Class`` that the file names as its model or front end, which runs that
            module's code; or the only names that may be imported. Without it the file names parts that are built in,
            registered or entry points, or is refused.

    Raises:
        ModelError: if it is of the other kind.
        CheckpointError: if there is none of that name, or the file is missing, damaged, not one of ours, newer than
            this library, does not fit the network that its header describes, or names code that is not trusted.

    >>> load_checkpoint("compact").calibration.rejects
    True
    >>> load_checkpoint("resnet5")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.CheckpointError: there is no checkpoint 'resnet5' (did you mean 'resnet50'?); ...
    """
    file = resolve(name_or_path, kind=kind, format="checkpoint")
    path = file.path
    header, tensors = read_file(path)
    config = _config(header, path, trust_code)
    try:
        calibration = Calibration.from_dict(header["calibration"])
        with torch.random.fork_rng(devices=[]):  # the network is first built with random weights
            model = RecognizerModel(config)
        weights = {name.removeprefix(_MODEL): t for name, t in tensors.items() if name.startswith(_MODEL)}
        check_weights(weights, model.state_dict())
        model.load_state_dict(weights)
    except (ConfigError, KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise _unusable(header, f"{path} does not fit the network that it describes", error) from error
    info, card = header.get("info", {}), header.get("card", "")
    if not isinstance(info, dict) or not isinstance(card, str):
        raise CheckpointError(f"the header of {path} is damaged: info or card is of another type; copy it again")
    state = {name.removeprefix(_STATE): t for name, t in tensors.items() if name.startswith(_STATE)}
    if not calibration.rejects and model.kind == "strings":
        calibration = earlier_point(path, info.get(OPERATING_POINT))
    model.calibration = calibration
    name = file.name if Path(file.name) != path else "/".join(path.with_suffix("").parts[-2:])
    beside = path.with_suffix(".md")
    if not card and is_file(beside):
        card = beside.read_text(encoding="utf-8", errors="replace")
    return Checkpoint(model.eval(), name, card, info, state)


def checkpoint_kind(path: Path) -> Kind:
    """Return what a checkpoint is for, from its header alone: nothing that it names is imported.

    Raises:
        CheckpointError: if the file is damaged or not one of ours.
    """
    header = read_header(path)
    config = header.get("config")
    model = config.get("model") if isinstance(config, dict) else None
    earlier = isinstance(model, str) and model in ZOO and ZOO[model].strings  # of files that do not say it
    return "strings" if header.get("kind", "strings" if earlier else "words") == "strings" else "words"


def read_config(name_or_path: AnyModel, *, trust_code: bool = False) -> RecognizerConfig:
    """Return what a checkpoint's network is, without building it; arguments and errors as ``load_checkpoint``.

    >>> read_config("compact").model
    'compact'
    """
    path = resolve(name_or_path, format="checkpoint").path
    return _config(read_header(path), path, trust_code)


def _changeable(calibration: Calibration, card: str, info: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a header holds besides the network; how another calibration was chosen is left out."""
    kept = {key: value for key, value in info.items() if calibration.rejects or key != OPERATING_POINT}
    return {"calibration": calibration.to_dict(), "card": card, "info": kept}


def _config(header: Mapping[str, Any], path: Path, trust_code: TrustCode) -> RecognizerConfig:
    try:
        return from_mapping(RecognizerConfig, header["config"], "header", trust_code=trust_code)
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(header, f"{path} cannot be used", error) from error


def _unusable(header: Mapping[str, Any], what: str, error: Exception) -> CheckpointError:
    reason = shorten(str(error), 300, placeholder=" ...")  # torch lists every tensor on a line of its own
    install = what_to_install(header.get("origin"))
    return CheckpointError(f"{what}: {reason}{'; ' * bool(install)}{install}")
