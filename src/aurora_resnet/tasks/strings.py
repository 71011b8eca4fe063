"""Strings of words: the words of each clip in order, CTC, the share of strings that are right."""

from __future__ import annotations

from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.tasks.task import Task
from aurora_resnet.training.data import TrainingClips, TrainingData
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.string_objective import StringObjective
from aurora_resnet.training.strings import load_strings


def string_clips(config: ExperimentConfig, data: TrainingData, model: RecognizerModel, progress: bool) -> TrainingClips:
    """Return clips of strings; ``held_out`` are the recordings of strings and talk that choose the best epoch."""
    del progress
    return load_strings(data, config.data, model, seed=config.training.seed)


def string_objective(config: ExperimentConfig, vocabulary: Vocabulary, trust_code: bool) -> StringObjective:
    """Return the objective, with the model to learn from; it may know more words."""
    del vocabulary, trust_code
    teacher = None if config.teacher is None else StringRecognizer.from_pretrained(config.teacher).model
    return StringObjective(teacher)


STRINGS = Task(kind="strings", clips=string_clips, objective=string_objective)
