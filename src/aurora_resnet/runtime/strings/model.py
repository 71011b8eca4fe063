"""Sequence models: frame by frame the probabilities of the words, computed by onnxruntime, for many streams at once.

An exported sequence model is one ONNX file with

- ``waveform`` ``[B, n * step]`` float32 in [-1, 1], the new samples of ``B`` streams, and ``state`` ``[B, S]``, what
  the call before returned, zeros at the beginning;
- ``probabilities`` ``[B, n, K + 2]`` of each word, of other speech and of neither, and ``state_after`` ``[B, S]``;
  files of 0.2 have ``[B, n, K + 1]``, other speech and neither in one.

Its metadata has ``aurora_resnet``, JSON of the fields of ``SequenceFacts``, and ``card``, Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..audio.waveform import Samples, check_sample_rate
from ..decision import is_number
from ..errors import AuroraError, ConfigError, ModelError
from ..model_reference import EXPORTED_STRINGS, AnyModel, resolve, wrong_kind
from ..models import CARD, METADATA, STRINGS, compute, finite_logits, open_session
from ..vocabulary import Vocabulary

WAVEFORM, STATE = "waveform", "state"
PROBABILITIES, STATE_AFTER = "probabilities", "state_after"
MOST_STATE = 2**24
"""Numbers of a stream's state."""
WHOLE_STEPS = 250
"""So many steps of a long recording are computed at once."""

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SequenceFacts:
    """What recognition has to know of a sequence model.

    Attributes:
        name: what people call it.
        vocabulary: its words.
        sample_rate: Hz.
        step_samples: samples that one answer stands for.
        state_size: numbers that a stream carries on.
        other_weight: what the probability of anything but a word is multiplied with before the search: above 1, fewer
            words are heard where none is; chosen with the model.
        threshold: least confidence of a string that is accepted, 0 to 1; ``None`` as long as none was chosen.

    Raises:
        ConfigError: for values that no model can have.
    """

    name: str
    vocabulary: Vocabulary
    sample_rate: int
    step_samples: int
    state_size: int
    other_weight: float = 1.0
    threshold: float | None = None

    def __post_init__(self) -> None:
        check_sample_rate(self.sample_rate, f"model {self.name}")
        if not 0 < self.step_samples <= self.sample_rate:
            raise ConfigError(f"a step lasts at most a second, got {self.step_samples} samples")
        if not 0 < self.state_size <= MOST_STATE:
            raise ConfigError(f"state_size must lie from 1 to {MOST_STATE:,}, got {self.state_size}")
        if not 1e-6 <= self.other_weight <= 1e6 or not 0 <= (self.threshold or 0) <= 1:
            raise ConfigError(
                "other_weight must lie from 1e-6 to 1e6 and threshold from 0 to 1, "
                f"got {self.other_weight} and {self.threshold}"
            )

    @property
    def step_seconds(self) -> float:
        """Seconds that one answer stands for."""
        return self.step_samples / self.sample_rate

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; ``from_dict`` reads them back."""
        return {"kind": STRINGS, **vars(self), "vocabulary": self.vocabulary.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SequenceFacts:
        """Read what ``to_dict`` returned.

        Raises:
            ConfigError: if it is anything else.
        """
        if not isinstance(values, Mapping) or values.get("kind") != STRINGS:
            raise ConfigError("it is no model of strings")
        whole = {key: values.get(key) for key in ("sample_rate", "step_samples", "state_size")}
        parts = {key: values.get(key) for key in ("other_weight", "threshold")}
        name = values.get("name")
        if not isinstance(name, str) or any(type(value) is not int for value in whole.values()):
            raise ConfigError("name, sample_rate, step_samples or state_size are missing or of another type")
        if "threshold" not in values or not all(
            is_number(value) or (value is None and key == "threshold") for key, value in parts.items()
        ):
            raise ConfigError("other_weight or threshold are missing or of another type")
        return cls(name, Vocabulary.from_dict(values.get("vocabulary", {})), **whole, **parts)  # type: ignore[arg-type]


class SequenceModel:
    """A sequence model that ``aurora-resnet export`` wrote. It may serve many streams and threads.

    Args:
        path: the file.
        threads: CPU threads that compute one call.

    Raises:
        ModelError: if the file is missing, damaged or no model of strings.
    """

    def __init__(self, path: str | Path, *, threads: int = 1) -> None:
        self.path, self.threads = Path(path), threads
        self._session = open_session(self.path, threads)
        try:
            metadata = self._session.get_modelmeta().custom_metadata_map
            values = json.loads(metadata[METADATA])
            single_words = isinstance(values, dict) and "clip_samples" in values
            if not single_words:
                self.facts = SequenceFacts.from_dict(values)
                self.card: str = metadata.get(CARD, "")
                _check_shapes(self._session, self.facts)
        except (KeyError, TypeError, ValueError, RecursionError, AuroraError) as error:
            reason = "it has none" if isinstance(error, KeyError) else error
            raise ModelError(f"'{path}' lacks the metadata of a model of strings ({reason}); export it again") from None
        if single_words:
            raise wrong_kind(path, "words")

    def __repr__(self) -> str:
        return f"SequenceModel({str(self.path)!r}: {self.facts.name}, {self.facts.vocabulary!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(SequenceModel, threads=self.threads), (self.path.absolute(),)  # sessions cannot be pickled

    def begin(self, streams: int = 1) -> Samples:
        """Return the state of streams of which nothing was heard yet, ``[B, S]``."""
        return np.zeros((streams, self.facts.state_size), np.float32)

    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        """Go on with streams; what one gets does not depend on the others or on where the calls divide it.

        Args:
            samples: ``[B, n * step_samples]``, at the model's rate.
            state: ``[B, S]``, from ``begin`` or the call before.

        Returns:
            Probabilities ``[B, n, K + 2]`` and the new state; ``[B, n, K + 1]`` from files of 0.2.

        Raises:
            ModelError: if the weights are damaged.
        """
        given = {WAVEFORM: samples.astype(np.float32, copy=False), STATE: state}
        shares, after = compute(self._session, self.path, [PROBABILITIES, STATE_AFTER], given)
        return finite_logits(shares, self.facts.name), after

    def whole(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a whole recording, ``[N] -> [ceil(N / step_samples), K + 2]``."""
        step = self.facts.step_samples
        padded = np.pad(samples, (0, -len(samples) % step))
        state, parts = self.begin(), []
        for start in range(0, len(padded), WHOLE_STEPS * step):
            shares, state = self.step(padded[None, start : start + WHOLE_STEPS * step], state)
            parts.append(shares[0])
        return np.concatenate(parts)


