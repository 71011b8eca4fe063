"""Spoken-digit recognition in clean and noisy speech: ResNets on mel spectrograms, measured honestly.

The names below are the public interface; nothing is downloaded, printed or set by importing them.
"""

from __future__ import annotations

from importlib.metadata import version

from aurora_resnet.audio.clips import fit_length, read_clip
from aurora_resnet.audio.files import RawFormat, read_audio
from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.audio.resampling import resample
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.corpora.an4 import read_an4, read_an4_strings
from aurora_resnet.corpora.aurora2 import read_aurora2
from aurora_resnet.corpora.clip_set import ClipSet
from aurora_resnet.corpora.folders import read_folder
from aurora_resnet.corpora.fsdd import read_fsdd
from aurora_resnet.corpora.fsdd_download import download_fsdd
from aurora_resnet.corpora.manifest import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.speech_commands import read_speech_commands
from aurora_resnet.corpora.splitting import check_speakers_disjoint, split_speakers
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.errors import AuroraError
from aurora_resnet.evaluation.conditions import conditions_by
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.evaluation.report import EvaluationReport
from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.inference import load_clips
from aurora_resnet.labels import WORDS
from aurora_resnet.models.cnn import CnnClassifier
from aurora_resnet.models.cnn_lstm import CnnLstmClassifier
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.recurrent import RecurrentClassifier
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.models.zoo import create_model, list_models, model_cost
from aurora_resnet.recognition.recognizer import DigitRecognizer, Recognition
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.experiment import ExperimentConfig, read_experiment, run_experiment
from aurora_resnet.training.trainer import Trainer, TrainingResult

__version__ = version("aurora-resnet")

__all__ = [
    "WORDS",
    "AuroraError",
    "ClipSet",
    "CnnClassifier",
    "CnnLstmClassifier",
    "Corpus",
    "DigitRecognizer",
    "EvaluationReport",
    "Evaluator",
    "ExperimentConfig",
    "MelConfig",
    "MelFrontend",
    "RawFormat",
    "Recognition",
    "RecognizerConfig",
    "RecognizerModel",
    "RecurrentClassifier",
    "ResidualSpeechNet",
    "SpecAugment",
    "Trainer",
    "TrainingConfig",
    "TrainingResult",
    "Utterance",
    "__version__",
    "check_speakers_disjoint",
    "conditions_by",
    "create_model",
    "download_fsdd",
    "fit_length",
    "list_models",
    "load_checkpoint",
    "load_clips",
    "load_corpus",
    "mix_at_snr",
    "model_cost",
    "read_an4",
    "read_an4_strings",
    "read_audio",
    "read_aurora2",
    "read_clip",
    "read_experiment",
    "read_folder",
    "read_fsdd",
    "read_samples",
    "read_speech_commands",
    "resample",
    "run_experiment",
    "save_checkpoint",
    "split_speakers",
    "write_audio",
]
