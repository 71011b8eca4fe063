"""A long recording without a word that the model knows: other words and noises over a quiet bed of noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aurora_resnet.corpora.checking import check_folder, is_recording
from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from tools.shipped.sets import is_reject_test

PAUSE_SECONDS = (0.3, 1.0)
BED_DB = -70.0


@dataclass(frozen=True)
class Sound:
    """One recording of the hour."""

    kind: str
    path: Path


def choose_sounds(data: Path, generator: np.random.Generator) -> list[Sound]:
    """Return all recordings of the hour in random order.

    They are the words of the reject test of ``tools.shipped``, and recorded noise: Speech Commands' background and
    ESC-10, which trainings may hear, and NOIZEUS and nonspeech100, which none does.
    """
    words = read_speech_commands(data / "speech_commands_other" / "words").filter(is_reject_test)
    sounds = [Sound("other words", utterance.path) for utterance in words]
    folders = {
        "Speech Commands background": "speech_commands_other/background",
        "ESC-10": "noise/esc10",
        "nonspeech100": "noise/nonspeech100",
        "NOIZEUS": "noise/noizeus",
    }
    for kind, folder in folders.items():
        paths = sorted(check_folder(data / folder, kind).rglob("*"))
        sounds += [Sound(kind, path) for path in paths if is_recording(path)]
    return [sounds[number] for number in generator.permutation(len(sounds))]


def play(sounds: list[Sound], sample_rate: int, generator: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """Yield each sound at the rate with its kind, and the pause after it, which counts as its own; without end."""
    while True:
        for sound in sounds:
            recording = read_clip(sound.path, sample_rate, float("inf"))
            pause = round(generator.uniform(*PAUSE_SECONDS) * sample_rate)
            padded = np.pad(recording, (0, pause))
            bed = 10 ** (BED_DB / 20) * generator.standard_normal(len(padded))
            yield sound.kind, padded + bed.astype(np.float32)
