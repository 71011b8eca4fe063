"""Ten words that are no digits, through the house: trained, evaluated, calibrated, exported, heard without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

from aurora_resnet.calibration.word_point import calibrate
from aurora_resnet.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.evaluation.evaluator import Evaluator
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import recognize_stream
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.tasks.experiment import run_experiment
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.web.running import served
from aurora_resnet.web.server import create_app

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
CONFIG = """
model = "compact"
words = [{words}]

[mel]
sample_rate = 8000

[data]
train = [{{ corpus = "manifest:{manifest}", split = "train", validation_share = 0.1 }}]

[training]
epochs = 8
batch_size = 32
optimizer = "adamw"
learning_rate = 0.004
schedule = "one_cycle"
speed_factors = [0.9, 1.0, 1.1]
"""

pytestmark = [pytest.mark.slow, pytest.mark.shared]


def is_tested(speaker: str) -> bool:
    """Whoever's name ends in an odd digit is heard in no training."""
    return int(speaker[-1], 16) % 2 == 1


@pytest.fixture(scope="module")
def spoken(shared: Path) -> Corpus:
    corpus = load_corpus(f"speech-commands:{shared / 'speech_commands_other' / 'words'}")
    corpus = corpus + load_corpus(f"speech-commands:{shared / 'speech_commands_v2_words'}")
    split = tuple(replace(u, split="test" if is_tested(u.speaker) else "train") for u in corpus)
    return Corpus("commands", split)


@pytest.fixture(scope="module")
def negatives(spoken: Corpus) -> Corpus:
    return spoken.filter(lambda utterance: utterance.word not in WORDS, split="test")


@pytest.fixture(scope="module")
def trained(spoken: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("commands")
    spoken.filter(words=WORDS).write_csv(folder / "commands.csv")
    config = folder / "commands.toml"
    words = ", ".join(f'"{word}"' for word in WORDS)
    config.write_text(CONFIG.format(words=words, manifest=folder / "commands.csv"), encoding="utf-8")
    result = run_experiment(read_experiment(config), folder / "run")
    return load_checkpoint(result.best_checkpoint)


@pytest.fixture(scope="module")
def calibrated(
    trained: Checkpoint, spoken: Corpus, negatives: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    config = trained.model.config
    held_out = load_clips(spoken.filter(words=WORDS, split="test"), config)
    calibration = calibrate(trained, held_out, negatives=load_negatives(negatives, config), negatives_accepted=0.2)
    path = tmp_path_factory.mktemp("calibrated") / "commands.safetensors"
    save_checkpoint(trained.model, path, calibration=calibration, card="Ten commands.")
    return path


@pytest.fixture(scope="module")
def exported(calibrated: Path, spoken: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    spoken.filter(words=WORDS).write_csv(folder / "commands.csv")
    path = folder / "commands.onnx"
    parity = export_onnx(load_checkpoint(calibrated), path, int8=True, recordings=[f"manifest:{folder}/commands.csv"])
    assert parity.labelled > 100  # judged by its own words
    return path


def test_it_learns_the_words_of_speakers_that_it_never_heard(trained: Checkpoint, spoken: Corpus) -> None:
    assert trained.vocabulary == Vocabulary(WORDS)
    report = Evaluator(trained).evaluate(spoken.filter(words=WORDS, split="test"))
    assert tuple(report.overall.per_word) == WORDS
    assert report.overall.accuracy > 0.5  # one word in ten by chance


def test_other_words_are_named_not_dropped(trained: Checkpoint, negatives: Corpus) -> None:
    with pytest.raises(CorpusError, match=r"words that the model does not know: .*sheila"):
        Evaluator(trained).evaluate(negatives)


def test_the_threshold_lets_so_many_negatives_through(calibrated: Path, negatives: Corpus) -> None:
    checkpoint = load_checkpoint(calibrated)
    assert checkpoint.calibration.rejects
    recognizer = Recognizer(TorchModel(checkpoint.model, calibration=checkpoint.calibration))
    answers = recognizer.recognize_batch([utterance.path for utterance in negatives])
    assert np.mean([answer.accepted for answer in answers]) == pytest.approx(0.2, abs=0.02)


def test_the_runtime_hears_the_words_without_torch(exported: Path, spoken: Corpus) -> None:
    tested = spoken.filter(words=WORDS, split="test")
    script = (
        "import json, sys\n"
        "from aurora_resnet.runtime import Recognizer\n"
        "recognizer = Recognizer.from_pretrained(sys.argv[1])\n"
        "words = [recognizer.recognize(path).word for path in sys.argv[2:]]\n"
        "assert 'torch' not in sys.modules\n"
        "print(json.dumps([list(recognizer.vocabulary), words]))\n"
    )
    paths = [str(utterance.path) for utterance in tested]
    done = subprocess.run(
        [sys.executable, "-c", script, str(exported), *paths], capture_output=True, text=True, check=True
    )
    vocabulary, words = json.loads(done.stdout)
    assert tuple(vocabulary) == WORDS
    right = [word == utterance.word for word, utterance in zip(words, tested, strict=True)]
    assert np.mean(right) > 0.5


def test_the_page_shows_the_words(exported: Path, spoken: Corpus) -> None:
    with served(create_app(Recognizer.from_pretrained(exported))) as address:
        with urlopen(f"{address}api/model") as response:
            model = json.load(response)
        assert tuple(model["words"]) == WORDS
        assert model["digits"] == [None] * len(WORDS)
        with urlopen(f"{address}api/recognize", data=spoken[0].path.read_bytes()) as response:
            answer = json.load(response)
    assert set(answer["probabilities"]) == set(WORDS)
    assert answer["digit"] is None


def test_the_words_are_streamed(exported: Path, spoken: Corpus) -> None:
    recognizer = Recognizer.from_pretrained(exported)
    heard = [recognize_stream(recognizer, u.path) for u in spoken.filter(words="stop", split="test")]
    events = [event for each in heard for event in each]
    assert {event.word for event in events} <= set(WORDS)
    assert all(event.digit is None for event in events)
    assert any(event.word == "stop" for event in events)
