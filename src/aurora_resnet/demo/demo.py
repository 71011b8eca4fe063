"""The demonstration as a whole: trained models answer, a small one learns, and what came out is one value."""

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
from tqdm import tqdm

from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.demo.learning import EPOCHS, Learning, learn
from aurora_resnet.demo.scores import ModelScores, score_recognizer
from aurora_resnet.demo.sounds import CLEAN, SAMPLE_RATE, DemoSounds, Sound, demo_sounds
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.pretrained.shipped import PRETRAINED
from aurora_resnet.recognition.recognizer import DigitRecognizer, Recognition
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.experiment import describe_environment

WORD_SHOWN = "seven"


@dataclass(frozen=True, eq=False)
class Example:
    """A sound, what the network sees of it and what it answers.

    Attributes:
        sound: the sound.
        answer: what the first model said.
        clip: the waveform at the model's rate, ``[N]``.
        log_mel: the picture that its network sees, ``[M, T]``.
        mel: the settings of its front end.
    """

    sound: Sound
    answer: Recognition
    clip: Tensor
    log_mel: Tensor
    mel: MelConfig


@dataclass(frozen=True)
class DemoResult:
    """Everything that the report shows.

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
        return all(model.name in PRETRAINED for model in self.models)


def run_demo(
    recognizers: Sequence[tuple[str, DigitRecognizer]],
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
        recognizers: trained models with their names, one at least; the first one's answers are shown in detail.
        checkpoint: file for the network that is trained here.
        seed: of the noise and of the training.
        epochs: how long the small network learns.
        device: where it learns.
        progress: show bars on a terminal.
        on_scores: called with the scores of the trained models before the small one begins to learn.

    Raises:
        ConfigError: for no model, or one that does not know all eleven words.
        CorpusError: if the installation lacks the sample recordings.
    """
    if not recognizers:
        raise ConfigError("the demonstration needs at least one trained model, got none")
    seconds: dict[str, float] = {}
    with _timed("reading and mixing the sounds", seconds):
        sounds = demo_sounds(seed)
    models = []
    for name, recognizer in recognizers:
        with _timed(f"recognising {len(sounds):,} sounds, {name}", seconds), _bar(name, len(sounds), progress) as bar:
            models.append(score_recognizer(name, recognizer, sounds, bar.update))
    if on_scores is not None:
        on_scores(tuple(models))
    with _timed(f"training for {epochs} epochs and measuring", seconds):
        learning = learn(sounds, checkpoint, seed=seed, epochs=epochs, device=device, progress=progress)
    samples = read_samples()
    return DemoResult(
        models=tuple(models),
        learning=learning,
        examples=_examples(recognizers[0][1], sounds, models[0]),
        train_voices=samples.filter(split="train").speakers,
        test_voices=samples.filter(split="test").speakers,
        environment=describe_environment(device),
        seconds=seconds,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _examples(recognizer: DigitRecognizer, sounds: DemoSounds, scores: ModelScores) -> tuple[Example, ...]:
    """Choose one word clean and in noise and backwards, the mistake at the highest SNR, and babble without a word."""
    conditions = list(sounds.digits)
    index = next(i for i, sound in enumerate(sounds.digits[CLEAN]) if sound.word == WORD_SHOWN)
    shown = [(condition, index) for condition in (conditions[0], conditions[len(conditions) // 2], conditions[-1])]
    mistakes = (
        (condition, i)
        for condition in conditions
        for i, (sound, answer) in enumerate(zip(sounds.digits[condition], scores.answers[condition], strict=True))
        if sound.word != answer.word and (condition, i) not in shown
    )
    if (mistake := next(mistakes, None)) is not None:
        shown.append(mistake)
    shown += [("noise", 0), ("digits backwards", index)]
    everything = {**sounds.digits, **sounds.others}
    return tuple(_example(recognizer, everything[kind][i], scores.answers[kind][i]) for kind, i in shown)


def _example(recognizer: DigitRecognizer, sound: Sound, answer: Recognition) -> Example:
    model, config = recognizer.model, recognizer.model.config
    resampled = resample(sound.waveform, SAMPLE_RATE, config.mel.sample_rate)
    clip = torch.from_numpy(fit_length(resampled, config.clip_samples))
    with torch.inference_mode():
        log_mel = model.frontend(clip[None].to(recognizer.device))[0].cpu()
    return Example(sound, answer, clip, log_mel, config.mel)


@contextmanager
def _timed(what: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[what] = seconds.get(what, 0.0) + time.perf_counter() - started


def _bar(name: str, sounds: int, progress: bool) -> tqdm[Any]:
    return tqdm(total=sounds, desc=name, unit="sound", disable=None if progress else True)
