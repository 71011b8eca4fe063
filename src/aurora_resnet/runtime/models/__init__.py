"""Models: what recognition asks of one of single words and of one of strings, and the exported ones."""

from ..onnx_file import CARD, METADATA
from .facts import finite_logits
from .words import FEATURES, INPUT, LOGITS, LONGEST_CLIP_SECONDS, ExportedModel, ModelFacts, ScoringModel, load_model

__all__ = [
    *("CARD", "FEATURES", "INPUT", "LOGITS", "LONGEST_CLIP_SECONDS", "METADATA"),
    *("ExportedModel", "ModelFacts", "ScoringModel", "finite_logits", "load_model"),
]
