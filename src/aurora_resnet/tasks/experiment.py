"""A training from its file to its run record."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.config_files import to_mapping
from aurora_resnet.environment import describe_environment, float32_on_cpu
from aurora_resnet.files import locked_folder, write_json
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import model_cost
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.tasks.strings import string_clips
from aurora_resnet.tasks.words import word_clips
from aurora_resnet.training.data import TrainingClips, TrainingData, load_data
from aurora_resnet.training.experiment import NETWORK, ExperimentConfig
from aurora_resnet.training.history import TrainingResult
from aurora_resnet.training.objective import Objective
from aurora_resnet.training.ranks import Ranks, local_device
from aurora_resnet.training.state import Resume, folder_taken
from aurora_resnet.training.string_objective import StringObjective
from aurora_resnet.training.trainer import Trainer
from aurora_resnet.training.word_objective import WordObjective

RECORD = "run.json"
#: Manifest of the recordings that chose the best epoch, where the task keeps it; ``calibrate`` takes it.
VALIDATION = "validation.csv"

MakeClips = Callable[[ExperimentConfig, TrainingData, RecognizerModel, bool], TrainingClips]
#: What makes the clips of a kind of model, and what it learns from a teacher if there is one; strings have none. What
#: answers, calibrates and exports a kind is registered in rooms below (``RECOGNIZERS``, ``CHOOSE``, ``EXPORTS``).
TASKS: dict[Kind, tuple[MakeClips, Callable[[RecognizerModel | None], Objective]]] = {
    "words": (word_clips, WordObjective),
    "strings": (string_clips, lambda _: StringObjective()),
}

logger = logging.getLogger(__name__)


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
    data = load_data(config.data, Vocabulary(config.words, config.digits) if config.words else None)
    model = build_network(config, data.vocabulary)
    make_clips, objective = TASKS[model.kind]
    teacher = _teacher(config, model.kind, data.vocabulary, trust_code)
    learnt, init = objective(teacher), config.init
    trainer = Trainer(
        model, config.training, out, device=device, progress=progress, objective=learnt, init=init, compile=compile
    )
    if trainer.load_report is not None:
        logger.info("%s; new: %s", trainer.load_report, ", ".join(trainer.load_report.new) or "nothing")
    clips = make_clips(config, data, model, progress)
    result = trainer.fit(clips.train, clips.validation, resume=resume)
    if ranks.first:
        if clips.held_out is not None:
            clips.held_out.write_csv(out / VALIDATION)
        write_json(_record(config, data, trainer, result, device), out / RECORD)
    return result


def build_network(config: ExperimentConfig, vocabulary: Vocabulary) -> RecognizerModel:
    """Return the network as it is before the training, by the seed alone."""
    recognizer = RecognizerConfig(**{name: getattr(config, name) for name in NETWORK}, vocabulary=vocabulary)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        return RecognizerModel(recognizer, weights=None if config.weights == "none" else config.weights)


def _record(
    config: ExperimentConfig, data: TrainingData, trainer: Trainer, result: TrainingResult, device: str
) -> dict[str, Any]:
    """Return what the run record says."""
    model = trainer.model
    report = trainer.load_report or getattr(model.classifier, "load_report", None)
    return {
        "kind": "training",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "experiment": to_mapping(config),
        "vocabulary": data.vocabulary.to_dict(),
        "data": {
            corpus.name: {"clips": len(corpus), "speakers": len(corpus.speakers), "digest": corpus.digest()}
            for corpus in (data.train, data.validation)
        },
        "pretrained": None if report is None else str(report),
        "cost": asdict(model_cost(model.classifier, model.frontend.frames(model.config.clip_samples))),
        "best_epoch": asdict(result.best),
        "epochs": len(result.history),
        "seconds": result.seconds,
        "processes": trainer.ranks.count,
        "environment": describe_environment(device),
    }


def _teacher(config: ExperimentConfig, kind: Kind, vocabulary: Vocabulary, trust_code: bool) -> RecognizerModel | None:
    """Return the trained network to learn from; its logits must mean the same words."""
    if config.teacher is None:
        return None
    teacher = load_checkpoint(config.teacher, kind=kind, trust_code=trust_code).model
    if teacher.config.words != vocabulary.words:
        raise ConfigError(
            f"teacher {config.teacher} knows other words ({', '.join(teacher.config.words[:12])}) than the model is to "
            f"learn ({', '.join(vocabulary.words[:12])}), or in another order; give its words"
        )
    if teacher.config.sample_rate != config.mel.sample_rate:
        raise ConfigError(
            f"teacher {config.teacher} works at {teacher.config.sample_rate} Hz, the model at "
            f"{config.mel.sample_rate} Hz; both get the same clips"
        )
    return teacher
