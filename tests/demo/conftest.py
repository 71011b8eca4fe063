"""One demonstration of two small networks with random weights on every fourth word; it trains a third for an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.demo import demo
from aurora_resnet.demo.demo import Demonstration, run_demo
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from tests.made_once import made_once

NAME = 'tiny <&"'


def tiny(name: str, *, rate: int = 8000, vocabulary: Vocabulary = DIGITS) -> Checkpoint:
    """At 8 kHz, the rate of the sounds, it rejects about half of them; at another it is not calibrated."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mel = MelConfig(sample_rate=rate, n_mels=16)
        model = RecognizerModel(RecognizerConfig("lstm", mel, options={"cells": 8}, vocabulary=vocabulary))
    model.calibration = Calibration(threshold=2.4 if rate == 8000 else None)
    return Checkpoint(model, name, card="", info={}, state={})


@contextmanager
def fewer() -> Iterator[None]:
    """Every fourth of the packaged words: searching each sound for its word takes most of the time."""
    few = replace(read_samples(), utterances=read_samples().utterances[::4])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "read_samples", lambda: few)
        yield


def demonstrate(folder: Path) -> Demonstration:
    with fewer():
        return run_demo([tiny(NAME, rate=16_000), tiny("second")], folder / "c n n.safetensors", epochs=1)


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    return made_once(tmp_path_factory, "demonstration", demonstrate)
