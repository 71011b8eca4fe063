"""The causal network: nothing looks ahead, pieces give what the whole gives, streams do not touch each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.streaming import StreamingNetwork, check_streams
from aurora_resnet.models.string_net import StringNet
from aurora_resnet.recognition.string_model import TorchSequenceModel, sequence_model
from aurora_resnet.runtime.errors import ConfigError

MEL = MelConfig(8000, n_mels=12, compression="pcen", normalization="none", causal=True)
OPTIONS = {"widths": [3, 4, 5, 6], "channels": 8, "dilations": [1, 2], "others": 2}


def random_net(seed: int = 0) -> StringNet:
    """A small network whose batch normalisations are not the identity."""
    torch.manual_seed(seed)
    net = StringNet(n_mels=12, num_classes=3, **OPTIONS).eval()  # type: ignore[arg-type]
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
    return net


@pytest.fixture(scope="module")
def model() -> RecognizerModel:
    torch.manual_seed(1)
    built = RecognizerModel(RecognizerConfig("string_net", MEL, options=OPTIONS, clip_seconds=1.0)).eval()
    built.classifier.load_state_dict(random_net().state_dict() | built.classifier.head.state_dict(prefix="head."))
    return built


@torch.inference_mode()
@given(frame=st.integers(0, 9), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_an_answer_knows_its_four_frames_and_those_before(frame: int, seed: int) -> None:
    net = random_net()
    features = torch.randn(1, 12, 40, generator=torch.Generator().manual_seed(seed))
    changed = features.clone()
    changed[..., 4 * frame + 4 :] += 1.0
    before, after = net(features), net(changed)
    assert torch.equal(before[:, : frame + 1], after[:, : frame + 1])
    if frame < 9:
        assert not torch.equal(before[:, frame + 1], after[:, frame + 1])


@torch.inference_mode()
@given(cuts=st.lists(st.integers(1, 11), max_size=4), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_steps_give_what_the_whole_gives(cuts: list[int], seed: int) -> None:
    net = random_net()
    features = torch.randn(2, 12, 48, generator=torch.Generator().manual_seed(seed))
    memory, parts = None, []
    for piece in torch.tensor_split(features, sorted({4 * cut for cut in cuts}), dim=2):
        logits, memory = net.step(piece, memory)
        parts.append(logits)
    assert torch.allclose(torch.cat(parts, dim=1), net(features), atol=1e-5)


def test_units_are_words_other_speech_and_the_blank() -> None:
    assert random_net()(torch.zeros(2, 12, 43)).shape == (2, 10, 3 + 2 + 1)
    assert random_net().blank == 5
    for wrong in ({"widths": (1, 2)}, {"dilations": (0,)}, {"others": -1}, {"dropout": 1.0}):
        with pytest.raises(ConfigError):
            StringNet(**wrong)


@given(seconds=st.floats(0.3, 1.5), cuts=st.lists(st.integers(1, 30), max_size=4))
@settings(max_examples=10)
def test_a_stream_gives_what_the_network_gives_of_the_whole(
    model: RecognizerModel, seconds: float, cuts: list[int]
) -> None:
    """The one computes the front end by convolutions on pieces, the other by FFTs of the whole."""
    sequence = sequence_model(model)
    assert isinstance(sequence, TorchSequenceModel)
    samples = 0.1 * np.random.default_rng(int(1000 * seconds)).standard_normal(int(8000 * seconds)).astype(np.float32)
    samples = np.pad(samples, (0, -len(samples) % 320))
    with torch.inference_mode():
        shares = model(torch.from_numpy(samples)[None])[0].softmax(dim=1).numpy()
    expected = np.concatenate((shares[:, :11], shares[:, 11:-1].sum(axis=1, keepdims=True), shares[:, -1:]), axis=1)
    state, parts = sequence.begin(2), []
    for piece in np.split(np.stack((samples, samples[::-1])), sorted({320 * cut for cut in cuts}), axis=1):
        if piece.shape[1]:
            found, state = sequence.step(piece, state)
            parts.append(found)
    given = np.concatenate(parts, axis=1)
    np.testing.assert_allclose(given[0], expected, atol=1e-5)
    np.testing.assert_allclose(given.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_allclose(given[1], sequence.whole(samples[::-1]), atol=1e-5)


def test_a_front_end_that_looks_ahead_cannot_be_used_in_streams(model: RecognizerModel) -> None:
    for wrong in ({"causal": False}, {"compression": "log"}, {"normalization": "corpus"}, {"power": 1.0}):
        config = RecognizerConfig("string_net", replace(MEL, **wrong), options=OPTIONS)
        with pytest.raises(ConfigError, match="does not look ahead"):
            check_streams(RecognizerModel(config))
    with pytest.raises(ConfigError, match="'cnn' is for single words"):
        StreamingNetwork(RecognizerModel(RecognizerConfig("cnn", MEL)))
    check_streams(model)
