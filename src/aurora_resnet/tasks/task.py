"""``Task``: what belongs together for one kind of model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.training.data import TrainingClips, TrainingData
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.objective import Objective


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
    clips: Callable[[ExperimentConfig, TrainingData, RecognizerModel, bool], TrainingClips]
    objective: Callable[[RecognizerModel | None], Objective]
    evaluate: Callable[..., Any] | None = None
    calibrate: Callable[..., Any] | None = None
    export: Callable[..., Any] | None = None
