"""CTC against all paths one by one; strings learnt, and a training that was stopped ends with the same bits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.string_clips import NO_WORDS, padded
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.runtime.errors import ConfigError, SpeakerLeakError, TrainingError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.tasks.experiment import VALIDATION, run_experiment
from aurora_resnet.training.config import Distillation, TrainingConfig
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.string_objective import FRAMES, StringObjective, greedy, string_loss
from aurora_resnet.training.trainer import Trainer

RATE = 8000
WORDS = ("zero", "one", "two")


def said(path: Sequence[int], blank: int) -> tuple[int, ...]:
    return tuple(unit for unit, _ in itertools.groupby(path) if unit != blank)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 2), min_size=1, max_size=3))
@settings(max_examples=20)
def test_the_loss_of_a_string_is_that_of_all_its_paths(seed: int, units: list[int]) -> None:
    """Two words, one other unit, the blank; 4^5 paths."""
    logits = torch.randn(1, 5, 4, generator=torch.Generator().manual_seed(seed))
    shares = logits[0].softmax(dim=1).double()
    paths = [path for path in itertools.product(range(4), repeat=5) if said(path, 3) == tuple(units)]
    probability = sum(math.prod(float(shares[t, unit]) for t, unit in enumerate(path)) for path in paths)
    loss = string_loss(logits, torch.from_numpy(padded(units))[None], words=2).item()
    expected = -math.log(probability) / (5 / FRAMES) if probability else 0.0  # no path is long enough
    assert loss == pytest.approx(expected, rel=1e-4)


@given(st.integers(0, 10_000))
@settings(max_examples=10)
def test_talk_may_take_any_path_without_a_word(seed: int) -> None:
    logits = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(seed))
    labels = torch.from_numpy(np.stack([padded([NO_WORDS]), padded([1, 2]), padded([NO_WORDS])]))
    shares = logits.softmax(dim=2).double()
    free = [
        -math.log(
            sum(
                math.prod(float(shares[row, t, unit]) for t, unit in enumerate(path))
                for path in itertools.product((2, 3, 4), repeat=4)
            )
        )
        for row in (0, 2)
    ]
    known = string_loss(logits[1:2], labels[1:2], words=2).item()
    seconds = 4 / FRAMES
    assert string_loss(logits, labels, words=2).item() == pytest.approx((sum(free) / seconds + known) / 3, rel=1e-4)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_greedy_reads_the_best_path(path: list[int]) -> None:
    logits = torch.nn.functional.one_hot(torch.tensor([path]), 5).float()
    words = [unit if unit < 2 else 2 for unit in path]  # other speech separates as the blank does
    assert greedy(logits, words=2) == [list(said(words, 2))]


def test_refuses_what_strings_are_not_trained_with(tmp_path: Path) -> None:
    mel = MelConfig(RATE, n_mels=8, compression="pcen", normalization="none", causal=True)
    model = RecognizerModel(RecognizerConfig("string_net", mel, options={"channels": 4}))
    config = TrainingConfig(label_smoothing=0.1, speed_factors=(0.9, 1.0), distillation=Distillation())
    with pytest.raises(ConfigError, match="without label_smoothing, distillation, speed_factors"):
        Trainer(model, config, tmp_path, objective=StringObjective())
    with pytest.raises(ConfigError, match="gives logits for frames, got cnn"):
        Trainer(RecognizerModel(RecognizerConfig("cnn", mel)), TrainingConfig(), tmp_path, objective=StringObjective())


def tone(word: int, generator: np.random.Generator) -> np.ndarray:
    time = np.arange(int(generator.integers(1600, 2400))) / RATE
    wave = np.hanning(len(time)) ** 0.5 * np.sin(2 * np.pi * 500 * (1 + word) * time)
    return 0.2 * wave * generator.uniform(0.5, 1.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Words, strings and other sounds of six speakers, as files, and a training file."""
    folder = tmp_path_factory.mktemp("tones")
    generator = np.random.default_rng(0)
    words, strings = [], []
    for speaker in range(6):
        for word, take in itertools.product(range(3), range(3)):
            path = folder / f"{speaker}_{word}_{take}.wav"
            write_audio(tone(word, generator), path, RATE)
            words.append(Utterance(path, (WORDS[word],), f"voice{speaker}", "train"))
        for number in range(3):
            units = generator.integers(3, size=3)
            pause = np.zeros(600)
            path = folder / f"{speaker}_string{number}.wav"
            write_audio(np.concatenate([x for unit in units for x in (pause, tone(unit, generator))]), path, RATE)
            strings.append(Utterance(path, tuple(WORDS[unit] for unit in units), f"voice{speaker}", "train"))
    Corpus("words", tuple(words)).write_csv(folder / "words.csv")
    Corpus("strings", tuple(strings)).write_csv(folder / "strings.csv")
    for kind in ("noise", "validation_noise", "others", "talk", "validation_talk"):
        samples = 0.1 * generator.standard_normal(12_000 if "talk" in kind else 6_000)
        write_audio(np.clip(samples, -1, 1), folder / kind / "1.wav", RATE)
    (folder / "train.toml").write_text(
        f"""
model = "string_net"
clip_seconds = 1.6
words = ["zero", "one", "two"]
options = {{ widths = [4, 6, 8, 8], channels = 16, dilations = [1, 2], others = 1, dropout = 0.05 }}
[mel]
sample_rate = 8000
n_mels = 12
compression = "pcen"
normalization = "none"
causal = true
[data]
root = "{folder.as_posix()}"
train = [{{ corpus = "manifest:words.csv", validation_share = 0.3 }}]
[data.augment]
noises = [{{ folder = "noise" }}]
validation_noises = [{{ folder = "validation_noise" }}]
negatives = [{{ folder = "others" }}]
talk = [{{ folder = "talk" }}]
workers = 0
[data.augment.augmentation]
vocoder_probability = 0.0
snr_db = [20.0, 30.0]
[data.strings]
size = 24
recordings = [{{ corpus = "manifest:strings.csv" }}]
validation_talk = [{{ folder = "validation_talk" }}]
[training]
epochs = 2
batch_size = 16
optimizer = "adamw"
learning_rate = 1e-2
weight_average = 0.8
gradient_clip = 5.0
random_position = false
seed = 4
"""
    )
    return folder


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(run / "last.safetensors").model.state_dict()


