"""A few recordings of one speaker: what changes, what stays, and that it helps where it should."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime

from aurora_resnet.augmentation.speed_pitch import change_speed
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.recognition.word_model import predict_logits
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.teaching.adapt import adapt


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


def test_the_last_layer_alone_changes(model: RecognizerModel, child: ClipSet) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    adapted = adapt(model, child.part(np.arange(len(child)) < 11)).model
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    changed = {name for name, tensor in adapted.state_dict().items() if not torch.equal(before[name], tensor)}
    assert changed == {"classifier.head.1.weight", "classifier.head.1.bias"}
    assert not adapted.training


def test_a_speaker_who_swaps_two_words_is_recognised_after_few_of_them(model: RecognizerModel) -> None:
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


def test_the_layer_is_that_of_an_independent_solver(model: RecognizerModel, child: ClipSet) -> None:
    clips, head, strength = child.part(np.arange(len(child)) % 3 == 0), "classifier.head.1.", 0.3
    with torch.inference_mode():
        features = model.frontend(clips.batch(range(len(clips))))
        e = model.classifier.stages(model.classifier.stem(features[:, None])).mean(dim=(2, 3)).double().numpy()  # type: ignore[operator]
    old = np.column_stack([model.state_dict()[head + name].double().numpy() for name in ("weight", "bias")])
    rows, labels = np.arange(len(clips)), clips.labels.numpy()
    scale = np.append(np.full(e.shape[1], np.square(e).sum(axis=1).mean()), 1.0)

    def loss(change: np.ndarray) -> float:
        moved = np.pad(np.column_stack((e, np.ones(len(e)))) @ (old + change.reshape(old.shape)).T, ((0, 0), (0, 1)))
        cross_entropy = (np.logaddexp.reduce(moved, axis=1) - moved[rows, labels]).mean()
        return float(cross_entropy + strength * (np.square(change.reshape(old.shape)) * scale).sum())

    after = adapt(model, clips, strength=strength).model.state_dict()
    found = np.column_stack([after[head + name].double().numpy() for name in ("weight", "bias")]) - old
    assert loss(found.ravel()) < loss(np.zeros(old.size))
    slope = approx_fprime(found.ravel(), loss, 1e-7)
    assert np.abs(slope).max() < 1e-3 * np.abs(approx_fprime(np.zeros(old.size), loss, 1e-7)).max()


def test_a_strong_prior_changes_nothing(model: RecognizerModel, child: ClipSet) -> None:
    adapted = adapt(model, child, strength=1e5).model
    torch.testing.assert_close(adapted.state_dict(), model.state_dict(), rtol=0, atol=1e-4)


def test_what_cannot_be_adapted(model: RecognizerModel, child: ClipSet) -> None:
    with pytest.raises(ConfigError, match="strength must lie above 0"):
        adapt(model, child, strength=0.0)
    with pytest.raises(CorpusError, match="adapting needs two recordings or more, got 1"):
        adapt(model, child.part(np.arange(len(child)) == 0))


def test_the_command_never_overwrites_the_model(
    call: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, model: RecognizerModel
) -> None:
    corpus = read_samples().filter(speakers="samples/flite-awb")
    corpus.write_csv(tmp_path / "awb.csv")
    done = call("adapt", "manifest:awb.csv", "--out", "awb.safetensors")
    assert done.returncode == 0, done.stderr
    assert "of 22 recordings" in done.stdout
    adapted = load_checkpoint(tmp_path / "awb.safetensors")
    assert adapted.info["adapted"] == {"from": "compact", "clips": 22}
    assert adapted.calibration == load_checkpoint("compact").calibration
    save_checkpoint(model, tmp_path / "base.safetensors")
    before = (tmp_path / "base.safetensors").read_bytes()
    refused = call("adapt", "manifest:awb.csv", "--model", "base.safetensors", "--out", "base.safetensors")
    assert refused.returncode == 2
    assert "is the model that is adapted" in refused.stderr
    assert (tmp_path / "base.safetensors").read_bytes() == before
    several = call("adapt", "samples:", "--out", "x.safetensors")
    assert "27 speakers; choose one with --speaker" in several.stderr
