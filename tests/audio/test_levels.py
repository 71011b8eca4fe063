"""The levels against formulae, and P.56 against a reading of its text one sample at a time."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.audio.levels import LOWEST_LEVEL_DB, active_speech_level, rms_level_db
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError

RATE = 8000
FSDD = Path(__file__).parents[2] / "../shared/data/fsdd/recordings"


def tone(seconds: float, amplitude: float = 0.1, rate: int = RATE, frequency: float = 440.0) -> Samples:
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def spoken(seed: int, seconds: float = 3.0) -> Samples:
    """Syllables of noise, 0.1 to 0.35 s, of random loudness, some followed by a pause, over a faint floor."""
    generator = np.random.default_rng(seed)
    samples = round(seconds * RATE)
    envelope = np.full(samples + RATE, 0.0005)
    start = 0
    while start < samples:
        length = int(generator.integers(800, 2800))
        envelope[start : start + length] += generator.uniform(0.03, 0.3) * np.hanning(length)
        start += length + int(generator.choice([0, 0, 400, 6000]))
    return (envelope[:samples] * generator.standard_normal(samples)).astype(np.float32)


def p56_text(samples: Samples, rate: int) -> tuple[float, float]:
    """ITU-T P.56, method B, as written: counters per threshold, then bisection. Level in dB and activity."""
    g = math.exp(-1 / (rate * 0.03))
    hangover = math.floor(rate * 0.2 + 0.5)
    thresholds = [2.0**-15 * 2**j for j in range(15)]
    active, waited = [0] * 15, [hangover] * 15
    p = q = energy = 0.0
    for x in samples.astype(float).tolist():
        energy += x * x
        p = g * p + (1 - g) * abs(x)
        q = g * q + (1 - g) * p
        for j, threshold in enumerate(thresholds):
            if q >= threshold:
                active[j] += 1
                waited[j] = 0
            elif waited[j] < hangover:
                active[j] += 1
                waited[j] += 1
    points = [(10 * math.log10(energy / a), 20 * math.log10(c)) for a, c in zip(active, thresholds, strict=True) if a]
    j = next(j for j, (level, threshold) in enumerate(points) if level - threshold <= 15.9)
    (low_level, low_threshold), (high_level, high_threshold) = points[j - 1], points[j]
    for _ in range(60):
        level, threshold = (low_level + high_level) / 2, (low_threshold + high_threshold) / 2
        if level - threshold > 15.9:
            low_level, low_threshold = level, threshold
        else:
            high_level, high_threshold = level, threshold
    return low_level, energy / len(samples) / 10 ** (low_level / 10)


def check_against_text(samples: Samples, rate: int) -> None:
    measured = active_speech_level(samples, rate)
    level_db, activity = p56_text(samples, rate)
    assert measured.level_db == pytest.approx(level_db, abs=1e-6)
    assert measured.activity_factor == pytest.approx(activity, abs=1e-6)


def test_rms_of_a_constant_and_of_a_tone() -> None:
    assert rms_level_db(np.full(100, -0.5, dtype=np.float32)) == pytest.approx(20 * math.log10(0.5))
    assert rms_level_db(tone(1.0, 0.1)) == pytest.approx(-20 - 10 * math.log10(2), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_active_level_agrees_with_the_text(seed: int) -> None:
    check_against_text(spoken(seed), RATE)


def test_active_level_agrees_with_the_text_at_another_rate() -> None:
    check_against_text(spoken(9, 1.0), 11_025)


@pytest.mark.shared
@pytest.mark.skipif(not FSDD.is_dir(), reason="needs the FSDD recordings in ../shared/data/fsdd")
@pytest.mark.parametrize("name", ["7_theo_5", "0_jackson_8", "3_yweweler_11", "6_nicolas_20"])
def test_active_level_of_real_digits_agrees_with_the_text(name: str) -> None:
    samples, rate = read_audio(FSDD / f"{name}.wav")
    check_against_text(samples, rate)
    pause = np.zeros(rate // 2, dtype=np.float32)
    check_against_text(np.concatenate([pause, samples, pause]), rate)


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_tone_is_active_all_the_time(rate: int) -> None:
    measured = active_speech_level(tone(4.0, rate=rate), rate)
    assert measured.rms_level_db == pytest.approx(-23.01, abs=0.01)
    assert measured.level_db == pytest.approx(measured.rms_level_db, abs=0.1)
    assert 0.98 < measured.activity_factor <= 1.0


def test_half_silence_halves_the_activity() -> None:
    measured = active_speech_level(np.concatenate([tone(4.0), silence(4.0)]), RATE)
    assert measured.rms_level_db == pytest.approx(-26.02, abs=0.01)
    assert measured.level_db == pytest.approx(-23.01, abs=0.5)
    # the hangover (0.2 s) and the decay of the envelope by about the margin (0.1 s) count as active
    assert measured.activity_factor == pytest.approx(0.5 + 0.3 / 8, abs=0.01)


def test_the_hangover_bridges_short_pauses_only() -> None:
    def activity(pause: float) -> float:
        return active_speech_level(np.concatenate([tone(0.5), silence(pause)] * 6), RATE).activity_factor

    assert activity(0.2) > 0.97
    assert activity(1.0) == pytest.approx(0.8 / 1.5, abs=0.02)


def test_appended_silence_moves_the_rms_level_only() -> None:
    sound = np.concatenate([tone(3.0, 0.3), spoken(1)])
    longer = np.concatenate([sound, np.zeros_like(sound)])
    before, after = active_speech_level(sound, RATE), active_speech_level(longer, RATE)
    assert before.rms_level_db - after.rms_level_db == pytest.approx(10 * math.log10(2), abs=1e-6)
    assert after.level_db == pytest.approx(before.level_db, abs=0.3)


@given(seed=st.integers(0, 20), gain_db=st.floats(-40, 15))
def test_gain_moves_the_levels_by_as_much(seed: int, gain_db: float) -> None:
    sound = spoken(seed)
    before = active_speech_level(sound, RATE)
    after = active_speech_level((sound * 10 ** (gain_db / 20)).astype(np.float32), RATE)
    assert after.rms_level_db - before.rms_level_db == pytest.approx(gain_db, abs=1e-4)
    # the curve is straightened between thresholds 6 dB apart, which costs the exactness
    assert after.level_db - before.level_db == pytest.approx(gain_db, abs=0.5)


@settings(max_examples=20)
@given(seed=st.integers(0, 20), steps=st.integers(-5, 2))
def test_a_power_of_two_moves_the_active_level_exactly(seed: int, steps: int) -> None:
    sound = spoken(seed)
    shift = (
        active_speech_level(sound * np.float32(2.0**steps), RATE).level_db - active_speech_level(sound, RATE).level_db
    )
    assert shift == pytest.approx(20 * steps * math.log10(2), abs=1e-9)


@given(seed=st.integers(0, 1000), samples=st.integers(80, 12_000))
def test_levels_and_activity_fit_together_at_any_length(seed: int, samples: int) -> None:
    measured = active_speech_level(spoken(seed)[:samples] + np.float32(0.01), RATE)
    assert 0 < measured.activity_factor <= 1
    assert measured.level_db + 10 * math.log10(measured.activity_factor) == pytest.approx(measured.rms_level_db)


def test_a_click_counts_as_active_while_the_envelope_is_above_the_lowest_threshold() -> None:
    click = silence(2.0)
    click[800] = 1.0
    # q[n] = (1-g)^2 (n+1) g^n after the click, and the hangover
    n = np.arange(RATE)
    g = math.exp(-1 / 240)
    active = np.flatnonzero((1 - g) ** 2 * (n + 1) * g**n >= 2.0**-15)
    expected = (active[-1] - active[0] + 1 + 1600) / click.size
    assert active_speech_level(click, RATE).activity_factor == pytest.approx(expected, abs=1e-9)


def test_the_input_is_untouched() -> None:
    sound = spoken(3)
    sound.flags.writeable = False
    before = sound.copy()
    active_speech_level(sound, RATE)
    np.testing.assert_array_equal(sound, before)


@pytest.mark.parametrize("measure", [rms_level_db, lambda samples: active_speech_level(samples, RATE)])
def test_silence_has_no_level(measure) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AudioError, match=r"silent \(all 800 samples are zero\).*leave it out"):
        measure(silence(0.1))
    with pytest.raises(AudioError, match="at least one sample"):
        measure(silence(0.0))


def test_speech_below_the_lowest_threshold_is_refused_and_above_it_measured() -> None:
    quiet = tone(2.0, 10 ** ((LOWEST_LEVEL_DB + 3.01 - 0.3) / 20))
    with pytest.raises(
        AudioError, match=r"expected more than -74 dB.*RMS level of -75 dB over 2.000 s; raise its gain"
    ):
        active_speech_level(quiet, RATE)
    assert active_speech_level(quiet * np.float32(1.2), RATE).level_db == pytest.approx(-73.1, abs=0.2)


def test_speech_too_short_for_the_envelope_is_refused() -> None:
    with pytest.raises(AudioError, match=r"no active speech.*over 0.000 s"):
        active_speech_level(np.array([0.5], dtype=np.float32), RATE)


@pytest.mark.shared
@pytest.mark.skipif(not FSDD.is_dir(), reason="needs the FSDD recordings in ../shared/data/fsdd")
@pytest.mark.parametrize("name", ["7_theo_5", "0_jackson_8", "3_yweweler_11", "6_nicolas_20"])
def test_gain_moves_the_level_of_real_digits_by_as_much(name: str) -> None:
    samples, rate = read_audio(FSDD / f"{name}.wav")
    before = active_speech_level(samples, rate).level_db
    for gain_db in (-17.0, -8.0, -3.0, 4.0):
        after = active_speech_level((samples * 10 ** (gain_db / 20)).astype(np.float32), rate).level_db
        assert after - before == pytest.approx(gain_db, abs=0.3)
