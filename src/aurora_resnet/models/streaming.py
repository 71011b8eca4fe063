"""Networks of strings with their front ends, for answering: step by step in a stream, or a whole recording at once.

A network that goes on from where it was takes new samples and a state, and gives probabilities and a state. The state
holds the samples that the next windows reach back to, the running mean of the mel energies and the memories of the
layers. Zeros are the beginning, as if there had been silence. A network that looks ahead takes a whole recording.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aurora_resnet.features.fourier import fourier_kernels
from aurora_resnet.features.mel import mel_filters
from aurora_resnet.features.pcen import pcen_step
from aurora_resnet.models.folding import fold_batch_norms
from aurora_resnet.models.interface import StreamingStringClassifier, StringClassifier
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.whisper_encoder import STEP_SECONDS, WhisperEncoder
from aurora_resnet.models.zoo import list_models
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models.strings import WINDOW_SECONDS


def check_streams(model: RecognizerModel) -> None:
    """Raise ``ConfigError`` unless a network can process a stream piece by piece.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> check_streams(RecognizerModel(RecognizerConfig("string_net", MelConfig(sample_rate=8000))))
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: string_net needs a front end that does not look ahead: ...
    """
    config = model.config
    if model.kind == "words":
        known = ", ".join(list_models(strings=True))
        raise ConfigError(f"model '{config.model}' is for single words; strings of words need {known}")
    if not isinstance(model.classifier, StreamingStringClassifier):
        raise ConfigError(f"model '{config.model}' looks ahead, it cannot process a stream; string_net can")
    mel = config.mel
    looks_ahead = not mel.causal or mel.compression != "pcen" or mel.normalization != "none" or mel.power != 2.0
    if looks_ahead or config.frontend is not None:
        raise ConfigError(
            f"{config.model} needs a front end that does not look ahead: set in mel causal = true, compression = "
            "'pcen', normalization = 'none' and leave out power and frontend"
        )


class StreamingNetwork(nn.Module):
    """A sequence model and its front end, for samples that come piece by piece.

    Args:
        model: a trained sequence model; it stays as it is and where it is.

    Shape: ``[B, n * step], [B, S] -> [B, n, K + 2], [B, S]``, ``K + 3`` with a ``SpeechUnit``; see
    ``runtime.models.strings``.

    Raises:
        ConfigError: for any other model, or one whose front end looks ahead.
    """

    kernels: Tensor
    filters: Tensor

    def __init__(self, model: RecognizerModel) -> None:
        super().__init__()
        check_streams(model)
        mel = model.config.mel
        noise = torch.randn(1, model.config.clip_samples, generator=torch.Generator().manual_seed(0))
        folded = fold_batch_norms(copy.deepcopy(model).cpu(), noise)
        assert isinstance(folded.classifier, StreamingStringClassifier)
        self.classifier = folded.classifier
        self.hop, self.bands = mel.hop_length, mel.n_mels
        self.tail = mel.window_length - mel.hop_length
        self.step_samples = mel.hop_length * self.classifier.frames_per_answer
        self.register_buffer("kernels", torch.from_numpy(fourier_kernels(mel)))
        self.register_buffer("filters", mel_filters(mel).T.contiguous())
        with torch.inference_mode():
            features = torch.zeros(1, mel.n_mels, self.classifier.frames_per_answer)
            self.state_size = self.tail + self.bands + self.classifier.step(features)[1].shape[1]

    def forward(self, waveform: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities and the new state."""
        tail, mean = state[:, : self.tail], state[:, self.tail : self.tail + self.bands]
        memory = state[:, self.tail + self.bands :]
        samples = torch.cat((tail, waveform), dim=1)
        spectrum = F.conv1d(samples.unsqueeze(1), self.kernels, stride=self.hop)  # [B, 2 n_bins, T]
        real, imaginary = spectrum.chunk(2, dim=1)
        energies = (self.filters @ (real * real + imaginary * imaginary)).transpose(1, 2)  # [B, T, M]
        features, mean = pcen_step(energies, mean.unsqueeze(1))
        logits, memory = self.classifier.step(features.transpose(1, 2), memory)
        probabilities = unit_probabilities(logits, self.classifier.num_classes, self.classifier.blank)
        return probabilities, torch.cat((samples[:, samples.shape[1] - self.tail :], mean.squeeze(1), memory), dim=1)


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


def unit_probabilities(logits: Tensor, words: int, blank: int) -> Tensor:
    """Return the probabilities of the words, of other speech, of the blank, and of speech being there if told.

    Shape: ``[B, T, U] -> [B, T, words + 2]`` with ``U = blank + 1`` units, one more on both sides with speech.
    """
    shares = logits[..., : blank + 1].softmax(dim=2)
    other = _sum_in_pairs(shares[..., words:blank])
    speech = logits[..., blank + 1 :].sigmoid()  # none without a unit for it
    return torch.cat((shares[..., :words], other, shares[..., blank:], speech), dim=2)


def _sum_in_pairs(x: Tensor) -> Tensor:
    """Return the sum over the last dimension, kept, by additions alone.

    A sum in one operation is computed in an order that depends on the batch, and a stream in a batch would get other
    bits than alone.
    """
    while x.shape[-1] > 1:
        half = x.shape[-1] // 2
        x = torch.cat((x[..., :half] + x[..., half : 2 * half], x[..., 2 * half :]), dim=-1)
    return x
