"""``Task``: what belongs together for one kind of model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aurora_resnet.calibration.choice import Choice
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.recognizers import AnyRecognizer
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
        recognizer: the class that answers with a trained model.
        evaluate: answers recordings so that right and wrong can be counted; ``Evaluator`` makes the report.
        calibrate: chooses a checkpoint's decision on recordings that it was not trained on, and negatives.
        export: what a model becomes as ONNX; ``export_onnx`` writes it.
    """

    kind: Kind
    clips: Callable[[ExperimentConfig, TrainingData, RecognizerModel, bool], TrainingClips]
    objective: Callable[[RecognizerModel | None], Objective]
    recognizer: type[AnyRecognizer]
    evaluate: Callable[..., Any]
    calibrate: Callable[..., Choice]
    export: Callable[..., Any]
