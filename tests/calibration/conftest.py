"""The task of the training tests: words that are tones."""

from tests.training.conftest import tiny_model, tones, unseen_tones

__all__ = ["tiny_model", "tones", "unseen_tones"]
