"""What ``Trainer`` does with clips that are other ones in every epoch, and with negatives among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.trainer import Trainer

ModelMaker = Callable[..., RecognizerModel]


class Told(Trainer):
    """A network that answers what it is told: the label of each clip stands in its first sample."""

    def step(self, waveforms: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        words = len(self.model.config.words)
        told = waveforms[:, 0].round().long()
        answers = 10.0 * torch.nn.functional.one_hot(told, words + 1)[:, :words] - 5
        self.model.classifier.forward = lambda _features: answers.requires_grad_()  # type: ignore[method-assign, assignment]
        return super().step(waveforms, labels, generator)


def numbered(clips: ClipSet, told: list[int]) -> ClipSet:
    """Return clips of full length whose first sample is a number."""
    waveforms = tuple(torch.full((clips.clip_samples,), float(number)) for number in told)
    return replace(clips, waveforms=waveforms)


class Once:
    """Clips with negatives, which are the same in every epoch; counts how often they are made."""

    has_negatives = True

    def __init__(self, clips: ClipSet) -> None:
        self.clips, self.made = clips, list[int]()

    @property
    def sample_rate(self) -> int:
        return self.clips.sample_rate

    def __len__(self) -> int:
        return len(self.clips)

    def epoch(self, number: int) -> ClipSet:
        self.made.append(number)
        return self.clips


@pytest.mark.parametrize("vocabulary", [DIGITS, Vocabulary(("yes", "no"))])
def test_a_negative_is_right_where_no_word_is_more_likely_than_none(
    tones: ClipSet, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    model = RecognizerModel(
        RecognizerConfig(
            "cnn", MelConfig(8000, n_mels=16), options={"hidden": 8}, clip_seconds=0.25, vocabulary=vocabulary
        )
    )
    none = len(vocabulary)
    labels = [0, 1, 1, none, none, none, 0, none]
    told = [0, 1, 0, none, none, 0, none, none]  # five of eight are right, three of four negatives
    clips = replace(
        tones,
        utterances=tones.utterances[:8],
        labels=torch.tensor(labels),
        vocabulary=vocabulary,
        waveforms=tones.waveforms[:8],
    )
    config = TrainingConfig(epochs=1, batch_size=8, random_position=False)
    result = Told(model, config, tmp_path).fit(Once(numbered(clips, told)))
    assert result.history[0].train_accuracy == 5 / 8


def test_each_epoch_is_made_once(tones: ClipSet, tiny_model: ModelMaker, tmp_path: Path) -> None:
    config = TrainingConfig(epochs=3, batch_size=32)
    source = Once(tones)
    Trainer(tiny_model(), config, tmp_path).fit(source)
    assert source.made == [0, 1, 2]
    again = Once(tones)
    Trainer(tiny_model(), config, tmp_path).fit(again, resume=True)
    assert again.made == [0]  # by which the clips of a finished training are known
