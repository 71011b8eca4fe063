"""Every error that the library raises on purpose.

Each message says what was expected, what came and what to do, in one or two lines. Catching
``AuroraError`` catches all of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AuroraError(Exception):
    """Base class of all errors raised on purpose by aurora_resnet."""


class AudioError(AuroraError):
    """An audio file or waveform cannot be used."""


class ConfigError(AuroraError, ValueError):
    """An option, a configuration file or an argument is wrong."""


class CorpusError(AuroraError):
    """A corpus folder, manifest or recording is not what it should be."""


class SpeakerLeakError(CorpusError):
    """The same speaker stands on both sides of a split."""


class CheckpointError(AuroraError):
    """A weight file is missing, damaged or belongs to another network."""


class TrainingError(AuroraError):
    """A training cannot start, continue or make progress."""


class ExportError(AuroraError):
    """A model cannot be exported, or what was exported does not answer as the model does."""


class DownloadError(AuroraError):
    """A download failed, or what came is not what was expected."""


class MissingDependencyError(AuroraError, ImportError):
    """An optional dependency is not installed or does not import here."""


def torchaudio_missing(purpose: str, error: BaseException, *, instead: str = "") -> MissingDependencyError:
    """Return the error for what only torchaudio has, where torchaudio does not import.

    >>> str(torchaudio_missing("Bells are rung", OSError("no clapper"))).splitlines()[0]
    'Bells are rung through torchaudio, which does not import here: no clapper'
    """
    return MissingDependencyError(
        f"{purpose} through torchaudio, which does not import here: {error}\n"
        "torchaudio 2.11 refuses to load beside a torch built for another CUDA version; install a matching "
        f"pair in another environment (pip install torch==2.11.* torchaudio==2.11.*){instead}"
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint with the closest known name, or an empty string.

    >>> did_you_mean("epoch", ["epochs", "seed"])
    " (did you mean 'epochs'?)"
    >>> did_you_mean("zzz", ["epochs", "seed"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