def load_sequence_model(name_or_path: AnyModel = EXPORTED_STRINGS[0], *, threads: int = 1) -> SequenceModel:
    """Load an exported sequence model.

    Args:
        name_or_path: as ``resolve`` takes it.
        threads: CPU threads that compute one call.

    Raises:
        ModelError: if there is none of that name, or the file is damaged, a checkpoint or a model of single words.
        DownloadError: as ``resolve``.

    >>> load_sequence_model("string_net").facts.sample_rate
    8000
    """
    return SequenceModel(resolve(name_or_path, kind="strings", format="onnx").path, threads=threads)


def weighted(probabilities: npt.ArrayLike, facts: SequenceFacts) -> npt.NDArray[np.float64]:
    """Return probabilities ``[..., K + 2]`` in which those of anything but a word have the model's ``other_weight``.

    >>> facts = SequenceFacts("pair", Vocabulary(("yes", "no")), 8000, 320, 1, other_weight=3.0)
    >>> weighted([0.25, 0.25, 0.25, 0.25], facts).tolist()
    [0.125, 0.125, 0.375, 0.375]
    """
    changed = np.array(probabilities, dtype=np.float64)
    changed[..., len(facts.vocabulary) :] *= facts.other_weight
    shares: npt.NDArray[np.float64] = changed / changed.sum(axis=-1, keepdims=True)
    return shares


def _check_shapes(session: Any, facts: SequenceFacts) -> None:
    """Refuse a file whose graph is not what its metadata says."""
    inputs = {value.name: value.shape for value in session.get_inputs()}
    outputs = {value.name: value.shape for value in session.get_outputs()}
    if set(inputs) != {WAVEFORM, STATE} or set(outputs) != {PROBABILITIES, STATE_AFTER}:
        raise ConfigError(f"its inputs {inputs} and outputs {outputs} are others than the metadata says")
    units = [[len(facts.vocabulary) + more] for more in (1, 2)]
    if inputs[STATE][1:] != [facts.state_size] or outputs[PROBABILITIES][2:] not in units:
        raise ConfigError(f"its state {inputs[STATE]} or outputs {outputs} have another size than the metadata says")
