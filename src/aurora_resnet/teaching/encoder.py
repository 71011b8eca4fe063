r"""The frozen speech encoder: an embedding of any recording, and one file that recognises new words by it.

Of what the last block of the exported encoder says of each 40 ms, :math:`x_t`, the embedding is the mean and the
maximum over the speech, which the loudest mel band :math:`e_t` (in powers of ten) tells from the silence around it:

.. math::

    w_t = \sigma\Big(\frac{e_t - \max_s e_s + 2.4}{0.32}\Big), \qquad
    E = \Big(\frac{\sum_t w_t x_t}{\sum_t w_t}, \; \max_t (x_t + 4 \log w_t)\Big).

So silence changes nothing, and clips of any length have embeddings of one kind. Recognition is a dense layer on the
embedding's projection, of length 1, written into the graph behind the encoder; nothing of the encoder changes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError, ModelError
from aurora_resnet.runtime.model_reference import AnyModel, resolve
from aurora_resnet.runtime.models import CARD, FEATURES, INPUT, LOGITS, METADATA, ExportedModel, ModelFacts
from aurora_resnet.runtime.onnx_file import ALONE, STRINGS

if TYPE_CHECKING:
    from onnx import ModelProto

Vectors = npt.NDArray[np.float32]

#: How far below the loudest moment speech ends, in powers of ten of the power, and over how much; from 2 to 3.6, words
#: are told apart equally well.
DECADES, SOFTNESS = 2.4, 0.32
#: What the encoder looks at together; clips are whole steps.
STEP_SECONDS = 0.04
EMBEDDING, PROBABILITIES, FRAMES, BANDS = "embedding", "probabilities", 4, 80
_PER_DECADE = 4.0  # of the features, which are (log10 + 4) / 4


class Encoder:
    """The encoder of an exported model, frozen. It keeps the embeddings that it computed, 3 kB a clip.

    Args:
        model: as ``resolve`` takes it; one with the head of ``SpeechEncoder``.

    Raises:
        ConfigError: for any other model.
        ModelError: for a damaged file.

    >>> Encoder().embed(np.zeros((2, 8000), np.float32)).shape
    (2, 768)
    """

    def __init__(self, model: AnyModel = "speech_encoder") -> None:
        import onnx

        self.path = resolve(model, kind="words", format="onnx").path
        graph = self.graph()
        graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(EMBEDDING))
        self.model = ExportedModel(self.path, graph=graph.SerializeToString())
        self.facts = self.model.facts
        self._kept: dict[bytes, Vectors] = {}

    def graph(self) -> ModelProto:
        """Return the exported graph with the embedding behind the encoder."""
        import onnx

        try:
            graph = onnx.load(str(self.path))
        except Exception as error:  # of protobuf, which is no dependency of ours
            raise ModelError(
                f"'{self.path}' is no ONNX file that can be used ({error}); export the model again"
            ) from error
        last = [n for n in graph.graph.node if n.op_type == "LayerNormalization" and "mixture.norms" in n.input[1]]
        own = [n for n in last if n.input[1].startswith("word_head.")] or last
        if not own:
            raise ConfigError(f"{self.path}: own words need a model with the head of speech_encoder; give that one")
        put = _Nodes(graph)
        x = own[-1].input[0]  # [B, S, C]
        bands = put("ReduceMax", FEATURES, put.value([1], np.int64), keepdims=0)  # [B, 4 S]
        energy = put(
            "ReduceMean", put("Reshape", bands, put.value([0, -1, FRAMES], np.int64)), put.value([2], np.int64)
        )
        below = put("Sub", energy, put("ReduceMax", energy, put.value([1], np.int64)))  # [B, S, 1]
        scaled = put("Mul", put("Add", below, put.value(DECADES / _PER_DECADE)), put.value(_PER_DECADE / SOFTNESS))
        weight = put("Sigmoid", scaled)
        over_time = put.value([1], np.int64)
        total = put("ReduceSum", weight, over_time, keepdims=0)
        mean = put("Div", put("ReduceSum", put("Mul", x, weight), over_time, keepdims=0), total)
        outside = put("Mul", put("Log", put("Add", weight, put.value(1e-9))), put.value(4.0))
        highest = put("ReduceMax", put("Add", x, outside), over_time, keepdims=0)
        put("Concat", mean, highest, name=EMBEDDING, axis=1)
        return graph

    def embed(self, clips: Samples) -> Vectors:
        """Return the embeddings of clips, each computed alone and once, ``[n, N] -> [n, D]``."""
        clips = np.pad(clips, ((0, 0), (0, -clips.shape[1] % round(STEP_SECONDS * self.facts.sample_rate))))
        keys = [hashlib.sha256(clip.tobytes()).digest() for clip in clips]
        for key, clip in zip(keys, clips, strict=True):
            if key not in self._kept:
                self._kept[key] = self.model.run([EMBEDDING], {INPUT: clip[None].astype(np.float32)})[0][0]
        return np.stack([self._kept[key] for key in keys])

    def write(
        self,
        path: Path,
        facts: ModelFacts,
        card: str,
        projection: tuple[Vectors, Vectors],
        layer: tuple[Vectors, Vectors],
        *,
        with_known: bool,
    ) -> None:
        """Write one exported model: the encoder, and a dense layer on the projection of its embedding.

        Args:
            path: the file, whole or not at all.
            facts: what there is to know of it.
            card: in Markdown.
            projection: mean ``[D]`` and matrix ``[P, D]``.
            layer: weights ``[K, P]`` and biases ``[K]`` of the new words.
            with_known: whether the words that the model knew stand before the new ones, and its strings are kept.
        """
        graph = self.graph()
        put = _Nodes(graph)
        known = f"known_{LOGITS}"
        for node in graph.graph.node:
            node.output[:] = [known if name == LOGITS else name for name in node.output]
        centred = put("Sub", EMBEDDING, put.value(projection[0]))
        projected = put("MatMul", centred, put.value(projection[1].T))
        unit = put("Div", projected, put("ReduceL2", projected, put.value([1], np.int64)))
        last = "" if with_known else LOGITS
        logits = put("Add", put("MatMul", unit, put.value(layer[0].T)), put.value(layer[1]), name=last)
        if with_known:
            put("Concat", known, logits, name=LOGITS, axis=1)
        outputs = {value.name: value for value in graph.graph.output}
        outputs[LOGITS].type.tensor_type.shape.dim[1].dim_value = len(facts.vocabulary)
        kept = [value for name, value in outputs.items() if with_known or name != PROBABILITIES]
        del graph.graph.output[:]
        graph.graph.output.extend(kept)
        _prune(graph)
        metadata = {ALONE: self.model.metadata.get(ALONE, False), "version": self.model.metadata["version"]}
        if with_known and STRINGS in self.model.metadata:
            metadata[STRINGS] = self.model.metadata[STRINGS]
        del graph.metadata_props[:]
        graph.metadata_props.add(key=METADATA, value=json.dumps({**facts.to_dict(), **metadata}))
        graph.metadata_props.add(key=CARD, value=card)
        with atomic_path(path) as temporary:
            temporary.write_bytes(graph.SerializeToString())


class _Nodes:
    """Adds nodes and constants to a graph."""

    def __init__(self, graph: ModelProto) -> None:
        self.graph = graph.graph

    def __call__(self, operation: str, *inputs: str, name: str = "", **attributes: int) -> str:
        from onnx import helper

        output = name or f"own_{len(self.graph.node)}"
        node = helper.make_node(operation, list(inputs), [output])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.graph.node.append(node)
        return output

    def value(self, value: npt.ArrayLike, dtype: type = np.float32) -> str:
        from onnx import numpy_helper

        name = f"own_value_{len(self.graph.initializer)}"
        self.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype), name))
        return name


def _prune(graph: ModelProto) -> None:
    """Leave out nodes and constants that no output needs."""
    needed, nodes = {value.name for value in graph.graph.output}, []
    for node in reversed(graph.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            nodes.append(node)
    constants = [each for each in graph.graph.initializer if each.name in needed]
    for kept, all_of_them in ((nodes[::-1], graph.graph.node), (constants, graph.graph.initializer)):
        del all_of_them[:]
        all_of_them.extend(kept)
