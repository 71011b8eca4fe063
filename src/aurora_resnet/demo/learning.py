"""A small network learns the words of the sample voices while one waits."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.splits import split_speakers
from aurora_resnet.demo.scores import ModelScores, answer_sounds, score_recognizer
from aurora_resnet.demo.sounds import CLEAN, SAMPLE_RATE, Sound
from aurora_resnet.evaluation.metrics import Score
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.history import EpochRecord
from aurora_resnet.training.trainer import Trainer

EPOCHS = 8
VALIDATION_SHARE = 0.2
TRAINED = "cnn, trained just now"


@dataclass(frozen=True)
class Learning:
    """What the small network learnt.

    Attributes:
        history: the epochs.
        clips: how many clips it was trained on.
        voices: how many voices spoke these, and how many others chose the best epoch.
        before: score on the clean test voices with random weights.
        scores: the trained network on all sounds of the demonstration.
        checkpoint: where its weights are.
    """

    history: tuple[EpochRecord, ...]
    clips: int
    voices: tuple[int, int]
    before: Score
    scores: ModelScores
    checkpoint: Path

    @property
    def after(self) -> Score:
        """Score on the clean test voices after the training."""
        clean = self.scores.conditions[0]
        return Score(clean.clips, clean.correct)


def learn(
    sounds: Mapping[str, Sequence[Sound]],
    checkpoint: str | Path,
    *,
    seed: int,
    epochs: int = EPOCHS,
    device: str = "cpu",
    progress: bool = False,
) -> Learning:
    """Train the zoo's ``cnn`` from random weights on the clean train voices.

    Four of the nineteen voices choose the best epoch; the test voices have no part in it.

    Args:
        sounds: what it is tested on.
        checkpoint: file for the trained network.
        seed: of the weights and of the training.
        epochs: how long.
        device: where to train.
        progress: show a bar on a terminal.
    """
    train, held_out = split_speakers(read_samples().filter(split="train"), VALIDATION_SHARE, seed=0)
    config = RecognizerConfig("cnn", MelConfig(sample_rate=SAMPLE_RATE), options={"dropout": 0.2})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RecognizerModel(config)
    answers = answer_sounds(Recognizer(TorchModel(model, device=device)), sounds[CLEAN])
    training = TrainingConfig(
        epochs=epochs,
        batch_size=16,
        optimizer="adamw",
        learning_rate=0.003,
        schedule="one_cycle",
        warmup_fraction=0.3,
        seed=seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(model, training, folder, device=device, progress=progress)
        result = trainer.fit(load_clips(train, config), load_clips(held_out, config))
        best = load_checkpoint(result.best_checkpoint).model
    save_checkpoint(best, checkpoint, info={"made_by": "aurora-resnet demo", "epochs": epochs, "seed": seed})
    return Learning(
        history=result.history,
        clips=len(train),
        voices=(len(train.speakers), len(held_out.speakers)),
        before=Score(len(answers), int((answers.predicted == answers.labels).sum())),
        scores=score_recognizer(Recognizer(TorchModel(best, name=TRAINED, device=device)), sounds),
        checkpoint=Path(checkpoint),
    )
