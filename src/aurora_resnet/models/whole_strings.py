"""A network of strings that looks ahead: a whole recording goes in, the probabilities of its steps come out."""

import copy

from torch import Tensor, nn

from aurora_resnet.models.interface import StringClassifier
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.streaming import unit_probabilities
from aurora_resnet.models.whisper_encoder import STEP_SECONDS, WhisperEncoder
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models.strings import WINDOW_SECONDS


def step_samples(model: RecognizerModel) -> int:
    """Return how many samples one answer of a model of strings stands for.

    Raises:
        ConfigError: for a model of single words.
    """
    if not isinstance(model.classifier, StringClassifier):
        raise ConfigError(f"model '{model.config.model}' is for single words; strings need one of strings")
    return model.config.mel.hop_length * model.classifier.frames_per_answer


class WholeNetwork(nn.Module):
    """A model of strings and its front end, for recordings that are there as a whole.

    Args:
        model: a trained one; it stays as it is and where it is.

    Shape: ``[B, N] -> [B, N // step, K + 2]``; see ``runtime.models.strings``.

    Raises:
        ConfigError: for a model of single words, or an encoder that takes less than a window.
    """

    def __init__(self, model: RecognizerModel) -> None:
        super().__init__()
        self.step_samples = step_samples(model)
        copied = copy.deepcopy(model).cpu().eval()
        assert isinstance(copied.classifier, StringClassifier)
        self.frontend, self.classifier = copied.frontend, copied.classifier
        for module in copied.modules():
            if isinstance(module, WhisperEncoder):
                steps = round(WINDOW_SECONDS / STEP_SECONDS)  # longer recordings are read in windows
                if module.longest < steps:
                    raise ConfigError(f"strings are read in windows of {steps} steps, longest is {module.longest}")
                module.shorten(steps)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return probabilities."""
        logits = self.classifier(self.frontend(waveform))
        return unit_probabilities(logits, self.classifier.num_classes, self.classifier.blank)
