"""``Task``: what belongs together for one kind of model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.training.data import TrainingData
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.objective import Objective


class TaskClips(NamedTuple):
    """What a training learns from, what chooses the best epoch, and the latter's recordings where they are kept."""

    train: ClipSet | ClipSource
    validation: ClipSet | None
    held_out: Corpus | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """What belongs together for one kind of model.

    Attributes:
        kind: ``words`` or ``strings``.
        clips: makes the training and validation clips of an experiment, for a model that is to be trained.
        objective: makes what is learnt, from a teacher if there is one.
        evaluate: measures a model on recordings.
        calibrate: chooses a model's decision on recordings that it was not trained on.
        export: writes a model as ONNX.
    """

    kind: Kind
    clips: Callable[[ExperimentConfig, TrainingData, RecognizerModel, bool], TaskClips]
    objective: Callable[[RecognizerModel | None], Objective]
    evaluate: Callable[..., Any] | None = None
    calibrate: Callable[..., Any] | None = None
    export: Callable[..., Any] | None = None
