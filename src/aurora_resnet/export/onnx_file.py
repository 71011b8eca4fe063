"""A trained model becomes one ONNX file, if it answers as the model does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aurora_resnet.export.calibration import calibration_clips
from aurora_resnet.export.formulas import store_formulas
from aurora_resnet.export.onnx_graph import build_graph, describe
from aurora_resnet.export.packing import drop_zero_points, shorten_names
from aurora_resnet.export.parity import Parity, check_parity
from aurora_resnet.export.quantization import quantize_graph
from aurora_resnet.files import atomic_path
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.rejection import Calibration
from aurora_resnet.runtime.errors import ConfigError

SUFFIX = ".onnx"


def export_onnx(
    model: RecognizerModel,
    path: str | Path,
    *,
    calibration: Calibration | None = None,
    card: str = "",
    int8: bool = False,
    recordings: Sequence[str] = (),
) -> Parity:
    """Write a model as one ONNX file, from waveforms to probabilities; ``onnx_graph`` describes what is in it.

    Args:
        model: a trained network; it stays as it is.
        path: the file, ending in ``.onnx``; written whole, or not at all.
        calibration: temperature and threshold that belong to the network.
        card: what it learnt from and what it can do, in Markdown.
        int8: quantise it.
        recordings: corpora (``KIND:PATH``) to quantise with, beside the sample words.

    Returns:
        How near the file's answers are to the model's.

    Raises:
        ConfigError: for a path that does not end in ``.onnx``, or recordings without ``int8``.
        ExportError: if the exported graph does not answer as the model does.
        MissingDependencyError: without the packages of the extra ``export``.

    >>> from aurora_resnet.features.mel import MelConfig
    >>> from aurora_resnet.models.recognizer_model import RecognizerConfig
    >>> model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    >>> export_onnx(model, "cnn.pb")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: cnn.pb: the exported file's name must end in .onnx
    """
    path, calibration = Path(path), calibration or Calibration()
    if path.suffix != SUFFIX:
        raise ConfigError(f"{path}: the exported file's name must end in {SUFFIX}")
    if recordings and not int8:
        raise ConfigError("recordings to calibrate with serve the quantisation; add int8 or leave them out")
    model.eval()
    graph = build_graph(model, calibration)
    if int8:
        graph = quantize_graph(graph, calibration_clips(model.config, recordings))
    store_formulas(graph, model.config.mel)
    if int8:
        drop_zero_points(graph)
        shorten_names(graph)
    describe(graph, model, calibration, card)
    parity = check_parity(graph, model, calibration, int8=int8)
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())
    return parity
