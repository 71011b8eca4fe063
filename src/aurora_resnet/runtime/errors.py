"""Every error that the library raises on purpose.

Each message says what was expected, what came and what to do, in one or two lines. Catching
``AuroraError`` catches all of them.
"""

from collections.abc import Iterable, Sequence


class AuroraError(Exception):
    """Base class of all errors raised on purpose."""


class AudioError(AuroraError):
    """An audio file or waveform cannot be used."""


class ConfigError(AuroraError, ValueError):
    """An option, a configuration file or an argument is wrong."""


class CorpusError(AuroraError):
    """A corpus folder, manifest or recording is not what it should be."""


class SpeakerLeakError(CorpusError):
    """The same speaker stands on both sides of a split."""


class ModelError(AuroraError):
    """A model file, exported or checkpoint, is missing, damaged or not one of ours."""


class CheckpointError(ModelError):
    """A checkpoint is missing, damaged or belongs to another network."""


class TrainingError(AuroraError):
    """A training cannot start, continue or make progress."""


class ExportError(AuroraError):
    """A model cannot be exported, or what was exported does not answer as the model does."""


class DownloadError(AuroraError):
    """A download failed, or what came is not what was expected."""


class MissingDependencyError(AuroraError, ImportError):
    """An optional dependency is not installed or does not import here."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint with the closest known name, or an empty string.

    >>> did_you_mean("epoch", ["epochs", "seed"])
    " (did you mean 'epochs'?)"
    >>> did_you_mean("zzz", ["epochs", "seed"])
    ''
    """
    import difflib  # where a name is wrong, and only there

    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def listed(texts: Sequence[str], most: int, separator: str = ", ") -> str:
    """Return texts as a message lists them: the first ones, and how many more there are.

    >>> listed(["a", "b", "c"], 2), listed(["a", "b"], 2)
    ('a, b and 1 more', 'a, b')
    """
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return separator.join(texts[:most]) + more
