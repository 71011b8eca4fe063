"""An exported model of strings against its network: in float frame by frame, in int8 by what is recognised."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto, numpy_helper

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import OPERATING_POINT, load_checkpoint, save_calibrated, save_checkpoint
from aurora_resnet.export import kinds, recordings
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.onnx_graph import build_string_graph
from aurora_resnet.export.recordings import read_export_recordings
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.streaming import StreamingNetwork
from aurora_resnet.recognition.string_model import sequence_model
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, CorpusError
from aurora_resnet.runtime.models.strings import ExportedSequenceModel
from aurora_resnet.runtime.vocabulary import Vocabulary

MEL = MelConfig(8000, n_mels=8, compression="pcen", normalization="none", causal=True)


def tiny(vocabulary: Vocabulary | None = None) -> RecognizerModel:
    torch.manual_seed(0)
    options = {"widths": [4, 4, 4, 4], "channels": 8, "dilations": [1, 2], "others": 1}
    config = RecognizerConfig("string_net", MEL, options=options, clip_seconds=2.0)
    return RecognizerModel(config if vocabulary is None else replace(config, vocabulary=vocabulary)).eval()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save_checkpoint(tiny(), tmp_path / "a.safetensors", card="# Mine")
    point = {OPERATING_POINT: {"other_weight": 0.3, "threshold": 0.6}}
    save_calibrated(tmp_path / "a.safetensors", Calibration(), tmp_path / "b.safetensors", info=point)
    return tmp_path / "b.safetensors"


def test_the_operating_point_comes_from_the_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    model = sequence_model(load_checkpoint(checkpoint))
    point = model.facts.calibration
    assert (point.other_weight, point.threshold, model.card) == (0.3, 0.6, "# Mine")
    assert sequence_model(tiny()).facts.calibration.other_weight == 1.0
    for damaged in ({"other_weight": 1}, {"other_weight": "a", "threshold": 0.5}, [1]):
        save_calibrated(checkpoint, Calibration(), tmp_path / "c.safetensors", info={OPERATING_POINT: damaged})
        with pytest.raises(CheckpointError, match="operating point is damaged"):
            load_checkpoint(tmp_path / "c.safetensors")


def test_strings_to_quantise_and_to_check_with_share_no_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "STRINGS", 10)
    audio = read_export_recordings(tiny().config, kind="strings")
    assert audio.quantise.shape[1] == audio.check.shape[1] == 16_000
    assert len(audio.check) == len(audio.said)
    used = {clip.tobytes() for clip in audio.quantise[8:]}
    assert not used & {clip.tobytes() for clip in audio.check[8:]}
    known = [said for said in audio.said if said is not None]
    assert {len(said) for said in known} == {1, 2}
    generator = np.random.default_rng(0)
    for name in ("one/1", "one/2", "two/1", "two/2", "ja/1"):
        write_audio(generator.uniform(-0.5, 0.5, 8000), tmp_path / f"{name}.wav", 8000)
    own = read_export_recordings(tiny().config, (f"folder:{tmp_path}",), kind="strings")
    assert sorted(filter(None, own.said[len(audio.said) :])) == sorted(2 * [("one",), ("two",)])
    with pytest.raises(CorpusError, match="has no strings that the model knows"):
        read_export_recordings(tiny(Vocabulary(("oui", "non"))).config, (f"folder:{tmp_path}",), kind="strings")


def test_without_known_words_a_quantised_file_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="have none of the model's words"):
        export_onnx(tiny(Vocabulary(("ja", "nein"))), tmp_path / "a.onnx", int8=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_files_go_on_with_streams_as_the_network_does(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One graph for both files, since tracing it takes most of a minute."""
    network = sequence_model(load_checkpoint(checkpoint)).network
    assert isinstance(network, StreamingNetwork)
    graph = build_string_graph(network)

    def copied(_network: StreamingNetwork) -> ModelProto:
        same = ModelProto()
        same.CopyFrom(graph)
        return same

    monkeypatch.setattr(kinds, "build_string_graph", copied)
    parity = export_onnx(load_checkpoint(checkpoint), tmp_path / "float.onnx")
    assert parity.largest_difference < 1e-5
    assert parity.errors == parity.file_errors
    model, expected = ExportedSequenceModel(tmp_path / "float.onnx"), sequence_model(load_checkpoint(checkpoint))
    assert model.facts == expected.facts
    assert model.card == "# Mine"
    samples = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    np.testing.assert_allclose(model.whole(samples), expected.whole(samples), atol=1e-5)

    small = export_onnx(load_checkpoint(checkpoint), tmp_path / "int8.onnx", int8=True, name="mine")
    assert 1e-5 < small.largest_difference < 0.2
    quantised = onnx.load(tmp_path / "int8.onnx")
    facts = json.loads(quantised.metadata_props[0].value)
    assert (facts["name"], facts["calibration"]["other_weight"]) == ("mine", 0.3)
    int8 = [numpy_helper.to_array(t) for t in quantised.graph.initializer if t.data_type == onnx.TensorProto.INT8]
    weights = sum(p.numel() for name, p in tiny().named_parameters() if "conv" in name and p.dim() > 1)
    assert sum(value.size for value in int8) >= weights
    streams = ExportedSequenceModel(tmp_path / "int8.onnx")
    state, parts = streams.begin(), []
    for piece in np.split(samples[None], [320, 2240, 9600], axis=1):
        shares, state = streams.step(piece, state)
        parts.append(shares[0])
    np.testing.assert_allclose(np.concatenate(parts), streams.whole(samples), atol=1e-6)
