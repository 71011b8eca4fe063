"""A few recordings of one speaker: what changes, what stays, and that it helps where it should."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import nn

from aurora_resnet.augmentation.speed_pitch import change_speed
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.teaching.adapt import METHODS, adapt


@pytest.fixture(scope="module")
def model() -> RecognizerModel:
    return load_checkpoint("compact").model


@pytest.fixture(scope="module")
def child(model: RecognizerModel) -> ClipSet:
    """Voices played half as fast again: nobody spoke so in the training."""
    corpus = read_samples().filter(speakers=["samples/flite-awb", "samples/flite-rms"])
    clips = load_clips(corpus, model.config)
    fast = tuple(torch.from_numpy(change_speed(w.numpy(), 1.6)) for w in clips.waveforms)
    return replace(clips, waveforms=fast, utterances=tuple(replace(u, speaker="child") for u in clips.utterances))


def correct(model: RecognizerModel, clips: ClipSet) -> int:
    logits = predict_logits(model, clips, device="cpu", batch_size=64)
    return int((logits.argmax(dim=1) == clips.labels).sum())


@pytest.mark.parametrize("method", METHODS)
def test_only_what_the_method_names_changes(model: RecognizerModel, child: ClipSet, method: str) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    adapted = adapt(model, child.part(np.arange(len(child)) < 11), method=method)
    after = adapted.model.state_dict()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    last = {"classifier.head.1.weight", "classifier.head.1.bias"}
    if method == "statistics":
        assert changed
        assert all("running" in name or "num_batches" in name for name in changed)
    else:
        assert changed == ({"classifier.head.1.bias"} if method == "bias" else last)
    assert not adapted.model.training


def test_somebody_who_swaps_two_words_is_understood_after_few_of_them(model: RecognizerModel) -> None:
    clips = load_clips(read_samples().filter(engine="flite", words=["five", "nine", "two"]), model.config)
    five, nine = (model.config.words.index(word) for word in ("five", "nine"))
    labels = clips.labels.clone()
    labels[clips.labels == five], labels[clips.labels == nine] = nine, five
    swapped = replace(clips, labels=labels, utterances=tuple(replace(u, speaker="me") for u in clips.utterances))
    learnt, unseen = (swapped.part(np.arange(len(swapped)) % 2 == side) for side in (0, 1))
    assert correct(model, unseen) <= len(unseen) // 2  # of the three words two are wrong
    adapted = adapt(model, learnt, strength=1e-4)
    assert adapted.helps
    assert correct(adapted.model, unseen) >= 0.9 * len(unseen)


def test_the_biases_are_those_of_an_independent_solver(model: RecognizerModel, child: ClipSet) -> None:
    logits = predict_logits(model, child, device="cpu", batch_size=64).double().numpy()
    rows, labels, strength = np.arange(len(child)), child.labels.numpy(), 0.3

    def loss(bias: np.ndarray) -> float:
        moved = np.pad(logits + bias, ((0, 0), (0, 1)))
        return float(
            (np.logaddexp.reduce(moved, axis=1) - moved[rows, labels]).mean() + strength * np.square(bias).sum()
        )

    expected = minimize(loss, np.zeros(11), method="BFGS").x
    name = "classifier.head.1.bias"
    found = adapt(model, child, method="bias", strength=strength).model.state_dict()[name] - model.state_dict()[name]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)


def test_a_strong_prior_changes_nothing(model: RecognizerModel, child: ClipSet) -> None:
    adapted = adapt(model, child, strength=1e5).model
    torch.testing.assert_close(adapted.state_dict(), model.state_dict(), rtol=0, atol=1e-4)


def test_what_cannot_be_adapted(model: RecognizerModel, child: ClipSet) -> None:
    with pytest.raises(ConfigError, match=r"method must be .*, got 'biass' \(did you mean 'bias'"):
        adapt(model, child, method="biass")
    with pytest.raises(ConfigError, match="strength must lie above 0"):
        adapt(model, child, strength=0.0)
    with pytest.raises(CorpusError, match="adapting needs two recordings or more, got 1"):
        adapt(model, child.part(np.arange(len(child)) == 0))
    without = RecognizerModel(replace(model.config, model="lstm", options={"cells": 4, "layers": 1}))
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in without.modules())
    with pytest.raises(ConfigError, match="'lstm' has no batch normalisation"):
        adapt(without, child, method="statistics")


def test_the_command_never_overwrites_the_model(
    call: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, model: RecognizerModel
) -> None:
    corpus = read_samples().filter(speakers="samples/flite-awb")
    corpus.write_csv(tmp_path / "awb.csv")
    done = call("adapt", "manifest:awb.csv", "--out", "awb.safetensors")
    assert done.returncode == 0, done.stderr
    assert "of 22 recordings" in done.stdout
    adapted = load_checkpoint(tmp_path / "awb.safetensors")
    assert adapted.info["adapted"] == {"from": "compact", "method": "last_layer", "clips": 22}
    assert adapted.calibration == load_checkpoint("compact").calibration
    save_checkpoint(model, tmp_path / "base.safetensors")
    before = (tmp_path / "base.safetensors").read_bytes()
    refused = call("adapt", "manifest:awb.csv", "--model", "base.safetensors", "--out", "base.safetensors")
    assert refused.returncode == 2
    assert "is the model that is adapted" in refused.stderr
    assert (tmp_path / "base.safetensors").read_bytes() == before
    several = call("adapt", "samples:", "--out", "x.safetensors")
    assert "27 speakers; choose one with --speaker" in several.stderr
