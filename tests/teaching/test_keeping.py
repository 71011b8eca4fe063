"""Words known before stay known: the loss by its formula, the lowered words by counting, and a teaching as a whole."""

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

from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.teaching.keeping import MARGIN, MOST_LOWERED, KeepingTrainer, keep_known, lower
from aurora_resnet.teaching.recipe import TeachConfig
from aurora_resnet.teaching.recordings import read_recordings
from aurora_resnet.teaching.teach import Taught, teach
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.fine_tuning import lower_words, start_from

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
    trainer = KeepingTrainer(model, TrainingConfig(), tmp_path, before)
    generator = np.random.default_rng(0)
    z, u = generator.normal(size=(5, 4)), generator.normal(size=(5, 3))
    labels = np.array([0, 1, 2, 3, 4])  # one, stop, two, go, none of them
    raised = np.pad(z, ((0, 0), (0, 1)))
    raised[[0, 2]] += MARGIN * np.array([0, 1, 0, 1, 0])
    entropy = -log_softmax(raised, axis=1)[np.arange(5), labels].mean()
    lesson = u[:, [2, 0]]
    lesson[[1, 3, 4]] = np.minimum(lesson[[1, 3, 4]], 0)
    expected = entropy + np.mean((z[:, [0, 2]] - lesson) ** 2)
    loss = trainer.loss(torch.from_numpy(z), torch.from_numpy(labels), taught=torch.from_numpy(u))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


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
    before = answers(np.zeros((int(of_known.sum()), 3)), np.full(int(of_known.sum()), 2), BEFORE)
    kept = keep_known(spoken, before, NOW, ("one", "two"), taken)

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
    return tiny_words.write(tmp_path_factory.mktemp("kept") / "mine")


@pytest.fixture(scope="module")
def config(tiny_base: Path) -> TeachConfig:
    mild = Augmentation(vocoder_probability=0, reverberation_probability=0, snr_db=(10, 30))
    return TeachConfig(
        init=str(tiny_base), epochs=8, steps=1, distinct_epochs=1, learning_rate=0.1, batch_size=8, augmentation=mild
    )


@pytest.fixture(scope="module")
def first(folder: Path, config: TeachConfig, tiny_words: TinyWords) -> Taught:
    """A model of two of the three words."""
    shutil.copytree(folder, folder.with_name("two"), ignore=shutil.ignore_patterns(tiny_words.words[2]))
    return teach(read_recordings(folder.with_name("two")), folder.with_name("two.safetensors"), config)


def test_a_third_word_is_learnt_and_the_two_are_kept(
    first: Taught, folder: Path, config: TeachConfig, tiny_words: TinyWords
) -> None:
    assert first.kept is None  # the start knew yes and no, and neither is taught
    # The tiny backbone knows nothing yet that would help with another word: it learns as fast as the head.
    more = replace(
        config, init=str(first.checkpoint), epochs=20, learning_rate=0.05, backbone_learning_rate=0.05, clip_seconds=0.7
    )
    kept = teach(read_recordings(folder), folder.with_name("kept.safetensors"), more)
    free = teach(read_recordings(folder), folder.with_name("free.safetensors"), replace(more, keep_known=False))
    assert free.kept is None
    assert kept.kept is not None
    assert set(kept.kept.words) == set(tiny_words.words[:2])
    assert kept.kept.clips == 18
    assert kept.kept.right >= kept.kept.right_before - 1
    assert "Words known before" in kept.to_markdown()
    assert load_checkpoint(kept.checkpoint).info["teach"]["kept"]["clips"] == 18
    assert kept.estimate.per_word[tiny_words.words[2]].accuracy > 0.5  # by chance a third

    # The logits of the two words moved less than without keeping, on takes that neither teaching heard.
    takes = [tiny_words.sound(number, person, 7) for number in range(2) for person in range(4)]
    sounds = torch.from_numpy(np.stack(takes))

    def logits(taught: Taught) -> torch.Tensor:
        model: RecognizerModel = load_checkpoint(taught.checkpoint).model.eval()
        words = model.config.vocabulary
        with torch.no_grad():
            answer: torch.Tensor = model(sounds)[:, [words.index(word) for word in tiny_words.words[:2]]]
        return answer

    before = logits(first)
    assert (logits(kept) - before).abs().mean() < (logits(free) - before).abs().mean()
