"""Torch computes the probabilities of words in streams, as ``StringRecognizer`` asks for them."""

from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np
import torch

from aurora_resnet.checkpoints import Checkpoint, load_checkpoint
from aurora_resnet.environment import check_device, float32_on_cpu, set_threads
from aurora_resnet.models.interface import StreamingStringClassifier
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.streaming import StreamingNetwork, WholeNetwork, step_samples
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.model_reference import ModelFile, wrong_kind
from aurora_resnet.runtime.models.facts import finite_logits
from aurora_resnet.runtime.models.strings import Probabilities, SequenceFacts, SequenceModel, StringModel, WindowModel

NetworkT = TypeVar("NetworkT", StreamingNetwork, WholeNetwork)


class _TorchStrings(Generic[NetworkT]):
    """What the two kinds have in common: a network, what there is to know of it, and its card."""

    def __init__(self, network: NetworkT, facts: SequenceFacts, card: str = "") -> None:
        self.network: NetworkT = network
        self.facts, self.card = facts, card

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.facts.name}, {self.facts.vocabulary!r})"


class TorchSequenceModel(_TorchStrings[StreamingNetwork], SequenceModel):
    """A sequence model that torch computes; what an exported one does, without a file.

    Args:
        network: takes samples and states.
        facts: what there is to know of it.
        card: what it was trained on and what it can do, in Markdown.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> mel = MelConfig(sample_rate=8000, n_mels=40, compression="pcen", normalization="none", causal=True)
    >>> model = sequence_model(RecognizerModel(RecognizerConfig("string_net", mel)))
    >>> model.whole(np.zeros(8000, np.float32)).shape
    (25, 13)
    """

    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        """Go on with streams; see ``SequenceModel.step``."""
        device = self.network.kernels.device
        with torch.inference_mode():
            given = (torch.from_numpy(np.ascontiguousarray(part, np.float32)).to(device) for part in (samples, state))
            shares, after = (part.cpu().numpy() for part in self.network(*given))
        return finite_logits(shares, self.facts.name), after


class TorchWindowModel(_TorchStrings[WholeNetwork], WindowModel):
    """A model of strings that looks ahead, computed by torch; arguments as ``TorchSequenceModel``."""

    def window(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a window; see ``WindowModel.window``."""
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            given = torch.from_numpy(np.ascontiguousarray(samples[None], np.float32)).to(device)
            shares: Probabilities = self.network(given)[0].cpu().numpy()
        return finite_logits(shares, self.facts.name)


@float32_on_cpu()
def sequence_model(
    model: RecognizerModel | Checkpoint, *, name: str = "", device: str | torch.device = "cpu"
) -> TorchSequenceModel | TorchWindowModel:
    """Return what recognises strings with a trained network.

    Args:
        model: a checkpoint or a network; it stays as it is and where it is.
        name: of the model; the checkpoint's or the zoo's if not given.
        device: where torch computes.

    Raises:
        ModelError: if it is no model of strings.
        ConfigError: if there is no such device.
    """
    if isinstance(model, Checkpoint):
        trained, name, card = model.model, name or model.name, model.card
    else:
        trained, name, card = model, name or model.config.model, ""
    if trained.kind == "words":
        raise wrong_kind(name, "words")
    facts = SequenceFacts(
        name=name,
        vocabulary=trained.config.vocabulary,
        calibration=trained.calibration,
        sample_rate=trained.config.sample_rate,
        step_samples=step_samples(trained),
        state_size=0,
    )
    device = check_device(device)
    if not isinstance(trained.classifier, StreamingStringClassifier):
        return TorchWindowModel(WholeNetwork(trained).eval().to(device), facts, card)
    network = StreamingNetwork(trained).eval().to(device)
    return TorchSequenceModel(network, replace(facts, state_size=network.state_size), card)


def load_sequence_model(file: ModelFile, *, device: str, threads: int | None, trust_code: bool) -> StringModel:
    """Return what recognises strings with a checkpoint, as ``StringRecognizer.from_pretrained`` asks for it."""
    set_threads(threads)
    return sequence_model(load_checkpoint(file, trust_code=trust_code), device=device)
