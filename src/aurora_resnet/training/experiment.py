"""A whole training as one TOML file: model, front end, data, how to train."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import torch

from aurora_resnet.bounds import Between, configuration
from aurora_resnet.checkpoints import load_checkpoint, read_config
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.config_files import apply_overrides, from_mapping, read_toml, to_mapping
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.environment import describe_environment, float32_on_cpu
from aurora_resnet.features.frontend import unknown_frontend
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.files import locked_folder, write_json
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.models.streaming import check_streams
from aurora_resnet.models.zoo import find_model, list_models, model_cost, unknown_model
from aurora_resnet.references import names_from_file
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.runtime.models import LONGEST_CLIP_SECONDS
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.data import DataConfig, load_data
from aurora_resnet.training.history import TrainingResult
from aurora_resnet.training.ranks import Ranks, local_device
from aurora_resnet.training.sounds import training_clips, validation_clips
from aurora_resnet.training.state import Resume, folder_taken
from aurora_resnet.training.string_trainer import StringTrainer
from aurora_resnet.training.strings import load_strings
from aurora_resnet.training.trainer import Trainer

RECORD = "run.json"
VALIDATION = "validation.csv"
"""Manifest of the strings, and of talk without words, that chose the best epoch; ``calibrate`` takes it."""

logger = logging.getLogger(__name__)


@configuration(kw_only=True)
class ExperimentConfig:
    """A training file after one model was chosen."""

    model: str
    mel: MelConfig
    data: DataConfig
    training: TrainingConfig
    clip_seconds: Annotated[float, Between(0, LONGEST_CLIP_SECONDS, above=True)] = 1.0
    weights: str | None = None
    """Pretrained weights for a model that takes them: a path or ``imagenet``; ``none`` starts from random ones."""
    init: str | None = None
    """What the training starts from: a shipped name or a checkpoint. Model, front end, options and clip length are
    those of the checkpoint unless the file says otherwise; the head of other words is new."""
    options: dict[str, Any] = field(default_factory=dict)
    """Options of the model."""
    frontend: str | None = None
    """A front end of another package, by its name or ``package.module:Class``; see ``Frontend``."""
    frontend_options: dict[str, Any] = field(default_factory=dict)
    teacher: str | None = None
    """A trained model to learn from, with ``training.distillation``: a shipped name or a checkpoint."""
    words: tuple[str, ...] = ()
    """The vocabulary in class order. Without it the words of the training corpora, or ``DIGITS`` if they have no
    others."""
    digits: tuple[Annotated[int, Between(0, 9)] | None, ...] = ()
    """The digit that each of the words names, if any; English digit words name theirs."""

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


@float32_on_cpu()
def run_experiment(
    config: ExperimentConfig,
    out: str | Path,
    *,
    device: str = "cpu",
    resume: Resume = False,
    progress: bool = False,
    compile: bool = False,
    trust_code: bool = False,
) -> TrainingResult:
    """Train as a file says and write the run record ``run.json`` beside the checkpoints.

    Args:
        config: from ``read_experiment``.
        out: folder of the run.
        device: where to train.
        resume: go on with the run in ``out``; ``"best"`` as ``Trainer.fit`` has it.
        progress: show bars on a terminal.
        compile: see ``Trainer``.
        trust_code: of the teacher's file, as ``load_checkpoint``; what ``config`` names was read with its own.

    Raises:
        TrainingError: as ``Trainer.fit`` does; that another training works in ``out`` is told at once.
    """
    out = Path(out)
    ranks = Ranks.join(local_device(torch.device(device)))
    with locked_folder(out, folder_taken(out)) if ranks.first else nullcontext():
        pass  # known before the recordings are read; the trainer takes the lock for itself
    progress = progress and ranks.first
    given = Vocabulary(config.words, config.digits) if config.words else None
    data = load_data(config.data, given)
    train, validation, vocabulary = data
    recognizer = RecognizerConfig(
        config.model,
        config.mel,
        options=config.options,
        clip_seconds=config.clip_seconds,
        vocabulary=vocabulary,
        frontend=config.frontend,
        frontend_options=config.frontend_options,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        model = RecognizerModel(recognizer, weights=None if config.weights == "none" else config.weights)
    teacher = _teacher(config, vocabulary, trust_code)
    if config.data.strings is not None:
        check_streams(recognizer)
    kind = Trainer if config.data.strings is None else StringTrainer
    trainer = kind(
        model,
        config.training,
        out,
        device=device,
        progress=progress,
        teacher=teacher,
        init=config.init,
        compile=compile,
    )
    if trainer.load_report is not None:
        logger.info("%s; new: %s", trainer.load_report, ", ".join(trainer.load_report.new) or "nothing")

    if config.data.strings is not None:
        strings = load_strings(data, config.data, model, seed=config.training.seed)
        result = trainer.fit(strings.train, strings.validation, resume=resume)
        strings.held_out.write_csv(out / VALIDATION)
    else:
        result = trainer.fit(*_words(config, model, train, validation, device, progress), resume=resume)
    cost = model_cost(model.classifier, model.frontend.frames(recognizer.clip_samples))
    image_report = model.classifier.load_report if isinstance(model.classifier, ResidualSpeechNet) else None
    report = trainer.load_report or image_report
    record = {
        "kind": "training",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "experiment": to_mapping(config),
        "vocabulary": vocabulary.to_dict(),
        "data": {
            corpus.name: {"clips": len(corpus), "speakers": len(corpus.speakers), "digest": corpus.digest()}
            for corpus in (train, validation)
        },
        "pretrained": None if report is None else str(report),
        "cost": asdict(cost),
        "best_epoch": asdict(result.best),
        "epochs": len(result.history),
        "seconds": result.seconds,
        "processes": ranks.count,
        "environment": describe_environment(device),
    }
    if ranks.first:
        write_json(record, out / RECORD)
    return result


def _words(
    config: ExperimentConfig, model: RecognizerModel, train: Corpus, validation: Corpus, device: str, progress: bool
) -> tuple[ClipSet | ClipSource, ClipSet | None]:
    """Return what a model of single words learns from, and what chooses the best epoch."""
    clips = load_clips(train, model.config, progress=progress)
    held_out = load_clips(validation, model.config, progress=progress) if len(validation) else None
    if config.frontend is None and config.init is None and model.frontend.normalization is not None:
        batches = (clips.batch(range(i, min(i + 64, len(clips)))) for i in range(0, len(clips), 64))
        model.frontend.normalization.fit(model.frontend.log_mel(b.to(device)) for b in batches)
    augment = config.data.augment
    if augment is None:
        return clips, held_out
    fresh = training_clips(clips, augment, config.data.root, seed=config.training.seed)
    return fresh, validation_clips(held_out, augment, config.data.root) if held_out else None


def _learnt(values: Mapping[str, Any], trust_code: bool) -> dict[str, Any]:
    """Return what a checkpoint to start from says of its network, nothing without one."""
    init = values.get("init")
    if not isinstance(init, str):
        return {}
    learnt = to_mapping(read_config(init, trust_code=trust_code))
    return {key: learnt[key] for key in ("model", "mel", "options", "clip_seconds", "frontend", "frontend_options")}


def _teacher(config: ExperimentConfig, vocabulary: Vocabulary, trust_code: bool) -> RecognizerModel | None:
    """Return the trained network to learn from; its logits must mean the same words."""
    if config.teacher is None:
        return None
    kind: Kind = "words" if config.data.strings is None else "strings"
    teacher = load_checkpoint(config.teacher, kind=kind, trust_code=trust_code).model
    if teacher.config.words != vocabulary.words:
        raise ConfigError(
            f"teacher {config.teacher} knows other words ({', '.join(teacher.config.words[:12])}) than the model is to "
            f"learn ({', '.join(vocabulary.words[:12])}), or in another order; give its words"
        )
    if teacher.config.sample_rate != config.mel.sample_rate:
        raise ConfigError(
            f"teacher {config.teacher} works at {teacher.config.sample_rate} Hz, the model at "
            f"{config.mel.sample_rate} Hz; both hear the same clips"
        )
    return teacher


def _overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``top`` over it, table by table."""
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        both_tables = isinstance(value, Mapping) and isinstance(below, Mapping)
        result[key] = _overlay(below, value) if both_tables else value  # type: ignore[arg-type]
    return result
