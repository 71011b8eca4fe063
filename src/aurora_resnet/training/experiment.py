"""A whole training as one TOML file: model, front end, data, how to train."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.config_files import apply_overrides, from_mapping, read_toml, to_mapping
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.files import write_json
from aurora_resnet.inference import load_clips
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.models.zoo import list_models, model_cost
from aurora_resnet.runtime.errors import ConfigError, did_you_mean
from aurora_resnet.training.augmented_data import augment_clips, noisy_validation
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.data import DataConfig, add_noise, load_data
from aurora_resnet.training.trainer import Trainer, TrainingResult

RECORD = "run.json"


@dataclass(frozen=True)
class ExperimentConfig:
    """A training file after one model was chosen."""

    model: str
    mel: MelConfig
    data: DataConfig
    training: TrainingConfig
    clip_seconds: float = 1.0
    weights: str | None = None
    """Pretrained weights for a model that takes them: a path or ``imagenet``; ``none`` starts from random ones."""
    options: dict[str, Any] = field(default_factory=dict)
    """Options of the model."""
    teacher: str | None = None
    """Checkpoint of a trained model to learn from, with ``training.distillation``."""


def read_experiment(path: str | Path, model: str | None = None, overrides: tuple[str, ...] = ()) -> ExperimentConfig:
    """Read a training file.

    The file may hold a table ``[models.NAME]`` with ``weights``, ``options`` and ``training`` for each model; the one
    of the chosen model is laid over the rest, so the same file serves all models.

    Args:
        path: the TOML file.
        model: chosen model instead of the file's ``model``.
        overrides: ``section.key=value``, applied last.

    Raises:
        ConfigError: names the file and everything that is wrong in it.
    """
    values = read_toml(path)
    tables = values.pop("models", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(f"{path}: 'models' must hold a table [models.NAME] for each model")
    unknown = [f"'models.{name}'{did_you_mean(name, list_models())}" for name in tables if name not in list_models()]
    if unknown:
        raise ConfigError(f"{path}: unknown model in {', '.join(unknown)}; models: {', '.join(list_models())}")
    name = apply_overrides({**values, "model": model or values.get("model", "resnet50")}, overrides)["model"]
    if name not in list_models():
        hint = did_you_mean(str(name), list_models())
        raise ConfigError(f"{path}: unknown model '{name}'{hint}; models: {', '.join(list_models())}")
    values = _overlay(_overlay(values, tables.get(name, {})), {"model": name})
    config = from_mapping(ExperimentConfig, apply_overrides(values, overrides), str(path))
    if not config.data.train:
        raise ConfigError(f"{path}: data.train names no corpus")
    return config


def run_experiment(
    config: ExperimentConfig,
    out: str | Path,
    *,
    device: str = "cpu",
    resume: bool = False,
    progress: bool = False,
) -> TrainingResult:
    """Train as a file says and write the run record ``run.json`` beside the checkpoints.

    Args:
        config: from ``read_experiment``.
        out: folder of the run.
        device: where to train.
        resume: go on with the run in ``out``.
        progress: show bars on a terminal.
    """
    out = Path(out)
    train, validation = load_data(config.data)
    recognizer = RecognizerConfig(config.model, config.mel, config.options, config.clip_seconds)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        model = RecognizerModel(recognizer, weights=None if config.weights == "none" else config.weights)
    teacher = load_checkpoint(config.teacher).model if config.teacher else None
    trainer = Trainer(model, config.training, out, device=device, progress=progress, teacher=teacher)

    train_clips = load_clips(train, recognizer, progress=progress)
    held_out = load_clips(validation, recognizer, progress=progress) if len(validation) else None
    if model.frontend.normalization is not None:
        batches = (train_clips.batch(range(i, min(i + 64, len(train_clips)))) for i in range(0, len(train_clips), 64))
        model.frontend.normalization.fit(model.frontend.log_mel(b.to(device)) for b in batches)
    data, seed = config.data, config.training.seed
    fresh: ClipSource | None = None
    if data.noise:
        fresh = add_noise(train_clips, data.noise, data.root, seed)
        if held_out and data.noise.noisy_validation:
            held_out = add_noise(held_out, data.noise, data.root, seed=0).epoch(0)
    elif data.augment:
        fresh = augment_clips(train_clips, data.augment, data.root, seed)
        held_out = noisy_validation(held_out, data.augment, data.root, seed) if held_out else None
    result = trainer.fit(fresh or train_clips, held_out, resume=resume)
    cost = model_cost(model.classifier, config.mel.frames(recognizer.clip_samples))
    report = model.classifier.load_report if isinstance(model.classifier, ResidualSpeechNet) else None
    record = {
        "kind": "training",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "experiment": to_mapping(config),
        "data": {
            corpus.name: {"clips": len(corpus), "speakers": len(corpus.speakers), "digest": corpus.digest()}
            for corpus in (train, validation)
        },
        "pretrained": None if report is None else str(report),
        "cost": asdict(cost),
        "best_epoch": asdict(result.best),
        "epochs": len(result.history),
        "seconds": result.seconds,
        "environment": describe_environment(device),
    }
    write_json(out / RECORD, record)
    return result


def describe_environment(device: str) -> dict[str, str | int]:
    """Return versions and machine, as far as they influence results and speed.

    >>> sorted(describe_environment("cpu"))
    ['aurora_resnet', 'device', 'machine', 'python', 'threads', 'torch']
    """
    return {
        "aurora_resnet": version("aurora-resnet"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "threads": torch.get_num_threads(),
    }


def _overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``top`` over it, table by table."""
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        both_tables = isinstance(value, Mapping) and isinstance(below, Mapping)
        result[key] = _overlay(below, value) if both_tables else value  # type: ignore[arg-type]
    return result
