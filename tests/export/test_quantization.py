"""The int8 file: what is quantised and what is not, its size, and how near its answers stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.export.parity import ACCURACY_LOSS, Parity
from aurora_resnet.export.quantization import quantize_graph
from aurora_resnet.export.recordings import ExportRecordings, read_export_recordings
from aurora_resnet.runtime.errors import CorpusError, ExportError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import ExportedModel


def test_the_int8_file_is_small_and_keeps_its_words(int8_file: tuple[Path, Parity]) -> None:
    path, parity = int8_file
    assert path.stat().st_size <= 760_000
    assert parity.clips > 300
    assert parity.accuracy_loss <= ACCURACY_LOSS
    assert 1e-4 < parity.largest_difference < 0.2  # it is quantised, but not broken


def test_weights_are_int8_in_seven_bits_and_the_front_end_is_float(int8_file: tuple[Path, Parity]) -> None:
    graph = onnx.load(int8_file[0])
    onnx.checker.check_model(graph, full_check=True)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    int8 = [value for value in constants.values() if value.dtype == np.int8]
    assert sum(value.size for value in int8) > 460_000
    assert all(np.abs(value.astype(int)).max() <= 64 for value in int8)
    operations = [node.op_type for node in graph.graph.node]
    first = operations.index("QuantizeLinear")
    front = operations[operations.index("Pad") : first]
    assert {"Conv", "MatMul", "Log", "InstanceNormalization"} <= set(front)
    assert not {"DequantizeLinear", "QuantizeLinear"} & set(front)
    assert {"Conv", "Gemm"} <= set(operations[first:])


def test_the_shipped_model_is_this_export(int8_file: tuple[Path, Parity], audio: ExportRecordings) -> None:
    shipped_path = resolve("compact").path
    fresh, shipped = ExportedModel(int8_file[0]), ExportedModel(shipped_path)
    assert (fresh.facts, fresh.card) == (shipped.facts, shipped.card)
    clips = audio.check
    assert np.abs(fresh.logits(clips) - shipped.logits(clips)).max() < 0.5


def test_clips_to_quantise_and_to_check_with_share_nothing(audio: ExportRecordings) -> None:
    used = {clip.tobytes() for clip in audio.quantise}
    assert audio.check.shape == (360, 8000)
    assert len(audio.said) == 360
    assert not used & {clip.tobytes() for clip in audio.check}
    assert not np.array_equal(audio.check[8:184], audio.check[184:])  # the latter in noise
    assert audio.said[:8] == (None,) * 8
    assert audio.said[8:184] == audio.said[184:]
    assert all(audio.said[8:])


def test_own_recordings_are_divided_as_their_corpus_is(compact: Checkpoint, audio: ExportRecordings) -> None:
    more = read_export_recordings(compact.model.config, ["samples:"])
    quantise, check = more.quantise[len(audio.quantise) :], more.check[len(audio.check) :]
    assert 100 < len(quantise) <= 200
    assert 100 < len(check) <= 200
    test_voices = {clip.tobytes() for clip in audio.check}
    assert not test_voices & {clip.tobytes() for clip in quantise}
    assert {clip.tobytes() for clip in check} <= test_voices


@pytest.mark.usefixtures("few_samples")
def test_without_a_split_every_second_recording_quantises(compact: Checkpoint, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for word in ("one", "two"):
        for take in range(5):
            write_audio(rng.uniform(-0.5, 0.5, 8000), tmp_path / word / f"{take}.wav", 8000)
    config = compact.model.config
    audio, more = (read_export_recordings(config, own) for own in ([], [f"folder:{tmp_path}"]))
    assert [len(more.quantise) - len(audio.quantise), len(more.check) - len(audio.check)] == [5, 5]
    assert set(more.said[-5:]) == {("one",), ("two",)}
    renamed = tmp_path / "yes"
    (tmp_path / "one").rename(renamed)
    for file in (tmp_path / "two").iterdir():
        file.unlink()
    with pytest.raises(CorpusError, match=r"has no words that the model knows: zero, one"):
        read_export_recordings(config, [f"folder:{tmp_path}"])


def test_a_graph_without_anything_to_quantise_is_refused(compact: Checkpoint) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("waveform", "logits")]
    weight = numpy_helper.from_array(np.array([1], np.float32), "classifier.weight")
    node = helper.make_node("Div", ["waveform", "classifier.weight"], ["logits"], name="div")
    graph = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], [weight]))
    with pytest.raises(ExportError, match="no convolution"):
        quantize_graph(graph, np.zeros((2, compact.model.config.clip_samples), np.float32))
