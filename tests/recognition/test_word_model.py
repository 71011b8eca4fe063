from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel, clip_scores, predict_logits, scoring_model
from aurora_resnet.runtime.audio.clips import place
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.models import load_model
from aurora_resnet.runtime.vocabulary import Vocabulary


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
    logits = predict_logits(Levels(), clips, device="cpu", batch_size=batch_size)
    expected = torch.tensor([[w.abs().sum().item(), w.square().sum().item()] for w in clips.waveforms])
    torch.testing.assert_close(logits, expected)
    assert not logits.requires_grad


def test_the_batch_size_does_not_matter_to_a_network(clips: ClipSet) -> None:
    model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), clip_seconds=0.25))
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
    model = RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), clip_seconds=0.25))
    model.classifier.freeze("all_but_head")
    model.train()
    before = [module.training for module in model.modules()]
    assert {True, False} == set(before)
    predict_logits(model, clips, device="cpu", batch_size=4)
    assert [module.training for module in model.modules()] == before


def test_clips_are_loaded_as_the_model_needs_them() -> None:
    corpus = read_samples().filter(words=("one", "oh"), split="test", take="1")
    config = RecognizerConfig(
        "cnn", MelConfig(sample_rate=4000), clip_seconds=0.4, vocabulary=Vocabulary(("oh", "one"))
    )
    clips = load_clips(corpus, config)
    assert (clips.sample_rate, clips.clip_samples) == (4000, 1600)
    assert clips.labels.tolist() == [["oh", "one"].index(utterance.word) for utterance in corpus]


@pytest.fixture
def model() -> RecognizerModel:
    torch.manual_seed(0)
    return RecognizerModel(RecognizerConfig("cnn", MelConfig(sample_rate=8000, n_mels=16), clip_seconds=0.25))


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_scores_are_the_logits_and_what_the_decision_asks_of_the_samples(
    clips: ClipSet, model: RecognizerModel, batch_size: int
) -> None:
    clips.waveforms[2].mul_(0)  # silence
    model.calibration = Calibration(1.0, 0.5)
    scoring = TorchModel(model)
    sizes: list[int] = []
    logits, peaks = clip_scores(scoring, clips, batch_size=batch_size, on_batch=sizes.append)
    assert sum(sizes) == 7
    torch.testing.assert_close(torch.from_numpy(logits), predict_logits(model, clips, device="cpu", batch_size=7))
    windows = np.zeros((7, 2000), np.float32)
    for waveform, window in zip(clips.waveforms, windows, strict=True):
        place(waveform.numpy(), window, 0.5)
    decided = scoring.facts.calibration.decide(logits, windows)
    of_peaks = scoring.facts.calibration.decide(logits, peaks)
    assert (decided[0] == of_peaks[0]).all()
    assert decided[1] == of_peaks[1]
    assert decided[1][2] is False


def test_every_form_of_a_model_scores(clips: ClipSet, model: RecognizerModel) -> None:
    scoring = scoring_model(model)
    assert scoring.facts.calibration == Calibration()
    assert scoring_model(scoring) is scoring
    exported = load_model("compact")
    assert scoring_model(exported) is exported
    checkpoint = load_checkpoint("compact")
    of_checkpoint = scoring_model(checkpoint)
    assert (of_checkpoint.facts.name, of_checkpoint.facts.calibration) == ("compact", checkpoint.calibration)
    with pytest.raises(ConfigError, match="device 'gpu' cannot be used here"):
        scoring_model(model, device="gpu")
    assert clip_scores(scoring, clips)[0].shape == (7, 11)


def test_a_network_that_scores_is_a_copy(clips: ClipSet, model: RecognizerModel) -> None:
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    scoring = TorchModel(model)
    clip_scores(scoring, clips)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    shared = {value.data_ptr() for value in model.parameters()} & {v.data_ptr() for v in scoring.network.parameters()}
    assert not shared
    with torch.no_grad():
        next(model.classifier.parameters()).add_(1)
    again = clip_scores(TorchModel(_rebuilt(model, before)), clips)[0]
    torch.testing.assert_close(clip_scores(scoring, clips)[0], again)


def _rebuilt(model: RecognizerModel, state: dict[str, Tensor]) -> RecognizerModel:
    other = RecognizerModel(model.config)
    other.load_state_dict(state)
    return other
