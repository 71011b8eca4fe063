"""``Task``: what a training of one kind of model is made of.

What answers, calibrates and exports a kind is registered in rooms below (``RECOGNIZERS``, ``CHOOSE``, ``EXPORTS``),
which serve models that were trained elsewhere too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.training.data import TrainingClips, TrainingData
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.objective import Objective


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a training of one kind of model is made of.

    Attributes:
        kind: ``words`` or ``strings``.
        clips: makes the training and validation clips of an experiment, for a model that is to be trained.
        objective: makes what is learnt, from a teacher if there is one.
    """

    kind: Kind
    clips: Callable[[ExperimentConfig, TrainingData, RecognizerModel, bool], TrainingClips]
    objective: Callable[[RecognizerModel | None], Objective]
