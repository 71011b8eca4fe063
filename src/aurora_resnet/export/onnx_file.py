"""A trained model becomes one ONNX file, if it answers as the model does."""

from collections.abc import Sequence
from pathlib import Path

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.export.kinds import EXPORTS, StringExport
from aurora_resnet.export.onnx_graph import describe
from aurora_resnet.export.parity import Parity
from aurora_resnet.export.quantization import quantize_graph
from aurora_resnet.export.recordings import read_export_recordings
from aurora_resnet.files import atomic_path
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import SUFFIXES


@float32_on_cpu()
def export_onnx(
    model: Checkpoint | RecognizerModel,
    path: str | Path,
    *,
    int8: bool = False,
    recordings: Sequence[str] = (),
    name: str = "",
    strings: Checkpoint | RecognizerModel | None = None,
) -> Parity:
    """Write a model as one ONNX file; ``runtime.models`` and ``runtime.strings.model`` say what is in it.

    Args:
        model: a checkpoint, whose card goes with it, or a trained network without one. It stays as it is and where it
            is. Its calibration goes with it if it was chosen for these very weights.
        path: the file, ending in ``.onnx``; written whole, or not at all.
        int8: quantise it: a quarter of the size, several times faster.
        recordings: corpora (``KIND:PATH``) to quantise and check with, beside the sample words, or strings of them; for
            a model of other words than the sample's, its own words.
        name: of the exported model; the checkpoint's if not given.
        strings: a model of strings on the encoder of a model of single words: one file then reads both.

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
    network, card = (model.model, model.card) if isinstance(model, Checkpoint) else (model, "")
    exporting = EXPORTS[network.kind](model, name)
    beside = None if strings is None else StringExport(strings, exporting.facts.name)
    parts = [(exporting, read_export_recordings(network.config, recordings, kind=network.kind))]
    if strings is not None and beside is not None:
        config = (strings.model if isinstance(strings, Checkpoint) else strings).config
        parts.append((beside, read_export_recordings(config, recordings, kind="strings")))
    if int8 and not all(any(audio.said) for _, audio in parts):
        raise ConfigError(
            "the sample recordings have none of the model's words, by which the quantised graph is checked; give "
            "recordings of them (--recordings KIND:PATH), or export it without int8"
        )
    graph = exporting.graph() if beside is None else beside.with_words(network)
    dynamic = int8 and network.classifier.dynamic_ranges
    if int8:
        clips = exporting.whole(parts[0][1].quantise)
        graph = quantize_graph(graph, clips, state_size=exporting.state_size, dynamic=dynamic)
    describe(graph, exporting.facts, card, strings=None if beside is None else beside.facts, alone=dynamic)
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())
        found = []
        for each, audio in parts:
            parity = Parity.of(each.answers(audio.check), each.file_answers(temporary, audio.check), audio.said)
            parity.check(int8=int8)
            found.append(parity)
    return found[0]
