"""Words and strings by one encoder, in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import ModelProto

from aurora_resnet.checkpoints import save_checkpoint
from aurora_resnet.export.kinds import StringExport
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.string_model import TorchWindowModel, sequence_model
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.models.strings import ExportedWindowModel, load_string_model
from aurora_resnet.runtime.strings.recognizer import StringRecognizer

pytest.importorskip("onnxscript")
pytestmark = pytest.mark.slow

SIZES = {"width": 64, "blocks": 2, "heads": 2, "hidden": 96, "longest": 500}


def network(name: str, weights: Path | None = None) -> RecognizerModel:
    return RecognizerModel(
        RecognizerConfig(name, MelConfig(8000), options=SIZES, frontend="whisper"), weights=weights
    ).eval()


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecognizerModel, RecognizerModel]:
    """Random heads on one random encoder."""
    torch.manual_seed(3)
    words, path = network("speech_encoder"), tmp_path_factory.mktemp("words") / "words.safetensors"
    save_checkpoint(words, path)
    words.calibration = Calibration(1.5, 0.25)
    strings = network("string_encoder", weights=path)
    strings.calibration = Calibration(threshold=0.5, other_weight=2.0)
    return words, strings


@pytest.fixture(scope="module")
def graph(heads: tuple[RecognizerModel, RecognizerModel]) -> ModelProto:
    return StringExport(heads[1], "both").with_words(heads[0])


@pytest.fixture
def traced_once(graph: ModelProto, monkeypatch: pytest.MonkeyPatch) -> None:
    """One graph for the float and the int8 file."""

    def copied(*_: object) -> ModelProto:
        same = ModelProto()
        same.CopyFrom(graph)
        return same

    monkeypatch.setattr(StringExport, "with_words", copied)


@pytest.mark.usefixtures("few_samples", "traced_once")
def test_one_file_answers_as_both_networks(tmp_path: Path, heads: tuple[RecognizerModel, RecognizerModel]) -> None:
    export_onnx(heads[0], file := tmp_path / "both.onnx", strings=heads[1], name="both")
    noise = np.random.default_rng(0).normal(0, 0.1, 50_000).astype(np.float32)
    clips = noise[:32_000].reshape(4, 8000)
    words, strings = load_model(file), load_string_model(file)
    np.testing.assert_allclose(words.logits(clips), TorchModel(heads[0]).logits(clips), atol=1e-4)
    network = sequence_model(heads[1])
    assert isinstance(network, TorchWindowModel)
    assert isinstance(strings, ExportedWindowModel)
    np.testing.assert_allclose(strings.whole(noise), network.whole(noise), atol=1e-5)
    np.testing.assert_allclose(strings.whole(noise).sum(axis=1), 1, atol=1e-5)
    assert (words.facts.calibration, strings.facts.calibration) == tuple(head.calibration for head in heads)
    assert resolve(file).kind == "words"


@pytest.mark.usefixtures("few_samples", "traced_once")
def test_in_int8_what_a_clip_gets_does_not_depend_on_the_batch(
    heads: tuple[RecognizerModel, RecognizerModel], tmp_path: Path
) -> None:
    export_onnx(heads[0], tmp_path / "both.onnx", strings=heads[1], int8=True)
    model = load_model(tmp_path / "both.onnx")
    clips = np.random.default_rng(0).normal(0, 0.1, (3, 8000)).astype(np.float32) * np.array(
        [[1], [5], [0.1]], np.float32
    )
    for clip, expected in zip(clips, model.logits(clips), strict=True):
        np.testing.assert_array_equal(model.logits(clip[None])[0], expected)


def test_different_encoders_are_refused(heads: tuple[RecognizerModel, RecognizerModel], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs one encoder, and theirs differ"):
        export_onnx(heads[0], tmp_path / "both.onnx", strings=network("string_encoder"))
    assert not (tmp_path / "both.onnx").exists()


def test_an_encoder_that_takes_less_than_a_window_is_refused() -> None:
    config = RecognizerConfig("string_encoder", MelConfig(8000), options={**SIZES, "longest": 300}, frontend="whisper")
    with pytest.raises(ConfigError, match="windows of 500 steps, longest is 300"):
        sequence_model(RecognizerModel(config))


def test_a_checkpoint_of_strings_reads_recordings_of_any_length(
    heads: tuple[RecognizerModel, RecognizerModel], tmp_path: Path
) -> None:
    save_checkpoint(heads[1], tmp_path / "strings.safetensors", calibration=heads[1].calibration)
    recognizer = StringRecognizer.from_pretrained(tmp_path / "strings.safetensors")
    samples = np.random.default_rng(0).normal(0, 0.1, 24 * 8000).astype(np.float32)
    assert recognizer.model.whole(samples).shape == (600, 13)
    assert recognizer.streaming[0].facts.name == "string_net"
