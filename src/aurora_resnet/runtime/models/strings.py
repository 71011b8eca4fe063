"""Models of strings: frame by frame the probabilities of the words, for many streams at once.

An exported model takes and gives

- ``waveform`` ``[B, n * step]`` float32 in [-1, 1], the new samples of ``B`` streams, and ``state`` ``[B, S]``, what
  the call before returned, zeros at the beginning;
- ``probabilities`` ``[B, n, K + 3]`` of each word, of other speech and of neither, and behind them that there is speech
  at all, and ``state_after`` ``[B, S]``. Networks that do not tell the last have ``[B, n, K + 2]``; files of 0.2 have
  ``[B, n, K + 1]``, other speech and neither in one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from ..audio.waveform import Samples
from ..errors import ConfigError
from ..model_reference import wrong_kind
from ..onnx_file import KIND, STRINGS, OnnxFile, is_of_strings
from .facts import FORMAT, Facts, finite_logits

WAVEFORM, STATE = "waveform", "state"
PROBABILITIES, STATE_AFTER = "probabilities", "state_after"
MOST_STATE = 2**24
"""Numbers of a stream's state."""
WHOLE_STEPS = 250
"""So many steps of a long recording are computed at once."""

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SequenceFacts(Facts):
    """What there is to know of a model of strings.

    Attributes:
        step_samples: samples that one answer stands for.
        state_size: numbers that a stream carries on.

    Raises:
        ConfigError: for values that no model can have.
    """

    step_samples: int
    state_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.step_samples <= self.sample_rate:
            raise ConfigError(f"a step lasts at most a second, got {self.step_samples} samples")
        if not 0 < self.state_size <= MOST_STATE:
            raise ConfigError(f"state_size must lie from 1 to {MOST_STATE:,}, got {self.state_size}")
        _ = self.calibration.strings  # its threshold is a confidence

    @property
    def step_seconds(self) -> float:
        """Seconds that one answer stands for."""
        return self.step_samples / self.sample_rate

    def weighted(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return probabilities ``[..., K + 2]`` as the search takes them; see ``StringDecision.weighted``."""
        return self.calibration.strings.weighted(probabilities, len(self.vocabulary))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_dict`` reads them back."""
        return {KIND: STRINGS, **super().to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` returned, or files of 0.2 and 0.3, which have the calibration's numbers one by one.

        Raises:
            ConfigError: if it is anything else.
        """
        if not is_of_strings(values):
            raise ConfigError("it is no model of strings")
        if "calibration" not in values and {"threshold", "other_weight"} <= set(values):
            old = {"temperature": 1.0, "threshold": values["threshold"], "other_weight": values["other_weight"]}
            values = {**values, "format": FORMAT, "calibration": old}
        return super().from_dict(values)

    @classmethod
    def _fields(cls, values: Mapping[str, Any], *numbers: str) -> dict[str, Any]:
        return super()._fields(values, "step_samples", "state_size", *numbers)


class SequenceModel(Protocol):
    """A model that gives the probabilities of streams: an exported one, or a checkpoint that torch computes."""

    facts: SequenceFacts

    @abstractmethod
    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        """Go on with streams; what one gets does not depend on the others or on where the calls divide it.

        Args:
            samples: ``[B, n * step_samples]``, at the model's rate.
            state: ``[B, S]``, from ``begin`` or the call before.

        Returns:
            Probabilities ``[B, n, K + 3]`` and the new state; fewer from some files, as the module says.

        Raises:
            ModelError: if the weights are damaged.
        """

    def begin(self, streams: int = 1) -> Samples:
        """Return the state of streams that have just begun, ``[B, S]``."""
        return np.zeros((streams, self.facts.state_size), np.float32)

    def whole(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a whole recording, ``[N] -> [ceil(N / step_samples), K + 2]``, not of speech."""
        step = self.facts.step_samples
        padded = np.pad(samples, (0, -len(samples) % step))
        state, parts = self.begin(), []
        for start in range(0, len(padded), WHOLE_STEPS * step):
            shares, state = self.step(padded[None, start : start + WHOLE_STEPS * step], state)
            parts.append(shares[0, :, : len(self.facts.vocabulary) + 2])
        return np.concatenate(parts)


class ExportedSequenceModel(OnnxFile, SequenceModel):
    """A model of strings that ``aurora-resnet export`` wrote; see ``OnnxFile``. It may serve many streams."""

    def __init__(self, path: str | Path, *, threads: int = 1) -> None:
        super().__init__(path, threads=threads)
        if not is_of_strings(self.metadata) and isinstance(self.metadata, dict) and "clip_samples" in self.metadata:
            raise wrong_kind(path, "words")
        self.facts = facts = self.read(SequenceFacts.from_dict)
        (inputs, outputs), words = self.shapes(), len(facts.vocabulary)
        self.check_graph(
            inputs.keys() == {WAVEFORM, STATE}
            and inputs[STATE] == outputs.get(STATE_AFTER) == [facts.state_size]
            and outputs.get(PROBABILITIES, [0])[-1] in (words + 1, words + 2, words + 3)
        )

    def __repr__(self) -> str:
        return f"ExportedSequenceModel({str(self.path)!r}: {self.facts.name}, {self.facts.vocabulary!r})"

    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        """Go on with streams; see ``SequenceModel.step``."""
        given = {WAVEFORM: samples.astype(np.float32, copy=False), STATE: state}
        shares, after = self.run([PROBABILITIES, STATE_AFTER], given)
        return finite_logits(shares, self.facts.name), after
