"""Known words are preserved: the loss by its formula, the lowered words by counting, and a teaching as a whole."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.teaching.keeping import MARGIN, MOST_LOWERED, KeepingObjective, keep_known, lower
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import read_recordings
from aurora_resnet.teaching.teach import teach
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.fine_tuning import lower_words, start_from
from aurora_resnet.training.trainer import Trainer

if TYPE_CHECKING:
    from tests.teaching.conftest import TinyWords

NOW = Vocabulary(("one", "stop", "two", "go"))
BEFORE = Vocabulary(("two", "three", "one"))


def answers(logits: np.ndarray, labels: np.ndarray, words: Vocabulary) -> Answers:
    said = tuple(Utterance(Path("a.wav"), (words.words[label],), "ann") for label in labels)
    return Answers(said, labels, logits.astype(np.float32), np.ones((len(labels), 1), np.float32), Calibration())


def test_the_loss_is_the_formula_of_the_module(tiny_base: Path, tmp_path: Path) -> None:
    before, _ = start_from(str(tiny_base), BEFORE)
    model, _ = start_from(str(tiny_base), NOW)
    trainer = Trainer(model, TrainingConfig(), tmp_path, objective=KeepingObjective(before))
    generator = np.random.default_rng(0)
    z, u = generator.normal(size=(5, 4)), generator.normal(size=(5, 3))
    labels = np.array([0, 1, 2, 3, 4])  # one, stop, two, go, none of them
    raised = np.pad(z, ((0, 0), (0, 1)))
    raised[[0, 2]] += MARGIN * np.array([0, 1, 0, 1, 0])
    entropy = -log_softmax(raised, axis=1)[np.arange(5), labels].mean()
    expected = entropy + np.mean((z[:, [0, 2]] - u[:, [2, 0]]) ** 2)
    loss = KeepingObjective.loss(
        trainer.objective,  # type: ignore[arg-type]
        trainer,
        *map(torch.from_numpy, (z, labels, u)),
    )
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_the_network_before_hears_the_masks_too(tiny_base: Path, tmp_path: Path) -> None:
    before, _ = start_from(str(tiny_base), BEFORE)
    model, _ = start_from(str(tiny_base), NOW)
    config = TrainingConfig(spec_augment=SpecAugment(probability=1.0, time_width=8, frequency_width=4))
    trainer = Trainer(model, config, tmp_path, objective=KeepingObjective(before))
    noted: list[torch.Tensor] = []
    for network in (model, before):
        network.classifier.register_forward_pre_hook(lambda _, arguments: noted.append(arguments[0].clone()))
    generator = torch.Generator().manual_seed(0)
    trainer.step(torch.randn(4, 4000, generator=generator), torch.tensor([0, 1, 2, 3]), generator)
    assert torch.equal(noted[0], noted[1])


@given(
    st.lists(st.lists(st.integers(-9, 9), min_size=4, max_size=4), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.1, 0.5]),
)
def test_so_few_known_words_are_taken_for_new_ones_and_no_lowering_less_would_do(
    logits: list[list[int]], taken: float
) -> None:
    labels = np.arange(len(logits)) % 4
    spoken = answers(np.array(logits), labels, NOW)
    of_known = (labels == 0) | (labels == 2)
    kept = keep_known(spoken, 0, NOW, ("one", "two"), taken)

    def taken_for_new(by: float) -> int:
        return int(np.isin(lower(spoken, [1, 3], by).logits[of_known].argmax(axis=1), [1, 3]).sum())

    allowed = int(taken * of_known.sum())
    assert 0 <= kept.lowered <= MOST_LOWERED
    assert taken_for_new(kept.lowered) <= allowed or kept.lowered == MOST_LOWERED
    assert kept.lowered == 0 or taken_for_new(kept.lowered - 0.5) > allowed  # whole numbers: half of one is enough
    assert (kept.clips, kept.right_before) == (int(of_known.sum()), 0)


def test_a_network_whose_last_layer_has_no_bias_is_named(tiny_base: Path) -> None:
    model, _ = start_from(str(tiny_base), NOW)
    name = next(name for name in reversed(model.state_dict()) if name.endswith(".bias")).removesuffix(".bias")
    model.get_submodule(name).register_parameter("bias", None)
    with pytest.raises(ConfigError, match=r"cnn has no classifier\..*bias"):
        lower_words(model, ["go"], 1.0)


@pytest.fixture(scope="module")
def folder(tiny_words: TinyWords, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two digits by three of the package's voices, and a whistle."""
    folder = tmp_path_factory.mktemp("kept") / "mine"
    samples = read_samples().filter(words=("one", "two"), isolated=True)
    for speaker, voice in zip(tiny_words.people, samples.speakers, strict=False):
        for word in ("one", "two", "whistle"):
            (folder / word).mkdir(parents=True, exist_ok=True)
        for take, utterance in enumerate(u for u in samples if u.speaker == voice):
            if len(list((folder / utterance.word).glob(f"{speaker}_*"))) < 3:
                shutil.copy(utterance.path, folder / utterance.word / f"{speaker}_{take}.flac")
        for take in range(3):
            whistle = tiny_words.sound(2, tiny_words.people.index(speaker), take)
            write_audio(whistle, folder / "whistle" / f"{speaker}_{take}.wav", tiny_words.rate)
    return folder


@pytest.mark.slow
def test_a_word_is_learnt_beside_digits_and_these_are_kept(folder: Path, tmp_path: Path) -> None:
    config = TeachConfig(epochs=16, steps=1, distinct_epochs=2, groups=2, batch_size=8, clip_seconds=1.5)
    kept = teach(read_recordings(folder), tmp_path / "kept.safetensors", config)
    free = teach(read_recordings(folder), tmp_path / "free.safetensors", replace(config, keep_known=False))
    assert free.kept is None
    assert kept.kept is not None
    assert kept.kept.words == ("one", "two")
    clips = sum(kept.estimate.per_word[word].clips for word in kept.kept.words)
    assert (kept.kept.clips, kept.kept.right_before) == (clips, clips)  # the shipped model knows its package's voices
    assert kept.kept.right == clips
    assert "Known words (one, two)" in kept.to_markdown()
    assert load_checkpoint(kept.checkpoint).info["teach"]["kept"]["clips"] == clips
    assert kept.estimate.per_word["whistle"].accuracy > 0.8

    # Other voices saying the digits, in the clips of the new model: the logits moved less than without keeping.
    before, _ = start_from("compact", load_checkpoint("compact").vocabulary, clip_seconds=1.5)
    others = read_samples().filter(words=("one", "two"), isolated=True)
    others = others.filter(lambda u: u.speaker not in others.speakers[:3])

    def logits(model: RecognizerModel) -> torch.Tensor:
        words = model.config.vocabulary
        with torch.no_grad():
            answer: torch.Tensor = model.eval()(load_clips(others, model.config).batch(list(range(len(others)))))
        return answer[:, [words.index("one"), words.index("two")]]

    moved = [
        (logits(load_checkpoint(taught.checkpoint).model) - logits(before)).abs().mean() for taught in (kept, free)
    ]
    assert moved[0] < 0.5 * moved[1]
