from .audio.mixing import mix_at_snr
from .audio.writing import write_audio
from .augmentation.noise_pool import NoisePool
from .augmentation.recipe import Augmentation
from .augmentation.spec_augment import SpecAugment
from .checkpoints import load_checkpoint, save_checkpoint
from .clips.augmented import AugmentedClips
from .clips.clip_set import ClipSet
from .clips.noisy import NoisyClips
from .corpora.corpus import Corpus
from .corpora.registry import load_corpus
from .corpora.relabelling import with_test_speakers
from .corpora.samples import read_samples
from .corpora.sources.an4 import read_an4, read_an4_strings
from .corpora.sources.aurora2 import read_aurora2
from .corpora.sources.folder import read_folder
from .corpora.sources.fsdd import read_fsdd
from .corpora.sources.fsdd_download import download_fsdd
from .corpora.sources.speech_commands import read_speech_commands
from .corpora.splits import check_speakers_disjoint, split_speakers
from .corpora.utterance import Utterance
from .evaluation.aurora_tables import AuroraTable
from .evaluation.bootstrap import paired_difference
from .evaluation.conditions import conditions_by
from .evaluation.evaluator import Evaluator
from .evaluation.report import EvaluationReport
from .export.onnx_file import export_onnx
from .features.mel import MelConfig, MelFrontend
from .inference import load_clips
from .models.cnn import CnnClassifier
from .models.cnn_lstm import CnnLstmClassifier
from .models.compact import CompactResNet
from .models.recognizer_model import RecognizerConfig, RecognizerModel
from .models.recurrent import RecurrentClassifier
from .models.resnet import ResidualSpeechNet
from .models.resnet_attention import ResNetAttention, ResNetTransformer
from .models.zoo import create_model, list_models, model_cost
from .noisy_corpus.build import build_noisy_corpus
from .recognition.recognizer import DigitRecognizer, Recognition
from .recognition.rejection import Calibration
from .recognition.streaming import DigitEvent, StreamingRecognizer, recognize_stream
from .recognition.streaming_config import StreamingConfig
from .runtime.audio.clips import fit_length, read_clip
from .runtime.audio.reading import RawFormat, read_audio
from .runtime.audio.resampling import resample
from .runtime.errors import AuroraError
from .runtime.vocabulary import WORDS
from .training.config import TrainingConfig
from .training.experiment import ExperimentConfig, read_experiment, run_experiment
from .training.trainer import Trainer, TrainingResult

__version__: str

__all__ = [
    "WORDS",
    "Augmentation",
    "AugmentedClips",
    "AuroraError",
    "AuroraTable",
    "Calibration",
    "ClipSet",
    "CnnClassifier",
    "CnnLstmClassifier",
    "CompactResNet",
    "Corpus",
    "DigitEvent",
    "DigitRecognizer",
    "EvaluationReport",
    "Evaluator",
    "ExperimentConfig",
    "MelConfig",
    "MelFrontend",
    "NoisePool",
    "NoisyClips",
    "RawFormat",
    "Recognition",
    "RecognizerConfig",
    "RecognizerModel",
    "RecurrentClassifier",
    "ResNetAttention",
    "ResNetTransformer",
    "ResidualSpeechNet",
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
