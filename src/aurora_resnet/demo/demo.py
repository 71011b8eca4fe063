"""The demonstration as a whole: trained models answer, a small one learns, and the outcome is one value."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.demo.learning import EPOCHS, Learning, learn
from aurora_resnet.demo.scores import ModelScores, score_recognizer
from aurora_resnet.demo.sounds import CLEAN, SAMPLE_RATE, DemoSounds, Sound, demo_sounds
from aurora_resnet.environment import describe_environment
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import EXPORTED
from aurora_resnet.runtime.recognizer import Recognition, Recognizer

WORD_SHOWN = "seven"


@dataclass(frozen=True, eq=False)
class Example:
    """A sound, what the network sees of it and what it answers.

    Attributes:
        sound: the sound.
        answer: what the first model said.
        clip: the waveform at the model's rate, ``[N]``.
        log_mel: the spectrogram that its network sees, ``[M, T]``.
        mel: the settings of its front end.
    """

    sound: Sound
    answer: Recognition
    clip: Tensor
    log_mel: Tensor
    mel: MelConfig


@dataclass(frozen=True)
class DemoResult:
    """Everything that the page shows.

    Attributes:
        models: the trained models, in the order given.
        learning: the small network that learnt meanwhile.
        examples: some sounds with the answers of the first model.
        train_voices: the sample voices that the shipped weights were trained on.
        test_voices: the voices of the sounds.
        environment: versions and machine.
        seconds: how long each step took.
        created: when, UTC, ISO 8601.
    """

    models: tuple[ModelScores, ...]
    learning: Learning
    examples: tuple[Example, ...]
    train_voices: tuple[str, ...]
    test_voices: tuple[str, ...]
    environment: Mapping[str, str | int]
    seconds: Mapping[str, float]
    created: str

    @property
    def shipped(self) -> bool:
        """Whether all models are those that the package carries."""
        return all(model.name in EXPORTED for model in self.models)


def run_demo(
    models: Sequence[Checkpoint],
    checkpoint: str | Path,
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    device: str = "cpu",
    progress: bool = False,
    on_scores: Callable[[tuple[ModelScores, ...]], object] | None = None,
) -> DemoResult:
    """Run the demonstration; the same seed gives the same numbers on the same machine.

    Args:
        models: trained ones, one at least; the answers of the first are shown in detail.
        checkpoint: file for the network that is trained here.
        seed: of the noise and of the training.
        epochs: how long the small network learns.
        device: where torch computes.
        progress: show bars on a terminal.
        on_scores: called with the scores of the trained models before the small one begins to learn.

    Raises:
        ConfigError: for no model, or one that does not know all words of the samples.
        CorpusError: if the installation lacks the sample recordings.
    """
    if not models:
        raise ConfigError("the demonstration needs at least one trained model, got none")
    seconds: dict[str, float] = {}
    with _timed("reading and mixing the sounds", seconds):
        sounds = demo_sounds(seed)
    recognizers = [Recognizer(scoring_model(model, device=device)) for model in models]
    scores: list[ModelScores] = []
    for recognizer in recognizers:
        name = recognizer.model.facts.name
        with _timed(f"recognising {len(sounds):,} sounds, {name}", seconds), _bar(name, len(sounds), progress) as bar:
            scores.append(score_recognizer(recognizer, sounds, bar.update))
    if on_scores is not None:
        on_scores(tuple(scores))
    with _timed(f"training for {epochs} epochs and measuring", seconds):
        learning = learn(sounds, checkpoint, seed=seed, epochs=epochs, device=device, progress=progress)
    samples = read_samples()
    return DemoResult(
        models=tuple(scores),
        learning=learning,
        examples=_examples(recognizers[0], models[0].model.config.mel, sounds, scores[0]),
        train_voices=samples.filter(split="train").speakers,
        test_voices=samples.filter(split="test").speakers,
        environment=describe_environment(device),
        seconds=seconds,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _examples(recognizer: Recognizer, mel: MelConfig, sounds: DemoSounds, scores: ModelScores) -> tuple[Example, ...]:
    """Choose one word clean and in noise and backwards, the mistake at the highest SNR, and babble without a word."""
    conditions = list(sounds.words)
    index = next(i for i, sound in enumerate(sounds.words[CLEAN]) if sound.word == WORD_SHOWN)
    shown = [(condition, index) for condition in (conditions[0], conditions[len(conditions) // 2], conditions[-1])]
    mistakes = (
        (condition, i)
        for condition in conditions
        for i, (sound, answer) in enumerate(zip(sounds.words[condition], scores.answers[condition], strict=True))
        if sound.word != answer.word and (condition, i) not in shown
    )
    if (mistake := next(mistakes, None)) is not None:
        shown.append(mistake)
    shown += [("noise", 0), ("digits backwards", index)]
    everything = {**sounds.words, **sounds.negatives}
    return tuple(_example(recognizer, mel, everything[kind][i], scores.answers[kind][i]) for kind, i in shown)


def _example(recognizer: Recognizer, mel: MelConfig, sound: Sound, answer: Recognition) -> Example:
    clip = recognizer.clip(sound.waveform, SAMPLE_RATE).samples
    log_mel = recognizer.model.features(clip[None])[0]
    return Example(sound, answer, torch.from_numpy(clip), torch.from_numpy(log_mel), mel)


@contextmanager
def _timed(what: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[what] = seconds.get(what, 0.0) + time.perf_counter() - started


def _bar(name: str, sounds: int, progress: bool) -> tqdm[Any]:
    return tqdm(total=sounds, desc=name, unit="sound", disable=None if progress else True)
