from .audio.mixing import mix_at_snr
from .audio.writing import write_audio
from .augmentation.recipe import Augmentation
from .calibration.word_point import calibrate
from .checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from .clips.augmented import AugmentedClips
from .clips.clip_set import ClipSet, load_clips
from .clips.noisy import NoisyClips
from .corpora.corpus import Corpus
from .corpora.registry import load_corpus
from .corpora.splits import split_speakers
from .corpora.utterance import Utterance
from .evaluation.bootstrap import paired_difference
from .evaluation.evaluator import Evaluator
from .evaluation.report import EvaluationReport
from .export.onnx_file import export_onnx
from .features.mel import MelConfig, MelFrontend
from .models.grad_cam import grad_cam
from .models.recognizer_model import RecognizerConfig, RecognizerModel
from .models.resnet import ResidualSpeechNet
from .models.zoo import create_model, list_models, register_model
from .noisy_corpus.build import build_noisy_corpus
from .recognition.recognizer import DigitRecognizer
from .runtime.audio.reading import read_audio
from .runtime.audio.resampling import resample
from .runtime.decision import Calibration
from .runtime.errors import AuroraError
from .runtime.recognizer import Recognition
from .runtime.streaming.recognizer import StreamingRecognizer, WordEvent
from .runtime.strings.events import Digit, NoInput, Partial, Rejected, SpeechStarted, StringEnded, StringTimes
from .runtime.strings.recognizer import DigitString, StringRecognizer
from .runtime.strings.streams import StringStreams
from .runtime.vocabulary import DIGITS, Vocabulary
from .training.config import TrainingConfig
from .training.experiment import read_experiment, run_experiment
from .training.history import TrainingResult
from .training.trainer import Trainer

__version__: str

__all__ = [
    "DIGITS",
    "Augmentation",
    "AugmentedClips",
    "AuroraError",
    "Calibration",
    "Checkpoint",
    "ClipSet",
    "Corpus",
    "Digit",
    "DigitRecognizer",
    "DigitString",
    "EvaluationReport",
    "Evaluator",
    "MelConfig",
    "MelFrontend",
    "NoInput",
    "NoisyClips",
    "Partial",
    "Recognition",
    "RecognizerConfig",
    "RecognizerModel",
    "Rejected",
    "ResidualSpeechNet",
    "SpeechStarted",
    "StreamingRecognizer",
    "StringEnded",
    "StringRecognizer",
    "StringStreams",
    "StringTimes",
    "Trainer",
    "TrainingConfig",
    "TrainingResult",
    "Utterance",
    "Vocabulary",
    "WordEvent",
    "__version__",
    "build_noisy_corpus",
    "calibrate",
    "create_model",
    "export_onnx",
    "grad_cam",
    "list_models",
    "load_checkpoint",
    "load_clips",
    "load_corpus",
    "mix_at_snr",
    "paired_difference",
    "read_audio",
    "read_experiment",
    "register_model",
    "resample",
    "run_experiment",
    "save_checkpoint",
    "split_speakers",
    "write_audio",
]
