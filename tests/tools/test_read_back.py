"""An exported model of strings, read back for training, answers as the network that was exported."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from aurora_resnet.export.quantization import quantize_graph
from aurora_resnet.export.string_graph import build_string_graph
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.streaming import StreamingNetwork
from tools.ship.read_back import folded_weights, normalised, unfold

MEL = MelConfig(sample_rate=8000, n_mels=40, compression="pcen", normalization="none", causal=True)


@pytest.fixture(scope="module")
def model() -> RecognizerModel:
    """A network whose normalisations do something."""
    torch.manual_seed(0)
    model = RecognizerModel(RecognizerConfig("string_net", MEL)).eval()
    for _, _, norm in normalised(model):
        assert norm.running_mean is not None
        assert norm.running_var is not None
        nn.init.uniform_(norm.running_mean, -0.2, 0.2)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.2, 0.5)
    return model


def test_unfolded_weights_answer_alike_and_keep_the_statistics_of_a_batch(model: RecognizerModel) -> None:
    folded = StreamingNetwork(model).classifier.state_dict()
    waveforms = 0.1 * torch.randn(8, 8000, generator=torch.Generator().manual_seed(1))
    again = RecognizerModel(model.config)
    unfold(again, {f"classifier.{name}": tensor for name, tensor in folded.items()}, waveforms)
    with torch.no_grad():
        torch.testing.assert_close(again(waveforms), model(waveforms), atol=1e-4, rtol=1e-3)
        # What makes it ready for training: normalised by this very batch it answers the same.
        before = again(waveforms)
        for module in again.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.train()
        torch.testing.assert_close(again(waveforms), before, atol=2e-2, rtol=2e-2)


@pytest.mark.slow
def test_int8_weights_are_those_of_the_network_within_a_step(model: RecognizerModel, tmp_path: Path) -> None:
    import onnx

    network = StreamingNetwork(model)
    clips = (0.1 * torch.randn(2, 8000)).numpy()
    graph = quantize_graph(build_string_graph(network), clips, state_size=network.state_size)
    onnx.save(graph, tmp_path / "model.onnx")
    weights = folded_weights(tmp_path / "model.onnx")
    expected = {f"classifier.{name}": tensor for name, tensor in network.classifier.state_dict().items()}
    assert set(weights) == set(expected)
    for name, tensor in expected.items():
        if name.endswith("weight"):
            step = 2 * tensor.flatten(1).abs().amax(dim=1) / 64  # seven bits a channel
            assert ((weights[name] - tensor).flatten(1).abs().amax(dim=1) <= step).all(), name
