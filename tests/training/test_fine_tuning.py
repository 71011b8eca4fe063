"""Starting from a trained network: what is taken, tensor by tensor, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import CheckpointError, ConfigError
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.fine_tuning import start_from, take_weights
from aurora_resnet.training.trainer import Trainer

HEAD = "classifier.head."
LAST = ("classifier.head.3.weight", "classifier.head.3.bias")
FILE = """
init = "{init}"
[data]
train = [{{ corpus = "samples:", split = "train", where = {{ engine = "flite" }}, validation_share = 0.3 }}]
[training]
epochs = 1
freeze = "all_but_head"
"""


def tiny(vocabulary: Vocabulary = DIGITS, *, seed: int = 0, n_mels: int = 16, hidden: int = 16) -> RecognizerModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mel = MelConfig(sample_rate=8000, n_mels=n_mels)
        return RecognizerModel(
            RecognizerConfig("cnn", mel, options={"hidden": hidden}, clip_seconds=0.25, vocabulary=vocabulary)
        )


@pytest.fixture
def learnt(tmp_path: Path) -> Path:
    """A network whose every tensor differs from a fresh one's."""
    model = tiny(seed=5)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.add_(1)
    save_checkpoint(model, tmp_path / "learnt.safetensors")
    return tmp_path / "learnt.safetensors"


def test_the_same_words_take_everything(learnt: Path) -> None:
    model, report = start_from(learnt, DIGITS)
    before = load_checkpoint(learnt).model.state_dict()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert (report.new, report.adapted, report.dropped) == ((), (), ())
    assert set(report.matched) == set(before)


def test_other_words_get_a_new_head_and_everything_else(learnt: Path) -> None:
    model, report = start_from(learnt, Vocabulary(("ja", "nein", "vielleicht")), seed=3)
    before = load_checkpoint(learnt).model.state_dict()
    fresh = tiny(Vocabulary(("ja", "nein", "vielleicht")), seed=3).state_dict()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, (fresh if name.startswith(HEAD) else before)[name]), name
    assert set(report.new) == {name for name in before if name.startswith(HEAD)} == set(report.dropped)


def test_words_in_common_keep_their_rows(learnt: Path) -> None:
    words = Vocabulary(("go", "two", "nine", "stop"))
    model, report = start_from(learnt, words, seed=3)
    before, fresh, now = (
        load_checkpoint(learnt).model.state_dict(),
        tiny(words, seed=3).state_dict(),
        model.state_dict(),
    )
    assert report.adapted == LAST
    for name in LAST:
        for row, word in enumerate(words):
            expected = before[name][DIGITS.index(word)] if word in DIGITS else fresh[name][row]
            assert torch.equal(now[name][row], expected), (name, word)
    assert torch.equal(now[HEAD + "0.weight"], before[HEAD + "0.weight"])


def test_the_same_words_in_another_order_are_put_in_order(learnt: Path) -> None:
    words = Vocabulary(tuple(reversed(DIGITS.words)))
    model, report = start_from(learnt, words)
    before = load_checkpoint(learnt).model.state_dict()
    assert report.adapted == LAST
    assert torch.equal(model.state_dict()[LAST[0]], before[LAST[0]].flip(0))


def test_a_hidden_layer_of_another_width_makes_the_head_new(learnt: Path) -> None:
    _, report = start_from(learnt, DIGITS, options={"hidden": 8})
    assert len(report.new) == 4


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: tiny(n_mels=24), r"another front end \(n_mels is 16, here 24\); leave \[mel\] away"),
        (
            lambda: RecognizerModel(RecognizerConfig("lstm", MelConfig(sample_rate=8000), options={"cells": 4})),
            "its model is 'cnn', this one is 'lstm'",
        ),
    ],
)
def test_another_kind_of_network_is_refused(learnt: Path, model: object, message: str) -> None:
    network: RecognizerModel = model()  # type: ignore[operator]
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(ConfigError, match=message):
        take_weights(network, learnt)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_other_shapes_in_the_backbone_are_refused(tmp_path: Path) -> None:
    mel = MelConfig(sample_rate=8000)
    config = RecognizerConfig("compact", mel, options={"widths": [4, 4, 8, 8], "blocks": [1, 1, 1]})
    save_checkpoint(RecognizerModel(config), tmp_path / "small.safetensors")
    with pytest.raises(ConfigError, match=r"small does not fit: .*has shape \[4, 1, 5, 5\], expected \[6, 1, 5, 5\]"):
        start_from(tmp_path / "small.safetensors", DIGITS, options={"widths": [6, 4, 8, 8]})


def test_there_is_no_such_checkpoint() -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint 'compat'"):
        start_from("compat", DIGITS)


def test_the_trainer_starts_from_it_and_freezes(learnt: Path, tones: ClipSet, tmp_path: Path) -> None:
    config = TrainingConfig(epochs=1, batch_size=16, freeze="all_but_head")
    trainer = Trainer(tiny(), config, tmp_path / "run", init=learnt)
    assert trainer.load_report is not None
    assert trainer.load_report.new == ()
    result = trainer.fit(tones)
    before = load_checkpoint(learnt).model.state_dict()
    after = load_checkpoint(result.best_checkpoint).model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith(HEAD)}


def test_a_training_file_takes_the_network_of_its_init(learnt: Path, tmp_path: Path) -> None:
    file = tmp_path / "fine.toml"
    file.write_text(FILE.format(init=learnt))
    experiment = read_experiment(file)
    assert (experiment.model, experiment.mel.n_mels, experiment.clip_seconds) == ("cnn", 16, 0.25)
    assert experiment.options == {"hidden": 16}
    result = run_experiment(replace(experiment, words=("one", "two", *DIGITS.words[3:], "zero")), tmp_path / "run")
    assert load_checkpoint(result.best_checkpoint).vocabulary.words[-1] == "zero"
    assert "adapted" in (tmp_path / "run" / "run.json").read_text()


def test_init_and_weights_exclude_each_other(learnt: Path, tmp_path: Path) -> None:
    file = tmp_path / "fine.toml"
    file.write_text('weights = "imagenet"\n' + FILE.format(init=learnt))
    with pytest.raises(ConfigError, match="init brings weights of its own"):
        read_experiment(file)


def test_a_front_end_of_its_own_is_refused(learnt: Path, tmp_path: Path) -> None:
    file = tmp_path / "fine.toml"
    file.write_text(FILE.format(init=learnt) + "[mel]\nsample_rate = 8000\nn_mels = 40\n")
    with pytest.raises(ConfigError, match="n_mels is 16, here 40"):
        run_experiment(read_experiment(file), tmp_path / "run")


def test_a_model_of_strings_keeps_its_other_units(tmp_path: Path) -> None:
    mel = MelConfig(sample_rate=8000, n_mels=40, compression="pcen", normalization="none", causal=True)
    model = RecognizerModel(RecognizerConfig("string_net", mel, vocabulary=DIGITS))
    save_checkpoint(model, tmp_path / "strings.safetensors")
    again, _ = start_from(tmp_path / "strings.safetensors", DIGITS, seed=9)
    sound = torch.randn(1, 8000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again.eval()(sound), model.eval()(sound))
    fewer, _ = start_from(tmp_path / "strings.safetensors", Vocabulary(("two", "three")), seed=9)
    whole, part = (each.state_dict()["classifier.head.1.weight"] for each in (model, fewer))
    assert torch.equal(part, whole[[2, 3, *range(11, len(whole))]])
