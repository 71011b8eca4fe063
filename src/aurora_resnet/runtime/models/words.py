"""Models of single words: what recognition asks of one, and the exported ones.

An exported model takes and gives, for any number of clips,

- ``waveform`` ``[B, N]`` float32 in [-1, 1], ``N`` the model's clip length (any, if it has the speech encoder);
- ``logits`` ``[B, K]``, and ``features`` ``[B, M, T]``, the normalised log-mel spectrograms that are the network's
  input.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..audio.waveform import MAX_SAMPLE_RATE, Samples
from ..decision import is_number
from ..errors import ConfigError
from ..model_reference import wrong_kind
from ..onnx_file import ALONE, STRINGS, OnnxFile, is_of_strings
from .facts import Facts, finite_logits

INPUT, LOGITS, FEATURES = "waveform", "logits", "features"
LONGEST_CLIP_SECONDS = 60.0


@dataclass(frozen=True)
class ModelFacts(Facts):
    """What there is to know of a model of single words.

    Attributes:
        clip_samples: length of a clip.
        frequencies_hz: lower edge of its lowest and upper edge of its highest mel band.

    Raises:
        ConfigError: for values that no model can have.
    """

    clip_samples: int
    frequencies_hz: tuple[float, float]

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.frequencies_hz
        if not 0 < self.clip_samples <= LONGEST_CLIP_SECONDS * self.sample_rate:
            raise ConfigError(f"a clip lasts at most {LONGEST_CLIP_SECONDS:g} s, got {self.clip_samples} samples")
        if not 0 <= low < high <= self.sample_rate / 2:
            raise ConfigError(f"frequencies_hz must rise within half the sample rate, got {low} and {high}")

    @property
    def clip_seconds(self) -> float:
        """Length of a clip in seconds."""
        return self.clip_samples / self.sample_rate

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_dict`` reads them back."""
        return {**super().to_dict(), "frequencies_hz": list(self.frequencies_hz)}

    @classmethod
    def _fields(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        band = values.get("frequencies_hz")
        if not isinstance(band, list) or len(band) != 2 or not all(map(_is_frequency, band)):
            raise ConfigError("frequencies_hz are missing or of another type")
        return {**super()._fields(values), "frequencies_hz": (float(band[0]), float(band[1]))}


class ScoringModel(Protocol):
    """A model that scores clips: an exported one, or a checkpoint that torch computes."""

    @property
    def facts(self) -> ModelFacts:
        """Words, calibration, rate and clip length."""

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the logits of clips, ``[B, N] -> [B, K]``; what a clip gets does not depend on the batch."""

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the network's input of clips, ``[B, N] -> [B, M, T]``."""


class ExportedModel(OnnxFile):
    """A model of single words that ``aurora-resnet export`` wrote; see ``OnnxFile``.

    >>> from aurora_resnet.runtime.model_reference import resolve
    >>> model = ExportedModel(resolve("compact").path)
    >>> model.facts.vocabulary.words[:3], model.facts.sample_rate
    (('zero', 'one', 'two'), 8000)
    >>> model.logits(np.zeros((2, 8000), np.float32)).shape
    (2, 11)
    """

    def __init__(self, path: str | Path, *, threads: int = 1, graph: bytes | None = None) -> None:
        super().__init__(path, threads=threads, graph=graph)
        if is_of_strings(self.metadata):
            raise wrong_kind(path, "strings")
        self.facts = facts = self.read(ModelFacts.from_dict)
        inputs, outputs = self.shapes()
        given = inputs.get(INPUT, [])
        any_length = len(given) == 1 and not {ALONE, STRINGS}.isdisjoint(self.metadata)  # of an encoder
        self.check_graph(
            (inputs == {INPUT: [facts.clip_samples]} or any_length)
            and outputs.get(LOGITS) == [len(facts.vocabulary)]
            and len(outputs.get(FEATURES, [])) == 2
        )

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the logits of clips, ``[B, N] -> [B, K]``.

        Raises:
            ModelError: if the weights are damaged, so that no number comes out.
        """
        return finite_logits(self._output(LOGITS, clips), self.facts.name)

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the log-mel spectrograms of clips, ``[B, N] -> [B, M, T]``."""
        return self._output(FEATURES, clips)

    def _output(self, name: str, clips: Samples) -> npt.NDArray[np.float32]:
        if clips.ndim != 2 or clips.shape[1] != self.facts.clip_samples:
            raise ConfigError(f"expected clips [B, {self.facts.clip_samples}], got shape {list(clips.shape)}")
        exact = clips.astype(np.float32, copy=False)
        if self.metadata.get(ALONE) and len(clips) > 1:
            return np.concatenate([self.run([name], {INPUT: clip[None]})[0] for clip in exact])
        return self.run([name], {INPUT: exact})[0]


def _is_frequency(value: object) -> bool:
    return is_number(value) and 0 <= value <= MAX_SAMPLE_RATE
