"""Every model of the zoo over vocabularies of any size and script, through the checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.audio.low_cut import cut_low
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import Vocabulary

RATE, CLIP_SECONDS = 8000, 0.25
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


def build(vocabulary: Vocabulary) -> RecognizerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        mel, options = MelConfig(sample_rate=RATE, n_mels=16), {"widths": [4, 4, 8, 8], "blocks": [1, 1, 1]}
        config = RecognizerConfig("compact", mel, options=options, clip_seconds=CLIP_SECONDS, vocabulary=vocabulary)
        return RecognizerModel(config).eval()


def waveforms(n: int = 3) -> Tensor:
    return 0.2 * torch.randn(n, round(RATE * CLIP_SECONDS), generator=torch.Generator().manual_seed(2))


@EVERY
def test_words_go_through_the_checkpoint(words: str, tmp_path: Path) -> None:
    vocabulary = VOCABULARIES[words]
    model = build(vocabulary)
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
    scoring = TorchModel(checkpoint)
    waveform = waveforms(1)[0].numpy()
    answer = Recognizer(scoring).recognize(waveform, RATE)
    with torch.inference_mode():
        computed = model(torch.from_numpy(cut_low(waveform, RATE))[None])
    expected = checkpoint.calibration.probabilities(computed.numpy())[0]
    assert list(answer.probabilities) == list(vocabulary)
    np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-4)
    assert answer.word == vocabulary.words[int(expected.argmax())]
    assert answer.digit == vocabulary.digit(answer.word)
