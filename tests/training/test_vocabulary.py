"""The words of a training: from the file or from the recordings, whatever script they are written in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.training.data import DataConfig, Source, load_data
from aurora_resnet.training.experiment import read_experiment

WORDS = ("turn on", "fünf", "пять", "yes")
RATE = 8000


def folders(root: Path, words: Sequence[str]) -> str:
    """Write the recordings as a folder for each word."""
    for number, word in enumerate(words):
        for take in range(6):
            time = np.arange(1600) / RATE
            noise = 0.06 * np.random.default_rng(take).standard_normal(len(time))  # tones alone are removed
            tone = 0.3 * np.sin(2 * np.pi * (400 + 600 * number) * time + take) + noise
            write_audio(tone.astype(np.float32), root / word / f"{take}.wav", RATE)
    return f"folder:{root}"


def training_file(folder: Path, source: str, further: str = "") -> Path:
    file = folder / "words.toml"
    file.write_text(
        f"""
model = "cnn"
clip_seconds = 0.25
options = {{ hidden = 16, dropout = 0.0 }}
{further}
[mel]
sample_rate = {RATE}
n_mels = 16
[data]
root = "{folder.as_posix()}"
train = [{source}]
[training]
epochs = 12
batch_size = 8
learning_rate = 0.05
schedule = "one_cycle"
seed = 1
""",
        encoding="utf-8",
    )
    return file


def test_words_of_any_script_are_learnt_kept_and_recognised(tmp_path: Path) -> None:
    source = f'{{ corpus = "{folders(tmp_path / "mine", WORDS)}" }}'
    result = run_experiment(read_experiment(training_file(tmp_path, source)), tmp_path / "run")
    assert result.best.train_accuracy > 0.9
    checkpoint = load_checkpoint(result.best_checkpoint)
    assert set(checkpoint.vocabulary.words) == set(WORDS)
    assert set(checkpoint.vocabulary.digits) == {None}
    recognizer = Recognizer(TorchModel(checkpoint))
    for word in WORDS:
        answer = recognizer.recognize(tmp_path / "mine" / word / "0.wav")
        assert (answer.word, answer.digit) == (word, None)
    report = Evaluator(checkpoint).evaluate(load_corpus(f"folder:{tmp_path / 'mine'}"))
    assert {word: score.clips for word, score in report.overall.per_word.items()} == dict.fromkeys(WORDS, 6)
    assert report.overall.accuracy > 0.9
    report.write_predictions(tmp_path / "predictions.csv")
    assert "пять" in (tmp_path / "predictions.csv").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["vocabulary"]["words"] == list(checkpoint.vocabulary.words)


def test_a_file_gives_the_words_their_order_and_their_digits(tmp_path: Path) -> None:
    source = f'{{ corpus = "{folders(tmp_path / "mine", WORDS)}", known_words_only = true }}'
    further = 'words = ["пять", "fünf"]\ndigits = [5, 5]'
    experiment = read_experiment(training_file(tmp_path, source, further), overrides=("training.epochs=1",))
    result = run_experiment(experiment, tmp_path / "run")
    vocabulary = load_checkpoint(result.best_checkpoint).vocabulary
    assert (vocabulary.words, vocabulary.digits) == (("пять", "fünf"), (5, 5))


def test_a_manifest_has_the_same_words(tmp_path: Path) -> None:
    read = load_corpus(folders(tmp_path / "mine", WORDS))
    speakers = [replace(u, speaker=f"speaker{number % 3}") for number, u in enumerate(read)]
    Corpus("mine", tuple(speakers)).write_csv(tmp_path / "all.csv")
    data = load_data(DataConfig((Source("manifest:all.csv", validation_share=0.3),), root=str(tmp_path)))
    assert set(data.vocabulary.words) == set(WORDS)
    assert {u.word for u in data.train} == {u.word for u in data.validation} == set(WORDS)
    assert len(data.train) + len(data.validation) == 24


def test_digits_alone_are_all_eleven() -> None:
    data = load_data(DataConfig((Source("samples:", where={"engine": "flite"}),)))
    assert data.vocabulary == DIGITS


def test_other_words_are_named_or_left_out(tmp_path: Path) -> None:
    corpus = folders(tmp_path / "mine", ("one", "two", "tree", "dog"))
    config = DataConfig((Source(corpus),), root=str(tmp_path))
    with pytest.raises(CorpusError, match=r"folder:.*mine has words that the model does not know: dog, tree; add them"):
        load_data(config, DIGITS)
    left = load_data(DataConfig((Source(corpus, known_words_only=True),)), DIGITS)
    assert {u.word for u in left.train} == {"one", "two"}
    assert len(left.train) == 12
    animals = folders(tmp_path / "animals", ("cat", "dog"))
    with pytest.raises(CorpusError, match="animals has none of the model's words, but cat, dog"):
        load_data(DataConfig((Source(animals, known_words_only=True),)), DIGITS)


def test_the_vocabulary_is_that_of_the_sources_that_tell(tmp_path: Path) -> None:
    mine = folders(tmp_path / "mine", ("yes", "no"))
    yours = folders(tmp_path / "yours", ("no", "perhaps"))
    data = load_data(DataConfig((Source(mine), Source(yours, known_words_only=True))))
    assert data.vocabulary.words == ("no", "yes")
    assert {u.word for u in data.train} == {"yes", "no"}
    with pytest.raises(ConfigError, match="known_words_only needs a vocabulary"):
        load_data(DataConfig((Source(mine, known_words_only=True),)))


def test_a_small_share_of_the_clips_keeps_the_vocabulary(tmp_path: Path) -> None:
    corpus = folders(tmp_path / "mine", ("a", "b", "c", "d"))
    data = load_data(DataConfig((Source(corpus),), share=0.1))
    assert len({u.word for u in data.train}) < 4
    assert data.vocabulary.words == ("a", "b", "c", "d")


def test_a_share_of_the_speakers_is_whole_speakers_and_part_of_a_larger_share() -> None:
    whole, half, quarter = (
        load_data(DataConfig((Source("samples:", split="train"),), speaker_share=share)).train
        for share in (1.0, 0.5, 0.25)
    )
    assert len(quarter.speakers) == round(0.25 * len(whole.speakers))
    assert set(quarter.speakers) < set(half.speakers) < set(whole.speakers)
    assert half.utterances == whole.filter(speakers=half.speakers).utterances


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ("digits = [1, 2]", "digits says which digit each of the words names; give words too"),
        ('words = ["one"]', "a vocabulary needs 2 to 10000 words, got 1"),
        ('words = ["one", "one"]', "a vocabulary has each word once, got several times: one"),
        ('words = ["one", "two"]\ndigits = [1]', "digits must be as many as the words, 2, got 1"),
        ('words = ["one", "two"]\ndigits = [1, 10]', r"digits\.1 must lie from 0 to 9, got 10"),
        ('teacher = "compact"', "teacher and training.distillation belong together"),
    ],
)
def test_words_that_cannot_be_are_refused_with_the_file(tmp_path: Path, further: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"words\.toml: {message}"):
        read_experiment(training_file(tmp_path, '{ corpus = "samples:" }', further))


def test_a_shipped_model_teaches_by_its_name_and_must_know_the_same_words(tmp_path: Path) -> None:
    source = '{ corpus = "samples:", where = { engine = "flite" } }'
    taught = ("teacher=compact", "training.distillation.weight=0.5", "training.epochs=1")
    file = training_file(tmp_path, source)
    result = run_experiment(read_experiment(file, overrides=taught), tmp_path / "run")
    assert np.isfinite(result.best.train_loss)
    with pytest.raises(ConfigError, match="teacher compact knows other words"):
        run_experiment(read_experiment(file, overrides=(*taught, "words=['one', 'two']",
                       "data.train.0.known_words_only=true")), tmp_path / "other")  # fmt: skip
    with pytest.raises(ConfigError, match="teacher compact works at 8000 Hz, the model at 16000 Hz"):
        run_experiment(read_experiment(file, overrides=(*taught, "mel.sample_rate=16000")), tmp_path / "rate")
