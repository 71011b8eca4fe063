"""A whole training as one TOML file: model, front end, data, how to train."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any

from aurora_resnet.bounds import Between, configuration
from aurora_resnet.checkpoints import read_config
from aurora_resnet.config_files import apply_overrides, from_mapping, read_toml, to_mapping
from aurora_resnet.features.frontend import unknown_frontend
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.zoo import find_model, list_models, unknown_model
from aurora_resnet.references import names_from_file
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models import LONGEST_CLIP_SECONDS
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.data import DataConfig

#: What a training file says of the network, as ``RecognizerConfig`` names it.
NETWORK = ("model", "mel", "options", "clip_seconds", "frontend", "frontend_options")


@configuration(kw_only=True)
class ExperimentConfig:
    """A training file after one model was chosen."""

    model: str
    mel: MelConfig
    data: DataConfig
    training: TrainingConfig
    clip_seconds: Annotated[float, Between(0, LONGEST_CLIP_SECONDS, above=True)] = 1.0
    #: Pretrained weights for a model that takes them: a path or ``imagenet``; ``none`` starts from random ones.
    weights: str | None = None
    #: What the training starts from: a shipped name or a checkpoint. Model, front end, options and clip length are
    #: those of the checkpoint unless the file says otherwise; the head of other words is new.
    init: str | None = None
    #: Options of the model.
    options: dict[str, Any] = field(default_factory=dict)
    #: A front end of another package, by its name or ``package.module:Class``; see ``Frontend``.
    frontend: str | None = None
    frontend_options: dict[str, Any] = field(default_factory=dict)
    #: A trained model to learn from, with ``training.distillation``: a shipped name or a checkpoint.
    teacher: str | None = None
    #: The vocabulary in class order. Without it the words of the training corpora, or ``DIGITS`` if they have no
    #: others.
    words: tuple[str, ...] = ()
    #: The digit that each of the words names, if any; English digit words name theirs.
    digits: tuple[Annotated[int, Between(0, 9)] | None, ...] = ()

    def _misfits(self) -> Iterator[str]:
        yield from unknown_model(self.model)
        yield from unknown_frontend(self.frontend)
        if not self.data.train:
            yield "data.train names no corpus"
        if self.digits and not self.words:
            yield "digits says which digit each of the words names; give words too"
        elif self.words:
            Vocabulary(self.words, self.digits)
        strings = not unknown_model(self.model) and find_model(self.model).strings
        if strings != (self.data.strings is not None):
            yield f"data.strings belongs to a model of strings ({', '.join(list_models(strings=True))}) and to no other"
        if self.init is not None and self.weights not in (None, "none"):
            yield "init brings weights of its own; leave weights away"
        if (self.teacher is None) != (self.training.distillation is None):
            yield "teacher and training.distillation belong together; one of them is missing"


def read_experiment(
    path: str | Path, model: str | None = None, *, overrides: Sequence[str] = (), trust_code: bool = False
) -> ExperimentConfig:
    """Read a training file.

    With ``init``, what the file does not say of model, front end, options and clip length is the checkpoint's.

    The file may hold a table ``[models.NAME]`` with ``weights``, ``options`` and ``training`` for each model; the one
    of the chosen model is laid over the rest, so the same file serves all models.

    Args:
        path: the TOML file.
        model: chosen model instead of the file's ``model``.
        overrides: ``section.key=value``, applied last.
        trust_code: import what the file, or the checkpoint of ``init``, names as ``package.module:name`` (model, front
            end, optimiser, schedule), which runs that module's code. Without it such names are refused.

    Raises:
        ConfigError: names the file and everything that is wrong in it.
        CheckpointError: if there is no such ``init``, or it is damaged.
    """
    values = read_toml(path)
    tables = values.pop("models", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(f"{path}: 'models' must hold a table [models.NAME] for each model")
    chosen = apply_overrides(values | ({"model": model} if model else {}), overrides, str(path))
    name = str(chosen.get("model") or _learnt(chosen, trust_code).get("model", "resnet50"))
    with names_from_file(trust_code):
        problems = [f"[models.{each}]: {problem}" for each in tables for problem in unknown_model(each)]
        if problems := problems or unknown_model(name):
            raise ConfigError(f"{path}: {'; '.join(problems)}")
    values = apply_overrides(_overlay(_overlay(values, tables.get(name, {})), {"model": name}), overrides, str(path))
    whole = _overlay(_learnt(values, trust_code), values)
    return from_mapping(ExperimentConfig, whole, str(path), trust_code=trust_code)


def _learnt(values: Mapping[str, Any], trust_code: bool) -> dict[str, Any]:
    """Return what a checkpoint to start from says of its network, nothing without one."""
    init = values.get("init")
    if not isinstance(init, str):
        return {}
    learnt = to_mapping(read_config(init, trust_code=trust_code))
    return {key: learnt[key] for key in NETWORK}


def _overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``top`` over it, table by table."""
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        both_tables = isinstance(value, Mapping) and isinstance(below, Mapping)
        result[key] = _overlay(below, value) if both_tables else value  # type: ignore[arg-type]
    return result
