"""What all exported models have in common: one ONNX file, its metadata, and onnxruntime, which computes it.

The metadata has ``aurora_resnet``, JSON of the fields of ``ModelFacts`` or ``SequenceFacts``, and ``card``, Markdown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import AuroraError, ConfigError, ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

METADATA, CARD = "aurora_resnet", "card"
#: ``kind`` in the metadata of a model of strings; a model of single words has none. One of both has ``strings``, what
#: there is to know of its strings.
KIND, STRINGS = "kind", "strings"

#: In the metadata of a model that computes each clip alone: its integers have the ranges of each call.
ALONE = "alone"

FactsT = TypeVar("FactsT")
Shapes = dict[str, list[Any]]


def is_of_strings(values: object) -> bool:
    """Tell whether metadata is that of a model of strings."""
    return isinstance(values, Mapping) and values.get(KIND) == STRINGS


def strings_of(values: Any) -> Any:
    """Return the part of metadata that is about strings, all of it if it tells no single words."""
    return values[STRINGS] if isinstance(values, Mapping) and is_of_strings(values.get(STRINGS)) else values


class OnnxFile:
    """A file that ``aurora-resnet export`` wrote, computed by onnxruntime. It may serve many threads.

    Args:
        path: the file.
        threads: CPU threads that compute one call.
        graph: what is computed in place of the file's graph: the same with more outputs.

    Raises:
        ModelError: if the file is missing, damaged or not one of ``aurora-resnet export``.
        ConfigError: for fewer than one thread.
    """

    def __init__(self, path: str | Path, *, threads: int = 1, graph: bytes | None = None) -> None:
        self.path, self.threads = Path(path), threads
        self._session = _open(self.path, threads, graph)
        try:
            with_metadata = self._session.get_modelmeta().custom_metadata_map
            self.card: str = with_metadata.get(CARD, "")
            self.metadata: Any = json.loads(with_metadata[METADATA])
        except KeyError:
            raise self.refused("it has none") from None
        except (ValueError, RecursionError) as error:
            raise self.refused(error) from None

    def __reduce__(self) -> tuple[Any, ...]:
        kept = {"facts": vars(self)["facts"]}  # another operating point goes with it
        return partial(type(self), threads=self.threads), (self.path.absolute(),), kept  # sessions cannot be pickled

    def __repr__(self) -> str:
        facts = vars(self)["facts"]  # of the kinds of models
        return f"{type(self).__name__}({str(self.path)!r}: {facts.name}, {facts.vocabulary!r})"

    def read(self, from_dict: Callable[[Any], FactsT]) -> FactsT:
        """Return what ``from_dict`` makes of the metadata; ``ModelError`` if it cannot."""
        try:
            return from_dict(self.metadata)
        except AuroraError as error:
            raise self.refused(error) from None

    def refused(self, reason: object) -> ModelError:
        """Return the error for metadata that is of no use."""
        return ModelError(
            f"'{self.path}' lacks the metadata of 'aurora-resnet export' ({reason}); export the model again"
        )

    def shapes(self) -> tuple[Shapes, Shapes]:
        """Return the shapes of inputs and outputs, behind their first axis; the type of what is not float32."""
        values = self._session.get_inputs(), self._session.get_outputs()
        inputs, outputs = (
            {value.name: value.shape[1:] if value.type == "tensor(float)" else [value.type] for value in part}
            for part in values
        )
        return inputs, outputs

    def check_graph(self, fits: bool) -> None:
        """Raise ``ModelError`` unless the graph is what the metadata says."""
        if not fits:
            inputs, outputs = self.shapes()
            raise self.refused(f"its inputs {inputs} and outputs {outputs} are others than the metadata says")

    def run(
        self, outputs: Sequence[str], given: Mapping[str, npt.NDArray[np.float32]]
    ) -> list[npt.NDArray[np.float32]]:
        """Return outputs of the graph.

        Raises:
            ModelError: if onnxruntime cannot compute them.
        """
        try:
            computed: list[npt.NDArray[np.float32]] = self._session.run(list(outputs), dict(given))
        except Exception as error:  # onnxruntime's errors have no base class of their own
            raise ModelError(
                f"'{self.path}' cannot be computed ({_first_line(error)}); export the model again"
            ) from error
        return computed


def _open(path: Path, threads: int, graph: bytes | None) -> Any:
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, got {threads}")
    if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises for long names)
        raise ModelError(f"there is no model file '{path}'; write one with: aurora-resnet export --out {path}")
    import onnxruntime  # a fifth of a second, which only those who compute should wait for

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # On ARM processors with SME the kernels of KleidiAI multiply int8 matrices wrongly (onnxruntime 1.25.1 under QEMU).
    options.add_session_config_entry("mlas.disable_kleidiai", "1")
    try:
        # onnxruntime takes a name as UTF-8, which it need not be.
        model = graph or (str(path) if str(path).isascii() else path.read_bytes())
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise ModelError(
            f"'{path}' is no ONNX file that can be used ({_first_line(error)}); export the model again"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
