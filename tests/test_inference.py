from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.inference import load_clips, predict_logits
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel


@pytest.fixture
def clips() -> ClipSet:
    generator = torch.Generator().manual_seed(0)
    waveforms = tuple(torch.rand(1000 + 100 * n, generator=generator) - 0.5 for n in range(7))
    utterances = tuple(Utterance(Path(f"{n}.wav"), ("one",), "") for n in range(7))
    return ClipSet(utterances, torch.ones(7, dtype=torch.int64), 8000, 2000, waveforms)


class Levels(nn.Module):
    """Logits that tell which clip it was, and in which mode."""

    def forward(self, waveform: Tensor) -> Tensor:
        assert not self.training
        return torch.stack([waveform.abs().sum(1), waveform.square().sum(1)], dim=1)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_every_clip_gets_its_logits_in_order(clips: ClipSet, batch_size: int) -> None:
    sizes: list[int] = []
    logits = predict_logits(Levels(), clips, device="cpu", batch_size=batch_size, on_batch=sizes.append)
    expected = torch.tensor([[w.abs().sum().item(), w.square().sum().item()] for w in clips.waveforms])
    torch.testing.assert_close(logits, expected)
    assert sum(sizes) == 7
    assert set(sizes[:-1]) <= {batch_size}
    assert not logits.requires_grad


def test_the_batch_size_does_not_matter_to_a_network(clips: ClipSet) -> None:
    model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), {}, 0.25))
    one = predict_logits(model, clips, device="cpu", batch_size=1)
    all_at_once = predict_logits(model, clips, device="cpu", batch_size=7)
    torch.testing.assert_close(one, all_at_once, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", [True, False])
def test_the_model_keeps_its_mode_even_if_it_fails(clips: ClipSet, mode: bool) -> None:
    model = Levels().train(mode)
    predict_logits(model, clips, device="cpu", batch_size=4)
    assert model.training is mode

    class Failing(Levels):
        def forward(self, waveform: Tensor) -> Tensor:
            raise RuntimeError(f"no room for {len(waveform)} clips")

    failing = Failing().train(mode)
    with pytest.raises(RuntimeError, match="no room for 4 clips"):
        predict_logits(failing, clips, device="cpu", batch_size=4)
    assert failing.training is mode


def test_frozen_parts_stay_frozen_afterwards(clips: ClipSet) -> None:
    model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), {}, 0.25))
    model.classifier.freeze("all_but_head")
    model.train()
    before = [module.training for module in model.modules()]
    assert {True, False} == set(before)
    predict_logits(model, clips, device="cpu", batch_size=4)
    assert [module.training for module in model.modules()] == before


def test_clips_are_loaded_as_the_model_needs_them() -> None:
    corpus = read_samples().filter(words=("one", "oh"), split="test", take="1")
    config = RecognizerConfig("cnn", MelConfig(sample_rate=4000), {}, 0.4, words=("oh", "one"))
    clips = load_clips(corpus, config)
    assert (clips.sample_rate, clips.clip_samples) == (4000, 1600)
    assert clips.labels.tolist() == [["oh", "one"].index(utterance.word) for utterance in corpus]
