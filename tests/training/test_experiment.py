import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.config_files import from_mapping
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.models.zoo import create_model, list_models
from aurora_resnet.runtime.errors import ConfigError, CorpusError, SpeakerLeakError
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.training.data import DataConfig, Source, load_data
from aurora_resnet.training.experiment import ExperimentConfig, read_experiment

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/fsdd_an4.toml"
TINY = """
model = "cnn"
clip_seconds = 0.4
options = { hidden = 8 }
[mel]
sample_rate = 8000
n_mels = 16
[data]
train = [{ corpus = "samples:", split = "train", validation_share = 0.2 }]
[training]
epochs = 1
seed = 3
[models.cnn]
options = { dropout = 0.1 }
[models.cnn.training]
epochs = 2
schedule = "cosine"
[models.lstm]
options = { cells = 4 }
[models.lstm.training]
optimizer = "adamw"
"""
VOICES = read_samples().filter(split="train").speakers


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def test_the_table_of_the_model_is_laid_over_the_rest(tiny: Path) -> None:
    config = read_experiment(tiny)
    assert config.model == "cnn"
    assert config.options == {"hidden": 8, "dropout": 0.1}
    assert (config.training.epochs, config.training.schedule, config.training.seed) == (2, "cosine", 3)
    assert config.training.optimizer == "sgd"


@pytest.mark.parametrize("overrides", [(), ("model=lstm",)])
def test_the_model_may_be_chosen_by_argument_or_override(tiny: Path, overrides: tuple[str, ...]) -> None:
    config = read_experiment(tiny, None if overrides else "lstm", overrides=overrides)
    assert config.model == "lstm"
    assert config.options == {"hidden": 8, "cells": 4}
    assert (config.training.epochs, config.training.schedule, config.training.optimizer) == (1, "constant", "adamw")


def test_overrides_come_last_and_in_order(tiny: Path) -> None:
    overrides = ("training.epochs=7", "training.epochs=9", "options.hidden=4", "mel.n_mels=24", "data.root=/data")
    config = read_experiment(tiny, overrides=overrides)
    assert config.training.epochs == 9
    assert config.options == {"hidden": 4, "dropout": 0.1}
    assert (config.mel.n_mels, config.data.root) == (24, "/data")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("[training2]\n", r"tiny\.toml: unknown key 'training2' \(did you mean 'training'\?\)"),
        ("[models.cnm]\n", r"tiny\.toml: \[models\.cnm\]: unknown model 'cnm' \(did you mean 'cnn'\?\)"),
        ("[models.cnn.trainning]\nepochs=1\n", r"unknown key 'trainning' \(did you mean 'training'\?\)"),
        ("[training.spec_augment]\nwidth = 3\n", "unknown key 'training.spec_augment.width'"),
    ],
)
def test_what_is_unknown_is_named_with_the_file(tiny: Path, extra: str, message: str) -> None:
    tiny.write_text(TINY + extra)
    with pytest.raises(ConfigError, match=message):
        read_experiment(tiny)


def test_everything_that_is_wrong_is_named_at_once(tiny: Path) -> None:
    wrong = ("training.epoch=3", "mel.n_mells=3", "training.momentum=2", "data.train=[{corpsu = 'samples:'}]")
    with pytest.raises(ConfigError) as caught:
        read_experiment(tiny, overrides=wrong)
    for part in ("'training.epoch' (", "'mel.n_mells' (", "momentum must", "'data.train.0.corpsu' (", "train.0.corpus"):
        assert part in str(caught.value)


@pytest.mark.parametrize("text", ["models = 3", "models = 'cnn'", "[models]\ncnn = 3"])
def test_models_must_be_tables(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ConfigError, match="'models' must hold a table"):
        read_experiment(tmp_path / "a.toml")


def test_an_unknown_model_and_missing_data_are_refused(tiny: Path) -> None:
    for chosen, overrides in (("resnet51", ()), (None, ("model=resnet51",))):
        with pytest.raises(ConfigError, match=r"unknown model 'resnet51' \(did you mean 'resnet50'\?\)"):
            read_experiment(tiny, chosen, overrides=overrides)
    with pytest.raises(ConfigError, match="unknown model '3'"):
        read_experiment(tiny, overrides=("model=3",))
    with pytest.raises(ConfigError, match=r"data\.train names no corpus"):
        read_experiment(tiny, overrides=("data.train=[]",))


@pytest.mark.parametrize("name", list_models())
def test_the_example_serves_every_model(name: str) -> None:
    config = read_experiment(EXAMPLE, name)
    assert config.model == name
    assert (config.weights is not None) == name.startswith(("resnet", "speech"))
    model = create_model(name, n_mels=config.mel.n_mels, **config.options)
    assert config.training.freeze in model.freezable_parts()
    table = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["models"][name].get("training", {})
    assert all(getattr(config.training, key) == value for key, value in table.items())


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_is_a_training_file_for_every_model_it_names(path: Path) -> None:
    tables = tomllib.loads(path.read_text(encoding="utf-8")).get("models", {})
    for name in (None, *tables):
        config = read_experiment(path, name)
        assert RecognizerConfig(config.model, config.mel, options=config.options).model == (name or config.model)


