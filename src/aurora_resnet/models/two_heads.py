"""Single words and strings by one encoder: a head for each, and what the one says of the other's sounds."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from aurora_resnet.models.load_report import misfits
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.speech_encoder import SpeechEncoder, agreement
from aurora_resnet.models.streaming import unit_probabilities
from aurora_resnet.models.string_classifier import StringClassifier
from aurora_resnet.models.whole_strings import WholeNetwork
from aurora_resnet.runtime.errors import ConfigError

WORD_HEAD, STRING_HEAD = "classifier.head.", "classifier.strings."


def beside_strings(words: RecognizerModel, strings: RecognizerModel) -> RecognizerModel:
    """Return a model of single words to whose evidence the head of a model of strings adds ``agreement``.

    Args:
        words: a ``SpeechEncoder``.
        strings: a ``StringEncoder`` with the same encoder; it may know more words, behind the same.

    Raises:
        ConfigError: if the encoders or the words differ.
    """
    _check_one_encoder(words.classifier, strings.classifier)
    known = words.config.vocabulary.words
    if strings.config.vocabulary.words[: len(known)] != known:
        raise ConfigError(f"the model of strings must know the same words first: {', '.join(known)}")
    assert isinstance(strings.classifier, StringClassifier)
    options = {**words.config.options, "others": strings.classifier.blank - len(known)}
    both = RecognizerModel(replace(words.config, options=options))
    head = {
        name.replace(WORD_HEAD, STRING_HEAD): value
        for name, value in strings.state_dict().items()
        if name.startswith(WORD_HEAD)
    }
    both.load_state_dict(words.state_dict() | head)
    return both.eval()


class TwoHeads(nn.Module):
    """Strings and single words by one encoder.

    Args:
        words: a ``SpeechEncoder``; if it was made by ``beside_strings``, of these strings.
        strings: a ``StringEncoder`` with the same encoder.

    Shape: ``[B, N] -> [B, N // step, K + 2], [B, K], [B, M, T]``: probabilities, logits, features.

    Raises:
        ConfigError: if the encoders or the heads for strings differ.
    """

    def __init__(self, words: RecognizerModel, strings: WholeNetwork) -> None:
        super().__init__()
        self.frontend, self.classifier = strings.frontend, strings.classifier
        _check_one_encoder(words.classifier, strings.classifier)
        self.word_head = copy.deepcopy(words.classifier.head).cpu().eval()
        beside = words.classifier.strings if isinstance(words.classifier, SpeechEncoder) else None
        self.agreeing, self.words = beside is not None, words.classifier.num_classes
        if beside is not None and not _equal(beside, strings.classifier.head):
            raise ConfigError("the model of words was made beside another model of strings; give that one")

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return probabilities of words over time, logits of single words, and features."""
        features = self.frontend(waveform)
        classifier: Any = self.classifier
        outputs = classifier.encoder(features)
        frames = classifier.head(outputs)
        logits: Tensor = self.word_head(outputs)
        if self.agreeing:
            logits = logits + agreement(frames, self.words)
        return unit_probabilities(frames, classifier.num_classes, classifier.blank), logits, features


def _check_one_encoder(words: nn.Module, strings: nn.Module) -> None:
    encoders = [getattr(each, "encoder", None) for each in (words, strings)]
    if any(each is None for each in encoders) or not _equal(*encoders):
        raise ConfigError(
            "one file for words and strings needs one encoder, and theirs differ; train the head of one of them on "
            "the encoder of the other: weights = CHECKPOINT and training.freeze = 'all_but_head'"
        )


def _equal(one: Any, other: Any) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return not misfits(first, second) and all(torch.equal(first[name], second[name]) for name in first)
