"""The unit that tells speech from other sounds, fitted to a trained model of strings, whose other weights stay as they are.

Clips of 4 s hold words, talk and sounds of the same levels, one after the other, in silence, hiss or noise, so that an onset alone says
nothing. Each frame is speech or not; those 80 to 280 ms after the start of a word count most, the 80 ms before them and the echo behind it
little or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from aurora_resnet.audio.levels import active_power, frame_powers
from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.augmentation.noise_pool import NoisePool, NoiseShares
from aurora_resnet.augmentation.recipe import SPEECH_LEVEL
from aurora_resnet.augmentation.synthetic_noise import coloured_noise
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.string_net import Memory, SpeechUnit, StringNet
from aurora_resnet.runtime.audio.low_cut import LowCut
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.cli.terminal import tell
from aurora_resnet.training.data import load_data
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.sounds import find_sounds, read_sounds

SECONDS, FRAMES_PER_LABEL = 4.0, 4
#: A frame this far below the loudest of its recording is no speech.
HELD_OUT_DB = 30.0
CLIPS_AT_ONCE, BATCH = 50, 64


@dataclass(frozen=True, kw_only=True)
class SpeechFit:
    """How the unit is fitted.

    Attributes:
        channels: of the unit.
        clips: to learn from.
        epochs: passes over them.
        seed: of everything random.
    """

    channels: int = 32
    clips: int = 20_000
    epochs: int = 24
    seed: int = 1

    def fit(self, trained: RecognizerModel, config: ExperimentConfig) -> RecognizerModel:
        """Return the network with a fitted unit.

        Args:
            trained: a ``StringNet``.
            config: names the recordings.
        """
        known = trained.config
        model = RecognizerModel(type(known)(**{**vars(known), "options": {**known.options, "speech": self.channels}}))
        model.load_state_dict(trained.state_dict(), strict=False)
        model.eval()
        sounds, generator = read_sources(config, known.sample_rate), np.random.default_rng(self.seed)
        parts = [
            make_batch(model, sounds, config, CLIPS_AT_ONCE, generator) for _ in range(self.clips // CLIPS_AT_ONCE)
        ]
        fit(string_net(model)[1], *map(torch.cat, zip(*parts, strict=True)), epochs=self.epochs, seed=self.seed)
        return model


def string_net(model: RecognizerModel) -> tuple[StringNet, SpeechUnit]:
    """Return the network of strings and its unit."""
    assert isinstance(model.classifier, StringNet)
    assert isinstance(model.classifier.speech, SpeechUnit)
    return model.classifier, model.classifier.speech


class Sounds(NamedTuple):
    """What clips are made of."""

    speech: list[Samples]
    noises: list[Samples]
    pool: NoisePool


def read_sources(config: ExperimentConfig, rate: int) -> Sounds:
    """Read what a training file names."""
    augment, root = config.data.augment, config.data.root
    assert augment is not None

    def trimmed(paths: Sequence[Path], seconds: float) -> list[Samples]:
        return [trim_silence(sound, rate) for sound in read_sounds(paths, rate, seconds)]

    words = trimmed([utterance.path for utterance in load_data(config.data).train], 1.5)
    negatives = trimmed(find_sounds(augment.negatives, root), 1.5)
    talk = trimmed(find_sounds(augment.talk, root), 60.0)
    noises = read_sounds(find_sounds(augment.noises, root), rate, 60.0)
    shares = NoiseShares(recorded=0.6, babble=0.0, synthetic=0.25, sum_of_two=0.15)
    pool = NoisePool(noises, [words[:1]], sample_rate=rate, generator=np.random.default_rng(0), shares=shares)
    # Words of the vocabulary, others and talk in about equal parts.
    return Sounds(words + negatives + talk * (len(words) // max(1, 2 * len(talk))), noises, pool)


def make_clip(sounds: Sounds, config: ExperimentConfig, g: np.random.Generator) -> tuple[Samples, Samples, Samples]:
    """Return a clip ``[N]``, which of its hops hold speech and how much each counts, ``[N / hop]``."""
    rate, hop = config.mel.sample_rate, config.mel.hop_length
    length = round(SECONDS * rate)
    clip, speech = np.zeros(length, np.float32), np.zeros(length // hop, np.float32)
    weight = np.ones(length // hop, np.float32)
    augmentation = config.data.augment.augmentation  # type: ignore[union-attr]
    level, at = 10 ** (g.uniform(-38, -8) / 20), int(g.uniform(0.25, 1.2) * rate)
    while at < length - rate // 3:
        if g.random() < 0.55:
            sound, dry = augmentation.speak(sounds.speech[g.integers(len(sounds.speech))][: int(2.5 * rate)], rate, g)
            powers = frame_powers(sound[: min(dry, length - at)], hop) if dry >= hop else np.zeros(1)
            active = np.flatnonzero(powers >= max(powers.max() * 10 ** (-HELD_OUT_DB / 10), 1e-12))
            if not len(active):
                continue
            first, last = at // hop + active[0], at // hop + active[-1] + 1
            weight[max(0, first - 3) : first] = weight[last : last + 50] = 0
            speech[first:last] = weight[first:last] = 1
            sound = sound / SPEECH_LEVEL
        else:
            sound = _event(sounds, rate, g) * np.float32(10 ** (g.uniform(-10, 10) / 20))
            weight[at // hop : at // hop + len(sound) // hop] = 2
        clip[at : at + len(sound)] += np.float32(level) * sound[: length - at]
        at += len(sound) + int(g.uniform(0.3, 1.4) * rate)
    background = g.random()
    if 0.25 <= background < 0.65:
        hiss = coloured_noise(length, g.uniform(-0.5, 2), sample_rate=rate, generator=g)
        clip += hiss * np.float32(10 ** (g.uniform(-75, -40) / 20))
    elif background >= 0.65:
        clip += sounds.pool.draw(length, g) * np.float32(level * 10 ** (g.uniform(-25, -3) / 20))
    if g.random() < 0.6:
        clip = augmentation.transmit(clip, rate, g)
    return LowCut(rate).push(np.clip(clip, -1, 1).astype(np.float32)), speech, weight


def _event(sounds: Sounds, rate: int, g: np.random.Generator) -> Samples:
    """Return a sound that is no speech, of an active RMS of 1; half of them begin as they were recorded."""
    if g.random() < 0.3:
        sound = sounds.pool.draw(int(g.uniform(0.2, 2.5) * rate), g)
    else:
        sound = sounds.noises[g.integers(len(sounds.noises))]
        start = int(g.integers(max(1, len(sound) - rate // 2))) if g.random() < 0.5 else 0
        sound = sound[start : start + int(g.uniform(0.3, 3.2) * rate)]
        sound = trim_silence(sound, rate) if start == 0 and g.random() < 0.5 else sound
    power = active_power(sound, rate)
    return (sound / np.float32(np.sqrt(power) + 1e-6)).astype(np.float32)


def make_batch(
    model: RecognizerModel, sounds: Sounds, config: ExperimentConfig, size: int, g: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what the unit gets, ``[B, C, T]`` in half precision, its targets and their weights, ``[B, T]``."""
    made = zip(*(make_clip(sounds, config, g) for _ in range(size)), strict=True)
    clips, speech, weight = (torch.from_numpy(np.stack(part)) for part in made)
    with torch.inference_mode():
        frames = string_net(model)[0].single_frames(model.frontend(clips)[..., : speech.shape[1]], Memory(None)).half()
    said = speech.unfold(1, FRAMES_PER_LABEL, FRAMES_PER_LABEL).sum(2) >= 2
    since = torch.zeros(len(said))
    weight = weight.unfold(1, FRAMES_PER_LABEL, FRAMES_PER_LABEL).amin(2)
    weight[said] = 1
    for number in range(said.shape[1]):
        since = (since + 1) * said[:, number]
        told = torch.where((since >= 3) & (since <= 6), 3.0, 1.0)
        weight[:, number] *= torch.where((since >= 1) & (since <= 2), 0.2, told)
    weight[:, :6] *= 0.5
    return frames, said.float(), weight


def fit(unit: SpeechUnit, frames: Tensor, said: Tensor, weight: Tensor, *, epochs: int, seed: int) -> None:
    """Fit the unit in place: cross-entropy, of frames without speech mostly those that look most like it."""
    torch.manual_seed(seed)
    steps = len(frames) // BATCH
    optimizer = torch.optim.AdamW(unit.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=epochs * steps, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(frames))[: steps * BATCH].view(-1, BATCH):
            logits = unit(frames[rows].float(), Memory(None))[:, 0]
            focus = torch.where(said[rows] == 1, 1.0, logits.detach().sigmoid() + 0.1)
            entropy = F.binary_cross_entropy_with_logits(logits, said[rows], reduction="none")
            wrong = torch.where((said[rows] == 0) & (weight[rows] > 0), logits, -20.0)
            loss = (entropy * weight[rows] * focus).mean() + 0.05 * F.softplus(wrong.topk(3, dim=1).values).mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            total += loss.item()
        tell(f"speech unit, epoch {epoch + 1} of {epochs}: loss {total / steps:.4f}")
