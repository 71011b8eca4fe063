"""Models that score clips: what recognition asks of one, and the exported ones, which onnxruntime computes.

An exported model is one ONNX file, from waveforms to logits, with one input and two outputs, of any number of clips:

- ``waveform`` ``[B, N]`` float32 in [-1, 1], ``N`` the model's clip length;
- ``logits`` ``[B, K]``, and ``features`` ``[B, M, T]``, the normalised log-mel spectrograms that the network sees.

Its metadata has ``aurora_resnet``, JSON of the fields of ``ModelFacts``, and ``card``, Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .audio.waveform import MAX_SAMPLE_RATE, Samples, check_sample_rate
from .decision import Calibration, is_number
from .errors import AuroraError, ConfigError, ModelError
from .model_reference import AnyModel, Kind, is_file, resolve, wrong_kind
from .vocabulary import Vocabulary

FORMAT = 2
"""Of the metadata; files of the first edition, format 1, have to be exported again."""
METADATA = "aurora_resnet"
CARD = "card"
INPUT, LOGITS, FEATURES = "waveform", "logits", "features"
LONGEST_CLIP_SECONDS = 60.0

STRINGS = "strings"
"""``kind`` in the metadata of a model of strings; a model of single words has none."""


@dataclass(frozen=True)
class ModelFacts:
    """What recognition has to know of a model, whatever computes it.

    Attributes:
        name: what people call it.
        vocabulary: its words.
        calibration: from logits to a decision.
        sample_rate: of the clips, Hz.
        clip_samples: length of a clip.
        frequencies_hz: lower edge of its lowest and upper edge of its highest mel band.

    Raises:
        ConfigError: for values that no model can have.
    """

    name: str
    vocabulary: Vocabulary
    calibration: Calibration
    sample_rate: int
    clip_samples: int
    frequencies_hz: tuple[float, float]

    def __post_init__(self) -> None:
        check_sample_rate(self.sample_rate, f"model {self.name}")
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
        return {
            "format": FORMAT,
            "name": self.name,
            "vocabulary": self.vocabulary.to_dict(),
            "calibration": self.calibration.to_dict(),
            "sample_rate": self.sample_rate,
            "clip_samples": self.clip_samples,
            "frequencies_hz": list(self.frequencies_hz),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelFacts:
        """Read what ``to_dict`` returned.

        Raises:
            ConfigError: if it is anything else.
        """
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            found = values.get("format") if isinstance(values, Mapping) else None
            raise ConfigError(f"its format is {found!r}, this version reads format {FORMAT}")
        name, samples, frequencies = (values.get(key) for key in ("name", "clip_samples", "frequencies_hz"))
        band: list[Any] = frequencies if isinstance(frequencies, list) and len(frequencies) == 2 else [None]
        if not isinstance(name, str) or type(samples) is not int or not all(map(_is_frequency, band)):
            raise ConfigError("name, clip_samples or frequencies_hz are missing or of another type")
        return cls(
            name=name,
            vocabulary=Vocabulary.from_dict(values.get("vocabulary", {})),
            calibration=Calibration.from_dict(values.get("calibration", {})),
            sample_rate=check_sample_rate(values.get("sample_rate", 0), "model"),
            clip_samples=samples,
            frequencies_hz=(float(band[0]), float(band[1])),
        )


class ScoringModel(Protocol):
    """A model that scores clips: an exported one, or a checkpoint that torch computes."""

    @property
    def facts(self) -> ModelFacts:
        """Words, calibration, rate and clip length."""

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the logits of clips, ``[B, N] -> [B, K]``; what a clip gets does not depend on the batch."""

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return what the network sees of clips, ``[B, N] -> [B, M, T]``."""


class ExportedModel:
    """A model that ``aurora-resnet export`` wrote, computed by onnxruntime. It may serve many threads.

    Args:
        path: the file.
        threads: CPU threads that compute one call.

    Raises:
        ModelError: if the file is missing, damaged or not one of ``aurora-resnet export``.
        ConfigError: for fewer than one thread.

    >>> model = load_model("compact")
    >>> model.facts.vocabulary.words[:3], model.facts.sample_rate
    (('zero', 'one', 'two'), 8000)
    >>> model.logits(np.zeros((2, 8000), np.float32)).shape
    (2, 11)
    """

    def __init__(self, path: str | Path, *, threads: int = 1) -> None:
        self.path, self.threads = Path(path), threads
        self._session = open_session(self.path, threads)
        try:
            metadata = self._session.get_modelmeta().custom_metadata_map
            values = json.loads(metadata[METADATA])
            strings = isinstance(values, dict) and values.get("kind") == STRINGS
            if not strings:
                self.facts = ModelFacts.from_dict(values)
                self.card: str = metadata.get(CARD, "")
                _check_shapes(self._session, self.facts)
        except (KeyError, ValueError, UnicodeDecodeError, RecursionError, AuroraError) as error:
            reason = "it has none" if isinstance(error, KeyError) else error
            raise ModelError(
                f"'{path}' lacks the metadata of 'aurora-resnet export' ({reason}); export the model again"
            ) from None
        if strings:
            raise wrong_kind(path, "strings")

    def __repr__(self) -> str:
        return f"ExportedModel({str(self.path)!r}: {self.facts.name}, {self.facts.vocabulary!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(ExportedModel, threads=self.threads), (self.path.absolute(),)  # sessions cannot be pickled

    def logits(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the logits of clips, ``[B, N] -> [B, K]``.

        Raises:
            ModelError: if the weights are damaged, so that no number comes out.
        """
        return finite_logits(self._run(LOGITS, clips), self.facts.name)

    def features(self, clips: Samples) -> npt.NDArray[np.float32]:
        """Return the log-mel spectrograms of clips, ``[B, N] -> [B, M, T]``."""
        return self._run(FEATURES, clips)

    def _run(self, output: str, clips: Samples) -> npt.NDArray[np.float32]:
        if clips.ndim != 2 or clips.shape[1] != self.facts.clip_samples:
            raise ConfigError(f"expected clips [B, {self.facts.clip_samples}], got shape {list(clips.shape)}")
        (result,) = compute(self._session, self.path, [output], {INPUT: clips.astype(np.float32, copy=False)})
        return result


