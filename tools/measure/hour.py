"""A long recording without a word that the model knows: other words and noises over a quiet bed of noise."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from aurora_resnet.corpora.sources.speech_commands import read_speech_commands
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.training.data import SoundFiles
from aurora_resnet.training.sounds import find_sounds
from tools.measure.sounds import is_reject_test

RATE = 8000
SEED = 0
PAUSE_SECONDS = (0.3, 1.0)
BED_DB = -70.0
#: Recorded noise; trainings may contain the first two of them.
NOISES = {
    "Speech Commands background": "speech_commands_other/background",
    "ESC-10": "noise/esc10",
    "nonspeech100": "noise/nonspeech100",
    "NOIZEUS": "noise/noizeus",
}


#: A recording, and its kind.
Sound = tuple[str, Path]


def choose_sounds(data: Path, generator: np.random.Generator) -> list[Sound]:
    """Return all recordings of the hour in random order: the words of the reject test, and recorded noise."""
    words = read_speech_commands(data / "speech_commands_other" / "words").filter(is_reject_test)
    sounds = [("other words", utterance.path) for utterance in words]
    for kind, folder in NOISES.items():
        sounds += [(kind, path) for path in find_sounds([SoundFiles(folder)], data)]
    return [sounds[number] for number in generator.permutation(len(sounds))]


def play(sounds: list[Sound], seconds: float, generator: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """Yield sounds at 8 kHz with their kind, and the pause after each as a part of it.

    They begin anew when all were played, and end with the first one that reaches ``seconds``.
    """
    played = 0
    while True:
        for kind, path in sounds:
            recording = read_clip(path, RATE, math.inf)
            pause = round(generator.uniform(*PAUSE_SECONDS) * RATE)
            padded = np.pad(recording, (0, pause))
            bed = 10 ** (BED_DB / 20) * generator.standard_normal(len(padded))
            yield kind, padded + bed.astype(np.float32)
            played += len(padded)
            if played >= seconds * RATE:
                return
