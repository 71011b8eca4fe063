"""Whisper's encoder and its front end beside the ``transformers`` library's, and the two heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import load_file, save_file
from scipy.special import softmax

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.features.whisper import WhisperFrontend
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.speech_encoder import count_doubt
from aurora_resnet.models.whisper_encoder import WhisperEncoder, sinusoids
from aurora_resnet.models.zoo import create_model
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.decision import evidence, log_probabilities
from aurora_resnet.runtime.errors import CheckpointError, ConfigError, DownloadError

SMALL: dict[str, Any] = {"width": 64, "blocks": 3, "heads": 2, "hidden": 96, "longest": 60}


@pytest.fixture(scope="module")
def reference() -> torch.nn.Module:
    """A small random encoder of the transformers library."""
    transformers = pytest.importorskip("transformers", reason="judges the encoder; CI installs it for these tests")
    from transformers.models.whisper.modeling_whisper import WhisperEncoder as Reference

    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        d_model=64, encoder_layers=3, encoder_attention_heads=2, encoder_ffn_dim=96, max_source_positions=60
    )
    encoder: torch.nn.Module = Reference(config)
    encoder.eval()
    for parameter in encoder.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.2)
    return encoder


@pytest.fixture(scope="module")
def weights(reference: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its weights in a file as the hub has them, with a tensor of a decoder."""
    path = tmp_path_factory.mktemp("whisper") / "model.safetensors"
    state = {f"model.encoder.{name}": tensor.contiguous() for name, tensor in reference.state_dict().items()}
    save_file(state | {"model.decoder.layer_norm.weight": torch.ones(64)}, path)
    return path


def test_encoder_computes_what_transformers_does(reference: torch.nn.Module, weights: Path) -> None:
    encoder = WhisperEncoder(**SMALL).eval()
    report = encoder.load(weights)
    features = torch.randn(2, 80, 120)
    with torch.inference_mode():
        expected = reference(features, output_hidden_states=True)
        found = encoder(features)
    torch.testing.assert_close(found[-1], expected.last_hidden_state, atol=1e-4, rtol=1e-4)
    for block, hidden in zip(found[:-1], expected.hidden_states[1:-1], strict=True):
        torch.testing.assert_close(block, hidden, atol=1e-4, rtol=1e-4)
    assert len(report.matched) == len(encoder.state_dict())


def test_a_short_sound_takes_the_first_positions(weights: Path) -> None:
    encoder = WhisperEncoder(**SMALL).eval()
    encoder.load(weights)
    positions = load_file(weights)["model.encoder.embed_positions.weight"]
    torch.testing.assert_close(encoder.embed_positions, positions, atol=1e-5, rtol=0)
    with torch.inference_mode():
        assert encoder(torch.zeros(1, 80, 50))[0].shape == (1, 25, 64)
        with pytest.raises(ConfigError, match="at most 60 steps of 20 ms, got 61"):
            encoder(torch.zeros(1, 80, 122))


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_front_end_computes_what_transformers_does(rate: int) -> None:
    extractor = pytest.importorskip("transformers").WhisperFeatureExtractor()
    samples, own_rate = read_audio(read_samples()[3].path)
    at_rate = resample(samples, own_rate, rate)
    at_16_khz = resample(at_rate, rate, 16_000)
    expected = extractor(at_16_khz, sampling_rate=16_000, padding=False, return_tensors="np").input_features[0]
    found = WhisperFrontend(MelConfig(rate))(torch.from_numpy(at_rate)[None])[0].numpy()
    frames = min(found.shape[1], expected.shape[1])
    assert abs(found.shape[1] - expected.shape[1]) <= 1
    # What the resampler leaves above half the rate is none of the recording's, nor are mirrored ends.
    bands = slice(0, 80 if rate == 16_000 else 55)
    difference = np.abs(found[bands, 2 : frames - 2] - expected[bands, 2 : frames - 2])
    assert difference.max() < (1e-4 if rate == 16_000 else 0.12)
    assert difference.mean() < (1e-5 if rate == 16_000 else 2e-3)


def test_front_end_refuses_what_it_cannot_take() -> None:
    with pytest.raises(ConfigError, match="whole 400 Hz, got 11025"):
        WhisperFrontend(MelConfig(11_025))
    with pytest.raises(ConfigError, match=r"more than 100 samples, \[B, N\], got \[1, 100\]"):
        WhisperFrontend(MelConfig(8000))(torch.zeros(1, 100))


