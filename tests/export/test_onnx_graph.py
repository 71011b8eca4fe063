"""The exported graph: inputs, outputs, metadata, a model that stays as it is, and a silent exporter."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.export.onnx_graph import quiet, require_export
from aurora_resnet.export.parity import Parity
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import MissingDependencyError
from aurora_resnet.runtime.models import ExportedModel, ModelFacts


def test_the_file_is_valid_and_describes_itself(float_file: tuple[Path, Parity], compact: Checkpoint) -> None:
    graph = onnx.load(float_file[0])
    onnx.checker.check_model(graph, full_check=True)
    assert [(o.domain, o.version) for o in graph.opset_import] == [("", 18)]
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    assert metadata.keys() == {"aurora_resnet", "card"}
    assert metadata["card"] == compact.card
    facts = ModelFacts.from_dict(json.loads(metadata["aurora_resnet"]))
    assert (facts.name, facts.vocabulary, facts.calibration) == ("compact", compact.vocabulary, compact.calibration)
    assert (facts.sample_rate, facts.clip_samples, facts.frequencies_hz) == (8000, 8000, (60.0, 4000.0))
    assert facts == TorchModel(compact).facts
    assert str(Path(__file__).resolve().parents[2]).encode() not in graph.SerializeToString()
    exported = ExportedModel(float_file[0])
    assert (exported.facts, exported.card) == (facts, compact.card)


def test_any_number_of_clips_gives_what_the_network_gives(float_file: tuple[Path, Parity], compact: Checkpoint) -> None:
    session = onnxruntime.InferenceSession(float_file[0], providers=["CPUExecutionProvider"])
    assert [(end.name, end.shape) for end in session.get_outputs()] == [
        ("logits", ["batch", 11]),
        ("features", ["batch", 64, 101]),
    ]
    generator = torch.Generator().manual_seed(4)
    for batch in (1, 4, 17):
        waveform = 0.2 * torch.randn(batch, 8000, generator=generator)
        logits, features = session.run(None, {"waveform": waveform.numpy()})
        with torch.inference_mode():
            expected, spectrograms = compact.model(waveform), compact.model.frontend(waveform)
        assert np.abs(logits - expected.numpy()).max() < 1e-4
        assert np.abs(features - spectrograms.numpy()).max() < 1e-3


@pytest.mark.slow
@pytest.mark.usefixtures("few_samples")
def test_the_callers_model_stays_as_it_is_and_where_it_is_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16)))
    model.classifier.freeze("all_but_head")
    model.train()  # the frozen parts stay in evaluation mode
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    places = {name: tensor.data_ptr() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    assert {True, False} == set(modes)
    learns = [parameter.requires_grad for parameter in model.parameters()]
    random = torch.get_rng_state()
    export_onnx(model, tmp_path / "cnn.onnx")
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())
    assert {name: tensor.data_ptr() for name, tensor in model.state_dict().items()} == places  # the device too
    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == learns
    assert torch.equal(torch.get_rng_state(), random)
    assert capfd.readouterr() == ("", "")


def test_quiet_keeps_back_what_is_printed_but_not_errors(capfd: pytest.CaptureFixture[str]) -> None:
    def noisy() -> None:
        with quiet():
            print("kept back")  # noqa: T201
            logging.getLogger("anything").warning("kept back")
            raise ValueError("comes through")

    with pytest.raises(ValueError, match="comes through"):
        noisy()
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == 0


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingDependencyError, match=r"onnxscript .*pip install 'aurora-resnet\[export\]'"):
        require_export("onnx", "onnxscript")
