"""Models of strings: frame by frame the probabilities of the words, for many streams at once.

An exported model takes and gives

- ``waveform`` ``[B, n * step]`` float32 in [-1, 1], the new samples of ``B`` streams, and ``state`` ``[B, S]``, what
  the call before returned, zeros at the beginning;
- ``probabilities`` ``[B, n, K + 3]`` of each word, of other speech and of neither, and behind them that there is speech
  at all, and ``state_after`` ``[B, S]``. Networks that do not tell the last have ``[B, n, K + 2]``; files of 0.2 have
  ``[B, n, K + 1]``, other speech and neither in one.

A network that looks ahead, as an encoder does, has no state: ``waveform`` ``[B, N]`` is a whole recording or a window
of it, and ``probabilities`` are ``[B, N // step, K + 2]``. Its file may tell single words too: what there is to know of
its strings is ``strings`` in the metadata then.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..audio.waveform import Samples
from ..errors import ConfigError
from ..model_reference import wrong_kind
from ..onnx_file import KIND, STRINGS, OnnxFile, is_of_strings, strings_of
from .facts import FORMAT, Facts, finite_logits

WAVEFORM, STATE = "waveform", "state"
PROBABILITIES, STATE_AFTER = "probabilities", "state_after"
#: Numbers of a stream's state.
MOST_STATE = 2**24
#: So many steps of a long recording are computed at once.
WHOLE_STEPS = 250
#: What a network that looks ahead sees of a longer recording at once, and what of it, at both ends, serves the rest.
WINDOW_SECONDS, MARGIN_SECONDS = 10.0, 1.5
#: A shorter recording is filled up with silence.
FEWEST_STEPS = 5

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SequenceFacts(Facts):
    """What there is to know of a model of strings.

    Attributes:
        step_samples: samples that one answer stands for.
        state_size: numbers that a stream carries on; 0 if the network looks ahead and cannot go on with streams.

    Raises:
        ConfigError: for values that no model can have.
    """

    step_samples: int
    state_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.step_samples <= self.sample_rate:
            raise ConfigError(f"a step lasts at most a second, got {self.step_samples} samples")
        if not 0 <= self.state_size <= MOST_STATE:
            raise ConfigError(f"state_size must lie from 0 to {MOST_STATE:,}, got {self.state_size}")
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


class StringModel(Protocol):
    """A model that gives the probabilities of words over time: an exported one, or a checkpoint that torch computes."""

    facts: SequenceFacts

    @abstractmethod
    def whole(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a whole recording, ``[N] -> [ceil(N / step_samples), K + 2]``, not of speech."""


class WindowModel(StringModel, Protocol):
    """One that looks ahead; what it makes of a long recording are the middles of overlapping windows."""

    @abstractmethod
    def window(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a recording that is no longer than a window, ``[n * step] -> [n, K + 2]``."""

    def whole(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a whole recording; see ``StringModel.whole``."""
        step = self.facts.step_samples
        steps = -(-len(samples) // step)
        padded = np.pad(samples, (0, max(steps, FEWEST_STEPS) * step - len(samples))).reshape(-1, step)
        size, margin = (
            max(1, round(seconds / self.facts.step_seconds)) for seconds in (WINDOW_SECONDS, MARGIN_SECONDS)
        )
        parts = []
        for start in range(0, max(1, len(padded) - 2 * margin), size - 2 * margin):
            shares = self.window(padded[start : start + size].reshape(-1))
            last = start + size >= len(padded)
            parts.append(shares[0 if start == 0 else margin : None if last else size - margin])
            if last:
                break
        return np.concatenate(parts)[:steps]


@runtime_checkable
class SequenceModel(StringModel, Protocol):
    """One that goes on from where it was, so that it reads streams."""

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
        """Return the probabilities of a whole recording; see ``StringModel.whole``."""
        step = self.facts.step_samples
        padded = np.pad(samples, (0, -len(samples) % step))
        state, parts = self.begin(), []
        for start in range(0, len(padded), WHOLE_STEPS * step):
            shares, state = self.step(padded[None, start : start + WHOLE_STEPS * step], state)
            parts.append(shares[0, :, : len(self.facts.vocabulary) + 2])
        return np.concatenate(parts)


class _ExportedStrings(OnnxFile):
    """What the two kinds of exported models have in common."""

    def __init__(self, path: str | Path, *, threads: int = 1, opened: OnnxFile | None = None) -> None:
        if opened is None:
            super().__init__(path, threads=threads)
        else:
            vars(self).update(vars(opened))  # opening it again would take its time
        values = strings_of(self.metadata)
        if isinstance(values, dict) and "clip_samples" in values and not is_of_strings(values):
            raise wrong_kind(path, "words")
        self.facts = facts = self.read(lambda _: SequenceFacts.from_dict(values))
        (inputs, outputs), words = self.shapes(), len(facts.vocabulary)
        state = [facts.state_size] if isinstance(self, SequenceModel) else None
        self.check_graph(
            inputs.keys() == ({WAVEFORM} if state is None else {WAVEFORM, STATE})
            and inputs.get(STATE) == outputs.get(STATE_AFTER) == state
            and outputs.get(PROBABILITIES, [0])[-1] in ([words + 2] if state is None else range(words + 1, words + 4))
        )


class ExportedWindowModel(_ExportedStrings, WindowModel):
    """A model of strings that looks ahead, as ``aurora-resnet export`` wrote it; see ``OnnxFile``."""

    def window(self, samples: Samples) -> Probabilities:
        """Return the probabilities of a window; see ``WindowModel.window``."""
        (shares,) = self.run([PROBABILITIES], {WAVEFORM: samples[None].astype(np.float32, copy=False)})
        return finite_logits(shares[0], self.facts.name)


class ExportedSequenceModel(_ExportedStrings, SequenceModel):
    """A model of strings that ``aurora-resnet export`` wrote; see ``OnnxFile``. It may serve many streams."""

    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        """Go on with streams; see ``SequenceModel.step``."""
        given = {WAVEFORM: samples.astype(np.float32, copy=False), STATE: state}
        shares, after = self.run([PROBABILITIES, STATE_AFTER], given)
        return finite_logits(shares, self.facts.name), after


def load_string_model(path: str | Path, *, threads: int = 1) -> ExportedSequenceModel | ExportedWindowModel:
    """Load an exported model of strings, for streams or one that looks ahead.

    Raises:
        ModelError: if the file is missing, damaged, of single words or not one of ``aurora-resnet export``.
    """
    opened = OnnxFile(path, threads=threads)
    values = strings_of(opened.metadata)
    ahead = isinstance(values, Mapping) and values.get("state_size") == 0
    return (ExportedWindowModel if ahead else ExportedSequenceModel)(path, threads=threads, opened=opened)
