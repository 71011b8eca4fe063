"""Spoken-digit recognition from one ONNX file, without torch."""

from __future__ import annotations

from aurora_resnet_runtime.errors import AudioError, ModelError, RecognitionError
from aurora_resnet_runtime.recognizer import OnnxDigitRecognizer, Recognition

__all__ = ["AudioError", "ModelError", "OnnxDigitRecognizer", "Recognition", "RecognitionError"]
