"""Spoken-digit recognition in clean and noisy speech: ResNets on mel spectrograms, measured honestly.

The public names stand in ``__init__.pyi``; each is loaded when it is first used (PEP 562), so that importing the
package or one of its small modules does not import torch. Nothing is downloaded or printed by importing, and nothing
is set but the variables that keep dependencies from reporting to their makers (``runtime/telemetry.py``). What the
library logs goes to the logger ``aurora_resnet`` and nowhere else until a program gives it a handler.
"""

import logging
from pathlib import Path

import lazy_loader

from .runtime import model_reference
from .runtime import telemetry as _telemetry  # noqa: F401  # before any dependency is loaded
from .runtime.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

model_reference.FOLDERS["checkpoint"] = Path(__file__).with_name("pretrained")
model_reference.ADDED.update(
    words="aurora_resnet.recognition.word_model:load_scoring_model",
    strings="aurora_resnet.recognition.string_model:load_sequence_model",
    kind="aurora_resnet.checkpoints:checkpoint_kind",
    hub="aurora_resnet.pretrained_folder:hub_files",
    checkpoint="aurora_resnet.checkpoints:load_checkpoint",
    folder="aurora_resnet.export.pretrained:save_pretrained",
)

logging.getLogger(__name__).addHandler(logging.NullHandler())  # else Python prints warnings of silent loggers
