"""A recogniser of words or of strings, from every form that a model has."""

from collections.abc import Mapping

import torch

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.string_model import sequence_model
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.model_reference import Kind
from aurora_resnet.runtime.models import ScoringModel
from aurora_resnet.runtime.models.strings import SequenceFacts, StringModel
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer

AnyRecognizer = Recognizer | StringRecognizer
AnyModelForm = RecognizerModel | Checkpoint | ScoringModel | StringModel | AnyRecognizer

RECOGNIZERS: Mapping[Kind, type[Recognizer] | type[StringRecognizer]] = {
    "words": Recognizer,
    "strings": StringRecognizer,
}


def as_recognizer(model: AnyModelForm, *, device: str | torch.device = "cpu") -> AnyRecognizer:
    """Return what recognises with a model.

    Args:
        model: a network, a checkpoint, an exported model, or a recogniser already.
        device: where torch computes a network.

    Raises:
        ConfigError: if there is no such device.

    >>> from aurora_resnet.checkpoints import load_checkpoint
    >>> as_recognizer(load_checkpoint("compact"))
    Recognizer(compact, Vocabulary(11 words: zero, one, ...))
    """
    if isinstance(model, Recognizer | StringRecognizer):
        return model
    if isinstance(model, Checkpoint | RecognizerModel):
        network = model.model if isinstance(model, Checkpoint) else model
        if network.kind == "strings":
            return StringRecognizer(sequence_model(model, device=device))
        return Recognizer(scoring_model(model, device=device))
    if isinstance(model.facts, SequenceFacts):
        return StringRecognizer(model)
    return Recognizer(model)
