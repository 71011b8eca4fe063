"""Torch computes the probabilities of words in streams, as ``StringRecognizer`` asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.environment import check_device, float32_on_cpu
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.streaming import StreamingNetwork
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import is_number
from aurora_resnet.runtime.errors import CheckpointError
from aurora_resnet.runtime.models import finite_logits
from aurora_resnet.runtime.strings.model import Probabilities, SequenceFacts, SequenceModel

OPERATING_POINT = "operating_point"
"""Under this name ``calibrate`` writes ``other_weight`` and ``threshold`` into a checkpoint."""


class TorchSequenceModel(SequenceModel):
    """A sequence model that torch computes; what an exported one does, without a file.

    Args:
        network: takes samples and states.
        facts: what there is to know of it.
        card: what it learnt from and what it can do, in Markdown.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> mel = MelConfig(sample_rate=8000, n_mels=40, compression="pcen", normalization="none", causal=True)
    >>> model = sequence_model(RecognizerModel(RecognizerConfig("string_net", mel)))
    >>> model.whole(np.zeros(8000, np.float32)).shape
    (25, 13)
    """

    def __init__(self, network: StreamingNetwork, facts: SequenceFacts, card: str = "") -> None:
        self.network, self.facts, self.card = network, facts, card
        self.path, self.threads = Path(facts.name), torch.get_num_threads()

    def __repr__(self) -> str:
        return f"TorchSequenceModel({self.facts.name}, {self.facts.vocabulary!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TorchSequenceModel, (self.network, self.facts, self.card)

    def at(self, *, other_weight: float, threshold: float) -> TorchSequenceModel:
        """Return the same network at another operating point."""
        facts = replace(self.facts, other_weight=other_weight, threshold=threshold)
        return TorchSequenceModel(self.network, facts, self.card)

    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        """Go on with streams; see ``SequenceModel.step``."""
        device = self.network.kernels.device
        with torch.inference_mode():
            given = (torch.from_numpy(np.ascontiguousarray(part, np.float32)).to(device) for part in (samples, state))
            shares, after = (part.cpu().numpy() for part in self.network(*given))
        return finite_logits(shares, self.facts.name), after


@float32_on_cpu()
def sequence_model(model: RecognizerModel | Checkpoint, *, device: str | torch.device = "cpu") -> TorchSequenceModel:
    """Return what hears strings with a trained network.

    Args:
        model: a checkpoint, with its operating point, or a network; it stays as it is and where it is.
        device: where torch computes.

    Raises:
        ConfigError: if it is no model of strings, or there is no such device.
        CheckpointError: if the operating point of a checkpoint is damaged.
    """
    if isinstance(model, Checkpoint):
        trained, name, card, point = model.model, model.name, model.card, _point(model)
    else:
        trained, name, card, point = model, model.config.model, "", {}
    network = StreamingNetwork(trained).eval().to(check_device(device))
    facts = SequenceFacts(
        name=name,
        vocabulary=trained.config.vocabulary,
        sample_rate=trained.config.sample_rate,
        step_samples=network.step_samples,
        state_size=network.state_size,
        **point,
    )
    return TorchSequenceModel(network, facts, card)


def _point(checkpoint: Checkpoint) -> dict[str, float]:
    """Return the operating point that ``calibrate`` wrote, nothing where it did not."""
    point = checkpoint.info.get(OPERATING_POINT)
    if point is None:
        return {}
    keys = ("other_weight", "threshold")
    values = {key: point.get(key) for key in keys} if isinstance(point, Mapping) else {}
    numbers = {key: value for key, value in values.items() if is_number(value)}
    if len(numbers) < len(keys):
        raise CheckpointError(f"{checkpoint.name}: its operating point is damaged; calibrate it again")
    return numbers