@pytest.mark.slow
def test_a_stopped_training_ends_with_the_same_bits(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = read_experiment(data / "train.toml")
    whole = run_experiment(config, tmp_path / "whole")
    original = Trainer.run_epoch

    def stop(trainer: Trainer, variants: ClipSet, clips: int, epoch: int, validation: ClipSet | None) -> object:
        if epoch == 1:
            raise KeyboardInterrupt
        return original(trainer, variants, clips, epoch, validation)

    monkeypatch.setattr(Trainer, "run_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(config, tmp_path / "parts")
    monkeypatch.setattr(Trainer, "run_epoch", original)
    resumed = run_experiment(
        read_experiment(data / "train.toml", overrides=["data.augment.workers=1"]), tmp_path / "parts", resume=True
    )
    expected, found = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert [r.validation_loss for r in resumed.history] == [r.validation_loss for r in whole.history]
    other = read_experiment(data / "train.toml", overrides=["training.seed=5"])
    with pytest.raises(TrainingError, match=r"training\.seed was 4, is 5"):
        run_experiment(other, tmp_path / "whole", resume=True)


def test_held_out_speakers_and_talk_choose_the_epoch(data: Path, tmp_path: Path) -> None:
    config = read_experiment(data / "train.toml", overrides=["training.epochs=1"])
    result = run_experiment(config, tmp_path / "run")
    held_out = Corpus.from_csv(tmp_path / "run" / VALIDATION)
    strings = held_out.filter(lambda utterance: bool(utterance.words))
    assert len(strings) == 6  # three of each of two speakers
    assert len(strings.speakers) == 2
    assert [u.path.parent.name for u in held_out if not u.words] == ["validation_talk"]
    assert result.best.validation_accuracy is not None
    assert result.best.validation_accuracy * 14 == pytest.approx(
        round(result.best.validation_accuracy * 14)
    )  # and noisy


def test_speakers_of_held_out_strings_say_no_words_in_training(data: Path, tmp_path: Path) -> None:
    overrides = [f'data.strings.recordings=[{{corpus="manifest:{data / "strings.csv"}", validation_share=0.5}}]']
    config = read_experiment(data / "train.toml", overrides=overrides)
    with pytest.raises(SpeakerLeakError, match="held_out_strings"):
        run_experiment(config, tmp_path)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=cnn", "options={}"], "data.strings belongs to a model of strings"),
        (["mel.causal=false"], "does not look ahead"),
        (["options.others=0"], "there is no unit for the word"),
        (["clip_seconds=0.2"], "clips of 0.2 s are too short"),
        (["data.augment.negative_shares.words=0.9"], "strings have shares of their own"),
        (["data.augment.noises=[]"], "noises or scene_noise is needed"),
    ],
)
def test_files_that_do_not_fit_are_refused(data: Path, tmp_path: Path, overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run_experiment(read_experiment(data / "train.toml", overrides=overrides), tmp_path)


def tone_strings(seed: int, count: int) -> ClipSet:
    generator = np.random.default_rng(seed)
    waveforms, labels = [], []
    for _ in range(count):
        units = generator.integers(3, size=3)
        parts = [part for unit in units for part in (np.zeros(generator.integers(300, 1200)), tone(unit, generator))]
        samples = np.concatenate(parts) + 0.002 * generator.standard_normal(sum(map(len, parts)))
        waveforms.append(torch.from_numpy(samples.astype(np.float32)))
        labels.append(torch.from_numpy(padded(units.tolist())))
    said = tuple(Utterance(Path("string"), (), "") for _ in range(count))
    return ClipSet(said, torch.stack(labels), RATE, 12_800, tuple(waveforms), vocabulary=Vocabulary(WORDS))


@pytest.mark.slow
def test_other_strings_are_recognised_after_a_training(tmp_path: Path) -> None:
    mel = MelConfig(RATE, n_mels=12, compression="pcen", normalization="none", causal=True)
    options = {"widths": [4, 6, 8, 8], "channels": 16, "dilations": [1, 2], "others": 1, "dropout": 0.0}
    torch.manual_seed(0)
    config = RecognizerConfig("string_net", mel, options=options, clip_seconds=1.6, vocabulary=Vocabulary(WORDS))
    how = TrainingConfig(
        epochs=24, batch_size=16, optimizer="adamw", learning_rate=1e-2, schedule="one_cycle", gradient_clip=5.0, seed=1
    )
    result = Trainer(RecognizerModel(config), how, tmp_path, objective=StringObjective()).fit(
        tone_strings(1, 96), tone_strings(2, 32)
    )
    assert result.history[0].validation_accuracy == 0
    assert result.best.validation_accuracy is not None
    assert result.best.validation_accuracy > 0.8
