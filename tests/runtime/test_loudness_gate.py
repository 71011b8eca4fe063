"""``LoudnessGate`` on signals whose power is known."""

from __future__ import annotations

import numpy as np
import pytest

from aurora_resnet.runtime.streaming.loudness_gate import LoudnessGate

STEP = 320


def loud_steps(amplitudes: list[float], gate: LoudnessGate) -> list[bool]:
    return [gate.is_loud(np.full(STEP, amplitude, np.float32)) for amplitude in amplitudes]


@pytest.mark.parametrize("noise", [1e-4, 1e-3, 1e-2])
def test_ten_db_above_the_noise_is_loud_at_any_level(noise: float) -> None:
    gate = LoudnessGate(margin_db=10, memory=50, head=5)
    loud = loud_steps([noise] * 10 + [3.1 * noise, 3.2 * noise] + [noise], gate)  # 9.8 dB and 10.1 dB
    assert loud == [True] * 5 + [False] * 6 + [True, False]


def test_speech_from_the_first_sample_on_is_loud() -> None:
    assert all(loud_steps([0.1, 0.2, 0.1], LoudnessGate(10, 50, 5)))


def test_steady_noise_that_begins_is_no_longer_loud_when_the_memory_is_full() -> None:
    loud = loud_steps([1e-4] * 10 + [1e-2] * 30, LoudnessGate(10, memory=20, head=1))
    assert loud[10:] == [True] * 19 + [False] * 11


def test_zeros_and_dither_are_never_loud() -> None:
    gate = LoudnessGate(0, 50, 50)
    dither = np.random.default_rng(0).integers(-1, 1, STEP, endpoint=True) * np.float32(2**-15)
    assert not gate.is_loud(np.zeros(STEP, np.float32))
    assert not gate.is_loud(dither.astype(np.float32))
