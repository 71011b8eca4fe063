"""A trained model becomes one ONNX file, if it answers as the model does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.export.onnx_graph import build_graph, describe
from aurora_resnet.export.parity import Parity, check_parity
from aurora_resnet.export.quantization import quantize_graph
from aurora_resnet.export.recordings import UNKNOWN, read_export_recordings
from aurora_resnet.files import atomic_path
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import SUFFIXES


@float32_on_cpu()
def export_onnx(
    model: Checkpoint | RecognizerModel,
    path: str | Path,
    *,
    int8: bool = False,
    recordings: Sequence[str] = (),
) -> Parity:
    """Write a model as one ONNX file, from waveforms to logits; ``runtime.models`` says what is in it.

    Args:
        model: a checkpoint, whose card goes with it, or a trained network without one. It stays as it is and where it
            is. Its calibration goes with it if it was chosen for these very weights.
        path: the file, ending in ``.onnx``; written whole, or not at all.
        int8: quantise it: a quarter of the size, several times faster.
        recordings: corpora (``KIND:PATH``) to quantise and check with, beside the sample words; for a model of other
            words than the sample's, its own words.

    Returns:
        How near the file's answers are to the model's.

    Raises:
        ConfigError: for a path that does not end in ``.onnx``; or with ``int8``, if no recording has a word of the
            model, by which alone a quantised graph can be checked.
        CorpusError: if a corpus cannot be read.
        ExportError: if the exported graph does not answer as the model does.
        MissingDependencyError: without the packages of the extra ``export``.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    >>> export_onnx(model, "cnn.pb")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: cnn.pb: the exported file's name must end in .onnx
    """
    path = Path(path)
    if path.suffix != SUFFIXES["onnx"]:
        raise ConfigError(f"{path}: the exported file's name must end in {SUFFIXES['onnx']}")
    if isinstance(model, Checkpoint):
        network, card = model.model, model.card
        scoring = TorchModel(network, name=model.name)
    else:
        network, card, scoring = model, "", TorchModel(model)
    audio = read_export_recordings(network.config, recordings)
    if int8 and not np.any(audio.labels != UNKNOWN):
        raise ConfigError(
            "the sample recordings have none of the model's words, by which the quantised graph is checked; give "
            "recordings of them (--recordings KIND:PATH), or export it without int8"
        )
    graph = build_graph(network)
    if int8:
        graph = quantize_graph(graph, audio.quantise)
    describe(graph, scoring.facts, card)
    parity = check_parity(graph, scoring, audio.check, audio.labels, int8=int8)
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())
    return parity
