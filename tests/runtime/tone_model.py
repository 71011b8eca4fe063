"""A sequence model whose answers can be told beforehand: each word and other speech is a tone, in noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.models.strings import Probabilities, SequenceFacts, SequenceModel
from aurora_resnet.runtime.vocabulary import DIGITS

RATE, STEP = 8000, 320
#: A word that is no digit: other speech.
OTHER = "forty"
SAID = (*DIGITS, OTHER)
TONES_HZ = [300 + 200 * word for word in range(len(SAID))]
WORD_SECONDS = 0.28
NOISE = np.random.default_rng(0).standard_normal(RATE)


class ToneModel(SequenceModel):
    """Word ``k`` is where the tone ``TONES_HZ[k]`` is the strongest, the last is other speech; the state is the step
    before."""

    def __init__(self, certainty: float = 0.9995, *, threshold: float | None = 0.5, other_weight: float = 1.0) -> None:
        calibration = Calibration(threshold=threshold, other_weight=other_weight)
        self.facts = SequenceFacts("tones", DIGITS, calibration, RATE, STEP, STEP)
        self.certainty = certainty
        self.calls = 0

    def step(self, samples: Samples, state: Samples) -> tuple[Probabilities, Samples]:
        self.calls += 1
        both = np.concatenate((state, samples), axis=1)
        angles = 2 * np.pi * np.outer(TONES_HZ, np.arange(STEP)) / RATE
        kernels = np.exp(-1j * angles) / STEP
        count = samples.shape[1] // STEP
        shares = np.full((len(samples), count, len(SAID) + 1), (1 - self.certainty) / len(SAID), np.float32)
        for row in range(len(samples)):
            for number in range(count):
                # A word is heard as long as it fills the step before and this one alike.
                steps = both[row, number * STEP : (number + 2) * STEP].reshape(2, STEP)
                strengths = np.abs(kernels @ steps.T).min(axis=1)
                heard = int(strengths.argmax()) if strengths.max() > 0.02 else len(SAID)
                shares[row, number, heard] = self.certainty
        return shares, both[:, -STEP:]


def spoken(
    words: Sequence[str], pause_seconds: float = 0.2, before_seconds: float = 0.4, after_seconds: float = 0.4
) -> Samples:
    """Words, with pauses."""
    pause = np.zeros(round(pause_seconds * RATE), np.float32)
    time = np.arange(round(WORD_SECONDS * RATE)) / RATE
    parts = [np.zeros(round(before_seconds * RATE), np.float32)]
    for word in words:
        tone = 0.2 * np.sin(2 * np.pi * TONES_HZ[SAID.index(word)] * time)
        parts += [(tone + 0.05 * NOISE[: len(time)]).astype(np.float32), pause]
    return np.concatenate([*parts, np.zeros(round(after_seconds * RATE), np.float32)])
