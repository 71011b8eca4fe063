"""Every model of the zoo over vocabularies of any size and script, through the checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.zoo import list_models
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.audio.low_cut import cut_low
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import Vocabulary

RATE, CLIP_SECONDS = 8000, 0.25
SMALL: dict[str, dict[str, Any]] = {
    "resnet50": {"hidden": 8},
    "resnet_attention": {"hidden": 8},
    "resnet_transformer": {"hidden": 8, "width": 16, "layers": 1, "heads": 2},
    "compact": {"widths": [4, 4, 8, 8], "blocks": [1, 1, 1]},
    "cnn": {"hidden": 8},
    "lstm": {"cells": 8, "layers": 1, "hidden": 8},
    "bilstm": {"cells": 8, "layers": 1, "hidden": 8},
    "cnn_lstm": {"cells": 8, "hidden": 8},
}
COMMANDS = (
    "backward bed bird cat dog down eight five follow forward four go happy house learn left marvin nine no off on one "
    "right seven sheila six stop three tree two up visual wow yes zero"
)
VOCABULARIES = {
    "two": Vocabulary(("yes", "no")),
    "thirty-five": Vocabulary(tuple(COMMANDS.split())),
    "spaces and umlauts": Vocabulary(("turn on", "fünf", "größer als", "naïve café"), (None, 5, None, None)),
    "cyrillic": Vocabulary(("ноль", "один", "два"), (0, 1, 2)),
}
EVERY = pytest.mark.parametrize("words", VOCABULARIES)
ALL = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name.startswith("resnet") else name for name in list_models()],
)


def build(name: str, vocabulary: Vocabulary) -> RecognizerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        mel = MelConfig(sample_rate=RATE, n_mels=16)
        options, length = SMALL[name], CLIP_SECONDS
        return RecognizerModel(
            RecognizerConfig(name, mel, options=options, clip_seconds=length, vocabulary=vocabulary)
        ).eval()


def waveforms(n: int = 3) -> Tensor:
    return 0.2 * torch.randn(n, round(RATE * CLIP_SECONDS), generator=torch.Generator().manual_seed(2))


def test_every_model_has_small_options() -> None:
    assert set(SMALL) == set(list_models())
    assert len(VOCABULARIES["thirty-five"]) == 35


@ALL
@EVERY
def test_words_go_through_the_checkpoint(name: str, words: str, tmp_path: Path) -> None:
    vocabulary = VOCABULARIES[words]
    model = build(name, vocabulary)
    with torch.inference_mode():
        logits = model(waveforms())
    assert logits.shape == (3, len(vocabulary))
    assert logits.isfinite().all()
    save_checkpoint(model, tmp_path / "a.safetensors", calibration=Calibration(1.5, -9.0), card=", ".join(vocabulary))
    checkpoint = load_checkpoint(tmp_path / "a.safetensors")
    assert checkpoint.vocabulary == vocabulary
    assert checkpoint.model.config == model.config
    assert checkpoint.card == ", ".join(vocabulary)
    with torch.inference_mode():
        assert torch.equal(checkpoint.model(waveforms()), logits)
    scoring = TorchModel(checkpoint.model, calibration=checkpoint.calibration, name=checkpoint.name)
    waveform = waveforms(1)[0].numpy()
    answer = Recognizer(scoring).recognize(waveform, RATE)
    with torch.inference_mode():
        heard = model(torch.from_numpy(cut_low(waveform, RATE))[None])
    expected = checkpoint.calibration.probabilities(heard.numpy())[0]
    assert list(answer.probabilities) == list(vocabulary)
    np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-4)
    assert answer.word == vocabulary.words[int(expected.argmax())]
    assert answer.digit == vocabulary.digit(answer.word)


@ALL
@pytest.mark.parametrize("words", ["two", "thirty-five"])
def test_gradient_reaches_the_logit_of_every_word(name: str, words: str) -> None:
    vocabulary = VOCABULARIES[words]
    model = build(name, vocabulary).train()
    labels = torch.arange(4) % len(vocabulary)
    nn.functional.cross_entropy(model(waveforms(4)), labels).backward()  # type: ignore[no-untyped-call]
    last = model.classifier.parameters_of_head()[-1]
    assert last.shape == (len(vocabulary),)
    assert last.grad is not None
    assert (last.grad != 0).all()
