from .audio.clips import fit_length, read_clip
from .audio.files import RawFormat, read_audio
from .audio.mixing import mix_at_snr
from .audio.resampling import resample
from .audio.writing import write_audio
from .augmentation.recipe import Augmentation
from .augmentation.spec_augment import SpecAugment
from .checkpoints import load_checkpoint, save_checkpoint
from .corpora.an4 import read_an4, read_an4_strings
from .corpora.augmented import AugmentedCorpus
from .corpora.aurora2 import read_aurora2
from .corpora.clip_set import ClipSet
from .corpora.folders import read_folder
from .corpora.fsdd import read_fsdd
from .corpora.fsdd_download import download_fsdd
from .corpora.manifest import Corpus
from .corpora.noise_pool import NoisePool
from .corpora.noisy import build_noisy_corpus
from .corpora.noisy_training import NoisyTrainingCorpus
from .corpora.registry import load_corpus
from .corpora.relabelling import with_test_speakers
from .corpora.samples import read_samples
from .corpora.speech_commands import read_speech_commands
from .corpora.splitting import check_speakers_disjoint, split_speakers
from .corpora.utterance import Utterance
from .errors import AuroraError
from .evaluation.aurora_tables import AuroraTable
from .evaluation.bootstrap import paired_difference
from .evaluation.conditions import conditions_by
from .evaluation.evaluator import Evaluator
from .evaluation.report import EvaluationReport
from .export.onnx_file import export_onnx
from .features.mel import MelConfig, MelFrontend
from .features.self_supervised import SelfSupervisedFrontend
from .inference import load_clips
from .labels import WORDS
from .models.cnn import CnnClassifier
from .models.cnn_lstm import CnnLstmClassifier
from .models.compact import CompactResNet
from .models.recognizer_model import RecognizerConfig, RecognizerModel
from .models.recurrent import RecurrentClassifier
from .models.resnet import ResidualSpeechNet
from .models.resnet_attention import ResNetAttention, ResNetTransformer
from .models.zoo import create_model, list_models, model_cost
from .recognition.recognizer import DigitRecognizer, Recognition
from .recognition.rejection import Calibration
from .recognition.streaming import DigitEvent, StreamingRecognizer, recognize_stream
from .recognition.streaming_config import StreamingConfig
from .training.config import TrainingConfig
from .training.contrastive import ContrastiveTrainer
from .training.experiment import ExperimentConfig, read_experiment, run_experiment
from .training.trainer import Trainer, TrainingResult

__version__: str

__all__ = [
    "WORDS",
    "Augmentation",
    "AugmentedCorpus",
    "AuroraError",
    "AuroraTable",
    "Calibration",
    "ClipSet",
    "CnnClassifier",
    "CnnLstmClassifier",
    "CompactResNet",
    "ContrastiveTrainer",
    "Corpus",
    "DigitEvent",
    "DigitRecognizer",
    "EvaluationReport",
    "Evaluator",
    "ExperimentConfig",
    "MelConfig",
    "MelFrontend",
    "NoisePool",
    "NoisyTrainingCorpus",
    "RawFormat",
    "Recognition",
    "RecognizerConfig",
    "RecognizerModel",
    "RecurrentClassifier",
    "ResNetAttention",
    "ResNetTransformer",
    "ResidualSpeechNet",
    "SelfSupervisedFrontend",
    "SpecAugment",
    "StreamingConfig",
    "StreamingRecognizer",
    "Trainer",
    "TrainingConfig",
    "TrainingResult",
    "Utterance",
    "__version__",
    "build_noisy_corpus",
    "check_speakers_disjoint",
    "conditions_by",
    "create_model",
    "download_fsdd",
    "export_onnx",
    "fit_length",
    "list_models",
    "load_checkpoint",
    "load_clips",
    "load_corpus",
    "mix_at_snr",
    "model_cost",
    "paired_difference",
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
    "recognize_stream",
    "resample",
    "run_experiment",
    "save_checkpoint",
    "split_speakers",
    "with_test_speakers",
    "write_audio",
]
