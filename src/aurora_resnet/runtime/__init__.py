"""A sound becomes an answer, without torch: reading, clips, the decision, exported models, streams.

>>> from aurora_resnet.runtime import Recognizer
>>> Recognizer.from_pretrained("compact").vocabulary
Vocabulary(11 words: zero, one, two, three, four, five, six, seven, eight, nine, oh)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import telemetry as _telemetry  # noqa: F401  # before any dependency is loaded
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .audio.reading import read_audio
    from .decision import Calibration
    from .errors import AudioError, AuroraError, ConfigError, ModelError
    from .model_reference import EXPORTED, EXPORTED_STRINGS
    from .models import ExportedModel, load_model
    from .recognizer import Recognition, Recognizer
    from .streaming.config import StreamingConfig
    from .streaming.recognizer import StreamingRecognizer, WordEvent, recognize_stream
    from .strings.events import Digit, NoInput, Partial, Rejected, SpeechStarted, StringEnded, StringTimes
    from .strings.recognizer import DigitString, StringRecognizer, StringWord
    from .strings.streams import StringStreams
    from .vocabulary import DIGITS, Vocabulary

_HOMES = {
    ".audio.reading": ("read_audio",),
    ".decision": ("Calibration",),
    ".errors": ("AudioError", "AuroraError", "ConfigError", "ModelError"),
    ".model_reference": ("EXPORTED", "EXPORTED_STRINGS"),
    ".models": ("ExportedModel", "load_model"),
    ".recognizer": ("Recognition", "Recognizer"),
    ".streaming.config": ("StreamingConfig",),
    ".streaming.recognizer": ("StreamingRecognizer", "WordEvent", "recognize_stream"),
    ".strings.events": ("Digit", "NoInput", "Partial", "Rejected", "SpeechStarted", "StringEnded", "StringTimes"),
    ".strings.recognizer": ("DigitString", "StringRecognizer", "StringWord"),
    ".strings.streams": ("StringStreams",),
    ".vocabulary": ("DIGITS", "Vocabulary"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "DIGITS",
    "EXPORTED",
    "EXPORTED_STRINGS",
    "AudioError",
    "AuroraError",
    "Calibration",
    "ConfigError",
    "Digit",
    "DigitString",
    "ExportedModel",
    "ModelError",
    "NoInput",
    "Partial",
    "Recognition",
    "Recognizer",
    "Rejected",
    "SpeechStarted",
    "StreamingConfig",
    "StreamingRecognizer",
    "StringEnded",
    "StringRecognizer",
    "StringStreams",
    "StringTimes",
    "StringWord",
    "Vocabulary",
    "WordEvent",
    "load_model",
    "read_audio",
    "recognize_stream",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562), so that a version is printed without NumPy."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