def test_positions_are_sines_and_cosines_of_geometric_frequencies() -> None:
    table = sinusoids(50, 16)
    rates = 10_000 ** (-torch.arange(8) / 7)
    torch.testing.assert_close(table[7, :8], (7 * rates).sin())
    torch.testing.assert_close(table[7, 8:], (7 * rates).cos())


@pytest.mark.parametrize(("name", "shape"), [("speech_encoder", (2, 11)), ("string_encoder", (2, 25, 39))])
def test_heads(name: str, shape: tuple[int, ...], weights: Path, tmp_path: Path) -> None:
    config = RecognizerConfig(name, MelConfig(8000), options=SMALL, frontend="whisper")
    model = RecognizerModel(config, weights=weights).eval()
    clips = 0.1 * torch.randn(2, 8000)
    logits = model(clips)
    assert logits.shape == shape
    torch.testing.assert_close(model(clips[:1]), logits[:1], atol=1e-5, rtol=1e-5)  # not of the batch
    for plan, frozen in (("all_but_head", True), ("none", False)):
        model.classifier.freeze(plan)
        assert all(p.requires_grad is not frozen for p in model.classifier.parameters_of_backbone())
        assert all(p.requires_grad for p in model.classifier.parameters_of_head())
    save_checkpoint(model, tmp_path / "model.safetensors")
    again = load_checkpoint(tmp_path / "model.safetensors").model
    torch.testing.assert_close(again(clips), logits)


@given(
    arrays(np.float64, (3, 11), elements=st.floats(-20, 20)) | arrays(np.float64, (2, 1), elements=st.floats(-20, 20))
)
def test_doubt_which_word_it_is_counts_for_none(logits: npt.NDArray[np.float64]) -> None:
    found = count_doubt(torch.from_numpy(logits)).numpy()
    best = np.exp(log_probabilities(logits).max(axis=1))
    np.testing.assert_allclose(1 / (1 + np.exp(evidence(found))), 1 - best, atol=1e-9)
    np.testing.assert_allclose(softmax(found, axis=1), softmax(logits, axis=1), atol=1e-9)


def test_an_encoder_is_taken_from_a_checkpoint_with_another_head(tmp_path: Path) -> None:
    words = RecognizerModel(RecognizerConfig("speech_encoder", MelConfig(8000), options=SMALL, frontend="whisper"))
    save_checkpoint(words, tmp_path / "words.safetensors")
    strings = create_model("string_encoder", weights=tmp_path / "words.safetensors", **SMALL)
    state = strings.state_dict()
    for name, tensor in words.classifier.state_dict().items():
        if name.startswith("encoder."):
            torch.testing.assert_close(state[name], tensor)


def test_weights_that_do_not_fit_are_refused(weights: Path, tmp_path: Path) -> None:
    encoder = WhisperEncoder(**{**SMALL, "width": 128})
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"conv1.weight has shape \[64, 80, 3\], expected \[128, 80, 3\]"):
        encoder.load(weights)
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())
    other = tmp_path / "other.safetensors"
    save_file({"conv1.weight": torch.zeros(2)}, other)
    with pytest.raises(CheckpointError, match=r"other.safetensors holds no tensors named 'encoder"):
        encoder.load(other)
    other.write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match=r"other.safetensors is not a readable .safetensors file"):
        encoder.load(other)
    with pytest.raises(CheckpointError, match="owner/name on the hub or an existing file, got 'huge'"):
        encoder.load("huge")


def test_weights_come_from_the_hub_by_name(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def hub_files(repo: str, revision: str | None) -> object:
        assert revision is None

        def get(name: str) -> Path:
            asked.append((repo, name))
            return weights

        return get

    monkeypatch.setattr("aurora_resnet.models.whisper_encoder.hub_files", hub_files)
    WhisperEncoder(**SMALL).load("tiny.en")
    WhisperEncoder(**SMALL).load("openai/whisper-base")
    assert asked == [("openai/whisper-tiny.en", "model.safetensors"), ("openai/whisper-base", "model.safetensors")]


def test_a_hub_that_cannot_be_reached_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # the variable of this name is read once
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DownloadError, match=r"openai/whisper-tiny\.en"):
        WhisperEncoder(**SMALL).load("openai/whisper-tiny.en")