def load_model(name_or_path: AnyModel, *, threads: int = 1) -> ExportedModel:
    """Load an exported model of single words.

    Args:
        name_or_path: as ``resolve`` takes it.
        threads: CPU threads that compute one call.

    Raises:
        ModelError: if there is none of that name, or the file is damaged, not one of ours or a checkpoint.
        DownloadError: as ``resolve``.
    """
    return ExportedModel(resolve(name_or_path, kind="words", format="onnx").path, threads=threads)


def exported_kind(path: Path) -> Kind:
    """Return what an exported model is for, read from its metadata.

    Raises:
        ModelError: if the file is damaged or not one of ours.
    """
    try:
        values = json.loads(open_session(path, 1).get_modelmeta().custom_metadata_map[METADATA])
        return "strings" if values.get("kind") == STRINGS else "words"
    except (KeyError, ValueError, RecursionError, AttributeError):
        raise ModelError(f"'{path}' lacks the metadata of 'aurora-resnet export'; export the model again") from None


def finite_logits(logits: npt.NDArray[np.float32], name: str) -> npt.NDArray[np.float32]:
    """Return logits that are numbers; others would be a word at confidence NaN.

    Raises:
        ModelError: for NaN and infinity.
    """
    if not np.isfinite(logits).all():
        raise ModelError(f"model {name} gives logits that are not finite: its weights are damaged or diverged")
    return logits


def open_session(path: Path, threads: int) -> Any:
    """Return what computes a file.

    Raises:
        ConfigError: for fewer than one thread.
        ModelError: if the file is missing, or onnxruntime cannot.
    """
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, got {threads}")
    if not is_file(path):
        raise ModelError(f"there is no model file '{path}'; write one with: aurora-resnet export --out {path}")
    import onnxruntime  # a fifth of a second, which only those who compute should wait for

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        # onnxruntime takes a name as UTF-8, which it need not be.
        model = str(path) if str(path).isascii() else path.read_bytes()
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no base class of their own
        reason = str(error).partition("\n")[0]
        raise ModelError(f"'{path}' is no ONNX file that can be used ({reason}); export the model again") from error


def compute(
    session: Any, path: Path, outputs: Sequence[str], given: Mapping[str, Samples]
) -> list[npt.NDArray[np.float32]]:
    """Return what a file makes of its inputs.

    Raises:
        ModelError: if onnxruntime cannot.
    """
    try:
        computed: list[npt.NDArray[np.float32]] = session.run(list(outputs), dict(given))
    except Exception as error:  # onnxruntime's errors have no base class of their own
        reason = str(error).partition("\n")[0]
        raise ModelError(f"'{path}' cannot be computed ({reason}); export the model again") from error
    return computed


def _check_shapes(session: Any, facts: ModelFacts) -> None:
    """Refuse a file whose graph is not what its metadata says."""
    inputs = {value.name: (value.type, value.shape) for value in session.get_inputs()}
    outputs = {value.name: (value.type, value.shape) for value in session.get_outputs()}
    fits = set(inputs) == {INPUT} and {LOGITS, FEATURES} <= set(outputs)
    floats = all(kind == "tensor(float)" for kind, _ in (*inputs.values(), *outputs.values()))
    if not fits or not floats or inputs[INPUT][1][1:] != [facts.clip_samples] or len(outputs[FEATURES][1]) != 3:
        raise ConfigError(f"its input {inputs} and outputs {outputs} are others than the metadata says")
    if outputs[LOGITS][1][1:] != [len(facts.vocabulary)]:
        raise ConfigError(f"it has {outputs[LOGITS][1][1:]} logits for {len(facts.vocabulary)} words")


def _is_frequency(value: object) -> bool:
    return is_number(value) and 0 <= value <= MAX_SAMPLE_RATE
