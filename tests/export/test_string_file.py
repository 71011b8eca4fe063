"""An exported model of strings against its network: in float frame by frame, in int8 by what is heard."""

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
from aurora_resnet.evaluation.strings import WordCounts
from aurora_resnet.export import string_file, string_recordings
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.string_file import StringParity, export_strings
from aurora_resnet.export.string_graph import build_string_graph
from aurora_resnet.export.string_recordings import read_string_recordings
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.streaming import StreamingNetwork
from aurora_resnet.recognition.string_model import sequence_model
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, CorpusError, ExportError, ModelError
from aurora_resnet.runtime.strings.model import SequenceModel
from aurora_resnet.runtime.vocabulary import Vocabulary

MEL = MelConfig(8000, n_mels=8, compression="pcen", normalization="none", causal=True)
PARITY = StringParity(126, 0.2, 0, 40, WordCounts(said=200, deleted=10), WordCounts(said=200, deleted=10))


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
    assert (model.facts.other_weight, model.facts.threshold, model.card) == (0.3, 0.6, "# Mine")
    assert sequence_model(tiny()).facts.other_weight == 1.0
    moved = model.at(other_weight=2.0, threshold=0.1)
    assert (moved.facts.other_weight, moved.facts.threshold, model.facts.other_weight) == (2.0, 0.1, 0.3)
    for damaged in ({"other_weight": 1}, {"other_weight": "a", "threshold": 0.5}, [1]):
        save_calibrated(checkpoint, Calibration(), tmp_path / "c.safetensors", info={OPERATING_POINT: damaged})
        with pytest.raises(CheckpointError, match="operating point is damaged"):
            load_checkpoint(tmp_path / "c.safetensors")


def test_strings_to_quantise_and_to_check_with_share_no_voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(string_recordings, "STRINGS", 10)
    audio = read_string_recordings(tiny().config)
    assert audio.quantise.shape[1] == audio.check.shape[1] == 16_000
    assert len(audio.check) == len(audio.said)
    used = {clip.tobytes() for clip in audio.quantise[8:]}
    assert not used & {clip.tobytes() for clip in audio.check[8:]}
    known = [said for said in audio.said if said is not None]
    assert {len(said) for said in known} == {1, 2}
    generator = np.random.default_rng(0)
    for name in ("one/1", "one/2", "two/1", "two/2", "ja/1"):
        write_audio(generator.uniform(-0.5, 0.5, 8000), tmp_path / f"{name}.wav", 8000)
    own = read_string_recordings(tiny().config, (f"folder:{tmp_path}",))
    assert sorted(filter(None, own.said[len(audio.said) :])) == sorted(2 * [("one",), ("two",)])
    with pytest.raises(CorpusError, match="has no recording whose words the model knows"):
        read_string_recordings(tiny(Vocabulary(("oui", "non"))).config, (f"folder:{tmp_path}",))


def test_a_file_that_hears_otherwise_is_refused() -> None:
    PARITY.check(int8=True)
    replace(PARITY, largest_difference=1e-5).check(int8=False)
    replace(PARITY, file_errors=WordCounts(said=200, deleted=13)).check(int8=True)  # three of 200 may be chance
    for worse, int8 in (
        (replace(PARITY, largest_difference=2e-4), False),
        (replace(PARITY, largest_difference=float("nan")), False),
        (replace(PARITY, changed=2), True),
        (replace(PARITY, file_errors=WordCounts(said=200, deleted=14)), True),
    ):
        with pytest.raises(ExportError, match="too differently"):
            worse.check(int8=int8)


def test_refuses_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must end in \.onnx"):
        export_strings(tiny(), tmp_path / "a.pb")
    with pytest.raises(ModelError, match="'string_net' is a model of strings, not of single words"):
        export_onnx(tiny(), tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="'cnn' is a model of single words"):
        export_strings(RecognizerModel(RecognizerConfig("cnn", MEL)), tmp_path / "a.onnx")
    with pytest.raises(ConfigError, match="no recording has words of the model alone"):
        export_strings(tiny(Vocabulary(("ja", "nein"))), tmp_path / "a.onnx", int8=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_files_go_on_with_streams_as_the_network_does(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One graph for both files, since tracing it takes most of a minute."""
    graph = build_string_graph(sequence_model(load_checkpoint(checkpoint)).network)

    def copied(_network: StreamingNetwork) -> ModelProto:
        same = ModelProto()
        same.CopyFrom(graph)
        return same

    monkeypatch.setattr(string_file, "build_string_graph", copied)
    parity = export_strings(load_checkpoint(checkpoint), tmp_path / "float.onnx")
    assert parity.largest_difference < 1e-5
    assert parity.errors == parity.file_errors
    model, expected = SequenceModel(tmp_path / "float.onnx"), sequence_model(load_checkpoint(checkpoint))
    assert model.facts == expected.facts
    assert model.card == "# Mine"
    samples = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    np.testing.assert_allclose(model.whole(samples), expected.whole(samples), atol=1e-5)

    small = export_strings(load_checkpoint(checkpoint), tmp_path / "int8.onnx", int8=True, name="mine")
    assert 1e-5 < small.largest_difference < 0.2
    quantised = onnx.load(tmp_path / "int8.onnx")
    facts = json.loads(quantised.metadata_props[0].value)
    assert (facts["name"], facts["other_weight"]) == ("mine", 0.3)
    int8 = [numpy_helper.to_array(t) for t in quantised.graph.initializer if t.data_type == onnx.TensorProto.INT8]
    weights = sum(p.numel() for name, p in tiny().named_parameters() if "conv" in name and p.dim() > 1)
    assert sum(value.size for value in int8) >= weights
    streams = SequenceModel(tmp_path / "int8.onnx")
    state, parts = streams.begin(), []
    for piece in np.split(samples[None], [320, 2240, 9600], axis=1):
        shares, state = streams.step(piece, state)
        parts.append(shares[0])
    np.testing.assert_allclose(np.concatenate(parts), streams.whole(samples), atol=1e-6)
