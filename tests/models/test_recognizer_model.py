"""Front end and classifier as one network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from aurora_resnet.features.mel import MelConfig, MelFrontend
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import create_model, list_models
from aurora_resnet.runtime.errors import CheckpointError, ConfigError
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

MEL = MelConfig(sample_rate=8000, n_mels=16)


def clips(*shape: int) -> Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", list_models())
def test_from_waveform_to_logits(name: str) -> None:
    vocabulary = Vocabulary(("yes", "no", "stop"))
    model = RecognizerModel(RecognizerConfig(model=name, mel=MEL, vocabulary=vocabulary)).eval()
    for samples in (8000, 4321):
        assert model(clips(2, samples)).shape == (2, 3)


def test_it_is_the_front_end_followed_by_the_classifier() -> None:
    model = RecognizerModel(RecognizerConfig(model="cnn", mel=MEL, options={"hidden": 32})).eval()
    classifier = create_model("cnn", hidden=32, n_mels=16, num_classes=len(DIGITS.words)).eval()
    classifier.load_state_dict(model.classifier.state_dict())
    expected = classifier(MelFrontend(MEL)(clips(3, 8000)))
    torch.testing.assert_close(model(clips(3, 8000)), expected, rtol=0, atol=1e-6)


def test_the_loudness_of_a_clip_does_not_matter() -> None:
    model = RecognizerModel(RecognizerConfig(model="lstm", mel=MEL)).eval()
    torch.testing.assert_close(model(0.5 * clips(2, 8000)), model(clips(2, 8000)), rtol=1e-3, atol=1e-4)


def test_gradient_reaches_the_waveform() -> None:
    model = RecognizerModel(RecognizerConfig(model="cnn", mel=MEL)).eval()
    waveform = clips(2, 8000).requires_grad_()
    model(waveform)[0].sum().backward()
    assert waveform.grad is not None
    assert waveform.grad[0].any()
    assert not waveform.grad[1].any()


def test_config_and_state_rebuild_it() -> None:
    config = RecognizerConfig(model="bilstm", mel=MelConfig(sample_rate=8000, normalization="corpus"))
    model, copy = RecognizerModel(config).eval(), RecognizerModel(config).eval()
    normalization = model.frontend.normalization
    assert normalization is not None
    normalization.fit([model.frontend.log_mel(clips(4, 8000))])
    copy.load_state_dict(model.state_dict())
    torch.testing.assert_close(copy(clips(2, 8000)), model(clips(2, 8000)), rtol=0, atol=1e-6)


def test_weights_go_to_the_classifier(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"existing file, got '.*none\.pth'"):
        RecognizerModel(RecognizerConfig(model="resnet50", mel=MEL), weights=tmp_path / "none.pth")
    with pytest.raises(ConfigError, match=r"model 'cnn' has no option 'weights'"):
        RecognizerModel(RecognizerConfig(model="cnn", mel=MEL), weights="imagenet")


def test_clip_length_in_samples() -> None:
    assert RecognizerConfig(model="cnn", mel=MEL).clip_samples == 8000
    assert RecognizerConfig(model="cnn", mel=MEL, clip_seconds=0.33334).clip_samples == 2667


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip_seconds": 0.016}, r"exceed half an FFT window \(128 samples\), got 0.016 s"),
        ({"clip_seconds": -1.0}, "clip_seconds must lie above 0 and up to 60, got -1.0"),
        ({"clip_seconds": 61}, "clip_seconds must lie above 0 and up to 60, got 61"),
        ({"options": {"n_mels": 3, "weights": None}}, "n_mels, weights cannot stand in the model's options"),
    ],
)
def test_impossible_configurations(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RecognizerConfig(model="cnn", mel=MEL, **options)


def test_unknown_models_and_options_are_errors() -> None:
    with pytest.raises(ConfigError, match=r"unknown model 'cmn' \(did you mean 'cnn'\?\)"):
        RecognizerModel(RecognizerConfig(model="cmn", mel=MEL))
    with pytest.raises(ConfigError, match=r"no option 'cell' \(did you mean 'cells'\?\)"):
        RecognizerModel(RecognizerConfig(model="lstm", mel=MEL, options={"cell": 3}))


def test_a_network_comes_from_a_name_and_travels_as_a_folder(tmp_path: Path) -> None:
    model = RecognizerModel.from_pretrained("compact")
    assert not model.training
    assert model.calibration.rejects
    again = RecognizerModel.from_pretrained(model.save_pretrained(tmp_path / "mine", onnx=False))
    assert torch.equal(again(clips(2, 8000)), model(clips(2, 8000)))
    assert again.calibration == model.calibration