@pytest.mark.parametrize("name", ["resnet50", "compact"])
def test_the_shipped_models_learn_from_negatives_and_talk_in_noise(name: str) -> None:
    augment = read_experiment(ROOT / "examples/train_voices.toml", name).data.augment
    assert augment is not None
    assert all((augment.noises, augment.validation_noises, augment.negatives, augment.talk))
    assert augment.negative_shares.fewest_talkers == 5


# Data


def test_speakers_are_held_out_for_validation_only() -> None:
    train, validation, _ = load_data(DataConfig((Source("samples:", "train", validation_share=0.2),)))
    assert set(train.speakers) | set(validation.speakers) == set(VOICES)
    assert not set(train.speakers) & set(validation.speakers)
    assert 0.1 < len(validation) / (len(train) + len(validation)) < 0.3
    assert {u.split for u in (*train, *validation)} == {"train"}


def test_speakers_can_be_left_out_and_misspelt_ones_are_noticed() -> None:
    train, validation, _ = load_data(DataConfig((Source("samples:", "train", without_speakers=VOICES[:3]),)))
    assert set(train.speakers) == set(VOICES[3:])
    assert len(validation) == 0
    with pytest.raises(ConfigError, match="samples: has no speaker samples/nobody to leave out"):
        load_data(DataConfig((Source("samples:", without_speakers=("samples/nobody",)),)))


def test_a_speaker_on_both_sides_is_a_leak() -> None:
    twice = (Source("samples:", "train", validation_share=0.2), Source("samples:", "train"))
    with pytest.raises(SpeakerLeakError, match="in both train and validation: samples/"):
        load_data(DataConfig(twice))


def test_unknown_speakers_matter_only_where_speakers_are_split(tmp_path: Path) -> None:
    write_audio(np.zeros(800), tmp_path / "1.wav", 8000)
    (tmp_path / "all.csv").write_text("path,words,speaker\n1.wav,one,\n1.wav,two,\n")
    train, validation, _ = load_data(DataConfig((Source("manifest:all.csv"),), root=str(tmp_path)))
    assert ([u.word for u in train], len(validation)) == (["one", "two"], 0)
    with pytest.raises(CorpusError, match="unknown"):
        load_data(DataConfig((Source("manifest:all.csv", validation_share=0.5),), root=str(tmp_path)))


def test_a_home_folder_wins_over_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(CorpusError) as caught:
        load_data(DataConfig((Source("fsdd:~/speech"),), root="/data"))
    assert str(tmp_path / "speech") in str(caught.value)


def test_only_single_words_are_trained_on(tmp_path: Path) -> None:
    write_audio(np.zeros(800), tmp_path / "1.wav", 8000)
    (tmp_path / "all.csv").write_text("path,words,speaker\n1.wav,one,me\n1.wav,one two,me\n")
    train, _, _ = load_data(DataConfig((Source("manifest:all.csv"),), root=str(tmp_path)))
    assert [u.words for u in train] == [("one",)]


# A run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(TINY)
    voices = json.dumps(VOICES[4:])
    sources = f"data.train=[{{corpus='samples:', split='train', without_speakers={voices}, validation_share=0.3}}]"
    config = read_experiment(folder / "tiny.toml", overrides=(sources, "mel.normalization=corpus"))
    state = torch.random.get_rng_state()
    result = run_experiment(config, folder / "out")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert result.best_checkpoint == folder / "out/best.safetensors"
    record: dict[str, Any] = json.loads((folder / "out/run.json").read_text())
    return folder / "out", record


def test_the_run_record_says_what_was_done(run: tuple[Path, dict[str, Any]]) -> None:
    out, record = run
    assert record["kind"] == "training"
    assert record["experiment"]["model"] == "cnn"
    assert record["experiment"]["training"]["epochs"] == record["epochs"] == 2
    data = record["data"]
    assert data["train"]["speakers"] + data["validation"]["speakers"] == 4
    assert data["train"]["clips"] + data["validation"]["clips"] == 4 * 22
    assert data["train"]["digest"] != data["validation"]["digest"]
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert record["best_epoch"] in history
    assert record["seconds"] == pytest.approx(sum(line["seconds"] for line in history))
    assert record["pretrained"] is None
    assert record["environment"]["torch"] == torch.__version__
    model = load_checkpoint(out / "best.safetensors").model
    assert record["cost"]["parameters"] == sum(p.numel() for p in model.classifier.parameters())


def test_the_run_is_self_describing_and_its_statistics_are_the_training_clips(run: tuple[Path, dict[str, Any]]) -> None:
    out, _ = run
    model = load_checkpoint(out / "last.safetensors").model
    assert (model.config.model, model.config.clip_seconds, model.config.options["hidden"]) == ("cnn", 0.4, 8)
    statistics = model.frontend.normalization
    assert statistics is not None
    assert bool(statistics.fitted)
    assert len(set(statistics.mean.flatten().tolist())) == 16


def test_the_record_repeats_the_run(run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, record = run
    again = from_mapping(ExperimentConfig, record["experiment"])
    run_experiment(again, tmp_path)
    assert (tmp_path / "last.safetensors").read_bytes() == (out / "last.safetensors").read_bytes()
