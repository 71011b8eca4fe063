"""Fit the unit that tells speech from other sounds to a trained model of strings, whose other weights stay as they are.

    python -m tools.ship.speech_unit --model runs/strings/best.safetensors --config examples/train_strings.toml --out runs/strings_speech

Clips of 4 s hold words, talk and sounds of the same levels, one after the other, in silence, hiss or noise, so that an onset alone says
nothing. Each frame is speech or not; those 80 to 280 ms after the start of a word count most, the 80 ms before them and the echo behind it
little or nothing. Made clips are kept in ``--out`` and used again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from aurora_resnet.audio.levels import active_power, frame_powers
from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.augmentation.noise_pool import NoisePool, NoiseShares
from aurora_resnet.augmentation.recipe import SPEECH_LEVEL
from aurora_resnet.augmentation.synthetic_noise import coloured_noise
from aurora_resnet.checkpoints import load_checkpoint, save_checkpoint
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.models.string_net import Memory, StringNet
from aurora_resnet.runtime.audio.low_cut import LowCut
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.training.data import load_data
from aurora_resnet.training.experiment import ExperimentConfig, read_experiment
from aurora_resnet.training.sounds import find_sounds, read_sounds

SECONDS, FRAMES_PER_LABEL = 4.0, 4
HELD_OUT_DB = 30.0
"""A frame this far below the loudest of its recording is no speech."""


class Sounds(NamedTuple):
    """What clips are made of."""

    speech: list[Samples]
    noises: list[Samples]
    pool: NoisePool


def read_sources(config: ExperimentConfig, rate: int) -> Sounds:
    """Read what a training file names."""
    augment, root = config.data.augment, config.data.root
    assert augment is not None
    paths = [utterance.path for utterance in load_data(config.data).train]
    words = [trim_silence(word, rate) for word in read_sounds(paths, rate, 1.5)]
    negatives = [trim_silence(word, rate) for word in read_sounds(find_sounds(augment.negatives, root), rate, 1.5)]
    talk = [trim_silence(each, rate) for each in read_sounds(find_sounds(augment.talk, root), rate, 60.0)]
    noises = read_sounds(find_sounds(augment.noises, root), rate, 60.0)
    shares = NoiseShares(recorded=0.6, babble=0.0, synthetic=0.25, sum_of_two=0.15)
    pool = NoisePool(noises, [words[:1]], sample_rate=rate, generator=np.random.default_rng(0), shares=shares)
    # Words of the vocabulary, others and talk in about equal parts.
    return Sounds(words + negatives + talk * (len(words) // max(1, 2 * len(talk))), noises, pool)


def make_clip(sounds: Sounds, config: ExperimentConfig, g: np.random.Generator) -> tuple[Samples, Samples, Samples]:
    """Return a clip ``[N]``, which of its hops hold speech and how much each counts, ``[N / hop]``."""
    rate, hop = config.mel.sample_rate, config.mel.hop_length
    length = round(SECONDS * rate)
    clip, speech, weight = (
        np.zeros(length, np.float32),
        np.zeros(length // hop, np.float32),
        np.ones(length // hop, np.float32),
    )
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
            sound = _event(sounds, rate, g)
            sound = sound * np.float32(10 ** (g.uniform(-10, 10) / 20))
            weight[at // hop : at // hop + len(sound) // hop] = 2
        clip[at : at + len(sound)] += np.float32(level) * sound[: length - at]
        at += len(sound) + int(g.uniform(0.3, 1.4) * rate)
    background = g.random()
    if 0.25 <= background < 0.65:
        clip += coloured_noise(length, g.uniform(-0.5, 2), sample_rate=rate, generator=g) * np.float32(
            10 ** (g.uniform(-75, -40) / 20)
        )
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
    clips, speech, weight = (
        torch.from_numpy(np.stack(part))
        for part in zip(*(make_clip(sounds, config, g) for _ in range(size)), strict=True)
    )
    net = model.classifier
    assert isinstance(net, StringNet)
    with torch.inference_mode():
        frames = net.single_frames(model.frontend(clips)[..., : speech.shape[1]], Memory(None)).half()
    said = speech.unfold(1, FRAMES_PER_LABEL, FRAMES_PER_LABEL).sum(2) >= 2
    since = torch.zeros(len(said))
    weight = weight.unfold(1, FRAMES_PER_LABEL, FRAMES_PER_LABEL).amin(2)
    weight[said] = 1
    for number in range(said.shape[1]):
        since = (since + 1) * said[:, number]
        weight[:, number] *= torch.where(
            (since >= 1) & (since <= 2), 0.2, torch.where((since >= 3) & (since <= 6), 3.0, 1.0)
        )
    weight[:, :6] *= 0.5
    return frames, said.float(), weight


def fit(model: RecognizerModel, data: tuple[Tensor, Tensor, Tensor], *, epochs: int, seed: int) -> None:
    """Fit the unit in place: cross-entropy, of other frames mostly those that look most like speech."""
    net = model.classifier
    assert isinstance(net, StringNet)
    assert net.speech is not None
    torch.manual_seed(seed)
    frames, said, weight = data
    steps = epochs * (len(frames) // 64)
    optimizer = torch.optim.AdamW(net.speech.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.1)
    for epoch in range(epochs):
        total = 0.0
        for rows in tqdm(
            torch.randperm(len(frames))[: len(frames) // 64 * 64].view(-1, 64), desc=f"epoch {epoch + 1}", disable=None
        ):
            logits = net.speech(frames[rows].float(), Memory(None))[:, 0]
            focus = torch.where(said[rows] == 1, 1.0, logits.detach().sigmoid() + 0.1)
            loss = (
                F.binary_cross_entropy_with_logits(logits, said[rows], reduction="none") * weight[rows] * focus
            ).mean()
            other = torch.where((said[rows] == 0) & (weight[rows] > 0), logits, -20.0)
            loss = loss + 0.05 * F.softplus(other.topk(3, dim=1).values).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / (steps // epochs):.4f}", flush=True)


def main() -> None:
    """Make the clips, fit, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="checkpoint of a model of strings")
    parser.add_argument("--config", type=Path, required=True, help="training file that names the recordings")
    parser.add_argument("--out", type=Path, required=True, help="folder to write best.safetensors into")
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trained = load_checkpoint(options.model, kind="strings").model
    config = trained.config
    model = RecognizerModel(type(config)(**{**vars(config), "options": {**config.options, "speech": options.channels}}))
    model.load_state_dict(trained.state_dict(), strict=False)
    model.eval()
    options.out.mkdir(parents=True, exist_ok=True)
    made = options.out / f"clips_{options.seed}_{options.clips}.pt"
    if not made.exists():
        experiment, generator = read_experiment(options.config), np.random.default_rng(options.seed)
        sounds = read_sources(experiment, config.sample_rate)
        parts = [
            make_batch(model, sounds, experiment, 50, generator)
            for _ in tqdm(range(options.clips // 50), desc="clips", disable=None)
        ]
        torch.save(tuple(map(torch.cat, zip(*parts, strict=True))), made)
    fit(model, torch.load(made), epochs=options.epochs, seed=options.seed)
    save_checkpoint(model, options.out / "best.safetensors", calibration=trained.calibration)
    print(options.out / "best.safetensors")


if __name__ == "__main__":
    main()
