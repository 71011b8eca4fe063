"""The demonstration as a whole: trained models answer, a small one learns, and the outcome is one value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from aurora_resnet.checkpoints import Checkpoint
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.demo.learning import EPOCHS, Learning, learn
from aurora_resnet.demo.scores import ModelScores, score_recognizer
from aurora_resnet.demo.sounds import CLEAN, CONDITIONS, SAMPLE_RATE, Sound, demo_sounds
from aurora_resnet.environment import describe_environment
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.model_reference import CHECKPOINTS
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
        created: when, UTC, ISO 8601.
    """

    models: tuple[ModelScores, ...]
    learning: Learning
    examples: tuple[Example, ...]
    train_voices: tuple[str, ...]
    test_voices: tuple[str, ...]
    environment: Mapping[str, str | int]
    created: str

    @property
    def shipped(self) -> bool:
        """Whether all models are those that the package carries."""
        return all(model.name in CHECKPOINTS for model in self.models)


def run_demo(
    models: Sequence[Checkpoint],
    checkpoint: str | Path,
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    device: str = "cpu",
    progress: bool = False,
    on_scores: Callable[[tuple[ModelScores, ...]], object] = lambda _: None,
) -> DemoResult:
    """Run the demonstration; the same seed gives the same numbers on the same machine.

    Args:
        models: trained ones, one at least; the answers of the first are shown in detail.
        checkpoint: file for the network that is trained here.
        seed: of the noise and of the training.
        epochs: how long the small network learns.
        device: where torch computes.
        progress: show the training's bar on a terminal.
        on_scores: called with the scores of the trained models before the small one begins to learn.

    Raises:
        ConfigError: for no model, or one that does not know all words of the samples.
        CorpusError: if the installation lacks the sample recordings.
    """
    if not models:
        raise ConfigError("the demonstration needs at least one trained model, got none")
    sounds, samples = demo_sounds(seed), read_samples()
    recognizers = [Recognizer(scoring_model(model, device=device)) for model in models]
    scores = tuple(score_recognizer(recognizer, sounds) for recognizer in recognizers)
    on_scores(scores)
    learning = learn(sounds, checkpoint, seed=seed, epochs=epochs, device=device, progress=progress)
    mel = models[0].model.config.mel
    return DemoResult(
        models=scores,
        learning=learning,
        examples=tuple(
            _example(recognizers[0], mel, sounds[kind][i], scores[0].answers[kind][i])
            for kind, i in _shown(sounds, scores[0])
        ),
        train_voices=samples.filter(split="train").speakers,
        test_voices=samples.filter(split="test").speakers,
        environment=describe_environment(device),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _shown(sounds: Mapping[str, Sequence[Sound]], scores: ModelScores) -> list[tuple[str, int]]:
    """Choose one word clean and in noise and backwards, the mistake at the highest SNR, and babble without a word."""
    index = next(i for i, sound in enumerate(sounds[CLEAN]) if sound.word == WORD_SHOWN)
    shown = [(condition, index) for condition in (CLEAN, CONDITIONS[len(CONDITIONS) // 2], CONDITIONS[-1])]
    mistakes = (
        (condition, i)
        for condition in CONDITIONS
        for i, (sound, answer) in enumerate(zip(sounds[condition], scores.answers[condition], strict=True))
        if sound.word != answer.word and (condition, i) not in shown
    )
    return [*shown, *list(mistakes)[:1], ("noise", 0), ("digits backwards", index)]


def _example(recognizer: Recognizer, mel: MelConfig, sound: Sound, answer: Recognition) -> Example:
    clip = recognizer.clip(sound.waveform, SAMPLE_RATE).samples
    log_mel = recognizer.model.features(clip[None])[0]
    return Example(sound, answer, torch.from_numpy(clip), torch.from_numpy(log_mel), mel)
