"""What a program set as torch's default type and device changes nothing: same answers, same weights, same files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.environment import float32_on_cpu
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.resnet_attention import _positions
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.runtime.models import load_model
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

CLIPS = (0.1 * np.random.default_rng(0).standard_normal((2, 2000))).astype(np.float32)
SMALL: dict[str, dict[str, object]] = {"cnn": {"hidden": 16}, "lstm": {"cells": 8}}


def build(name: str = "cnn", **mel: Any) -> RecognizerModel:
    config = MelConfig(sample_rate=8000, n_mels=16, **mel)
    torch.manual_seed(0)
    return RecognizerModel(RecognizerConfig(name, config, options=SMALL.get(name, {}), clip_seconds=0.25)).eval()


def answers(path: Path) -> list[bytes]:
    model = DigitRecognizer.from_pretrained(path).model
    return [model.logits(CLIPS).tobytes(), model.features(CLIPS).tobytes()]


def few_words() -> ClipSet:
    return load_clips(read_samples().filter(words=["one", "two"], split="test"), build().config)


def train(out: Path) -> bytes:
    options = TrainingConfig(epochs=1, batch_size=8, weight_average=0.9, speed_factors=(0.9, 1.0))
    best = Trainer(build(), options, out).fit(few_words()).best_checkpoint
    return b"".join(tensor.numpy().tobytes() for tensor in load_checkpoint(best).model.state_dict().values())


@pytest.fixture(params=[torch.float64, torch.bfloat16, torch.device("meta")], ids=str)
def default(request: pytest.FixtureRequest) -> Iterator[None]:
    """A type, or a device on which nothing can be computed, is torch's default."""
    if isinstance(request.param, torch.dtype):
        torch.set_default_dtype(request.param)
    else:
        torch.set_default_device(request.param)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


@pytest.fixture(scope="module", params=["compact", "cnn", "lstm", "pcen"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A checkpoint and its answers under the usual defaults."""
    path = tmp_path_factory.mktemp("saved") / "a.safetensors"
    save_checkpoint(build("cnn", compression="pcen") if request.param == "pcen" else build(request.param), path)
    return path, answers(path)


@pytest.mark.usefixtures("default")
def test_a_checkpoint_answers_the_same(saved: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    path, expected = saved
    assert answers(path) == expected
    again = tmp_path / "again.safetensors"
    save_checkpoint(load_checkpoint(path).model, again)
    assert answers(again) == expected


@pytest.mark.usefixtures("default")
def test_positions_along_a_sequence_are_of_its_type() -> None:
    given = torch.zeros(1, 5, 8, dtype=torch.float32, device="cpu")
    found = _positions(given)
    assert (found.dtype, found.device) == (given.dtype, given.device)
    assert found[3, 1].item() == pytest.approx(math.sin(3 * 10_000 ** (-2 / 8)), rel=1e-6)  # a bfloat16 rate is not


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    model = build()
    corpus = read_samples().filter(words=["one"], split="test")
    return {
        "weights": b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values()),
        "trained": train(tmp_path_factory.mktemp("usual")),
        "accuracy": Evaluator(model).evaluate({"a": corpus}).overall.accuracy,
        "clips": few_words().batch([0]).numpy().tobytes(),
    }


@pytest.mark.usefixtures("default")
def test_building_training_and_measuring_give_the_same(usual: dict[str, Any], tmp_path: Path) -> None:
    model = build()
    assert b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values()) == usual["weights"]
    assert few_words().batch([0]).numpy().tobytes() == usual["clips"]
    assert train(tmp_path) == usual["trained"]
    corpus = read_samples().filter(words=["one"], split="test")
    assert Evaluator(model).evaluate({"a": corpus}).overall.accuracy == usual["accuracy"]


@pytest.mark.slow
@pytest.mark.usefixtures("few_samples", "default")
def test_an_export_answers_as_the_model(tmp_path: Path) -> None:
    model = build()
    export_onnx(model, tmp_path / "a.onnx")
    save_checkpoint(model, tmp_path / "a.safetensors")
    expected = DigitRecognizer.from_pretrained(tmp_path / "a.safetensors").model.logits(CLIPS)
    assert load_model(tmp_path / "a.onnx").logits(CLIPS) == pytest.approx(expected, abs=1e-4)


@pytest.mark.usefixtures("default")
def test_the_programs_own_defaults_stay() -> None:
    before = torch.get_default_dtype(), torch.get_default_device()
    with float32_on_cpu():
        assert (torch.get_default_dtype(), torch.get_default_device()) == (torch.float32, torch.device("cpu"))
    assert (torch.get_default_dtype(), torch.get_default_device()) == before
