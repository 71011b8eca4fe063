"""Strings of words: the words of each clip in order."""

from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.training.data import TrainingClips, TrainingData
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.strings import load_strings


def string_clips(config: ExperimentConfig, data: TrainingData, model: RecognizerModel, progress: bool) -> TrainingClips:
    """Return clips of strings; ``held_out`` are the recordings of strings and talk that choose the best epoch."""
    del progress
    return load_strings(data, config.data, model, seed=config.training.seed)
