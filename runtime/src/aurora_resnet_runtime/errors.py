"""Every error that is raised on purpose; each says what was expected, what came and what to do."""

from __future__ import annotations


class RecognitionError(Exception):
    """Base class of all errors raised on purpose."""


class AudioError(RecognitionError):
    """A recording cannot be used."""


class ModelError(RecognitionError):
    """A model file is missing, damaged or not one that ``aurora-resnet export`` wrote."""
