from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import welch

from aurora_resnet.augmentation.synthetic_noise import burst, call, coloured_noise, hum, knocks, modulate, tones
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

RATE = 8000
MAKERS: dict[str, Callable[[np.random.Generator], Samples]] = {
    "call": lambda g: call(RATE, sample_rate=RATE, generator=g),
    "coloured": lambda g: coloured_noise(RATE, 1.0, sample_rate=RATE, generator=g),
    "hum": lambda g: hum(RATE, 60.0, sample_rate=RATE, generator=g),
    "knocks": lambda g: knocks(RATE, 4.0, sample_rate=RATE, generator=g),
    "tones": lambda g: tones(RATE, [697.0, 1209.0], [1.0, 1.0], sample_rate=RATE, generator=g),
    "modulated": lambda g: modulate(g.standard_normal(RATE).astype(np.float32), 4, 1, sample_rate=RATE, generator=g),
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_noise_has_an_rms_of_one_and_follows_from_its_generator(name: str) -> None:
    first, again, other = (MAKERS[name](np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.square(first.astype(float)).mean() == pytest.approx(1, abs=1e-4)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def periodicity(sound: Samples) -> float:
    """The largest correlation of 40 ms with what comes one period of 70 to 1400 Hz later, the median of 20 places."""
    lags, length, found = range(RATE // 1400, RATE // 70), RATE // 25, []
    for frame in np.split(sound.astype(float), 20):
        pairs = ((frame[: length - lag], frame[lag:length]) for lag in lags)
        found.append(max(float(a @ b / np.sqrt((a @ a) * (b @ b))) for a, b in pairs))
    return float(np.median(found))


def test_calls_are_periodic() -> None:
    calls = [periodicity(call(RATE, sample_rate=RATE, generator=np.random.default_rng(seed))) for seed in range(20)]
    assert np.median(calls) > 0.75
    assert min(calls) > 0.4  # the breathiest
    assert periodicity(coloured_noise(RATE, 0, sample_rate=RATE, generator=np.random.default_rng(0))) < 0.2


@given(seed=st.integers(0, 200))
def test_a_burst_is_as_long_as_a_word_and_far_louder_than_what_lies_around_it(seed: int) -> None:
    steady = coloured_noise(RATE, 0.0, sample_rate=RATE, generator=np.random.default_rng(0))
    first, again = (burst(steady, sample_rate=RATE, generator=np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    drawn = np.random.default_rng(seed).uniform(0.12, 0.8)
    energies = np.concatenate(([0.0], np.cumsum(np.square(first.astype(float)))))
    length = int(drawn * RATE)
    strongest = (energies[length:] - energies[:-length]).max()
    assert strongest / length == pytest.approx(1, abs=0.25)  # softer noise adds at most -8 dB
    assert (energies[-1] - strongest) / RATE < 10**-0.8


@given(slope=st.floats(-1, 2.5), seed=st.integers(0, 20))
def test_the_power_density_falls_with_the_slope(slope: float, seed: int) -> None:
    noise = coloured_noise(80_000, slope, sample_rate=RATE, generator=np.random.default_rng(seed))
    frequencies, density = welch(noise, RATE, nperseg=1024)
    inside = (frequencies > 100) & (frequencies < 3500)
    fitted = np.polyfit(np.log(frequencies[inside]), np.log(density[inside]), 1)[0]
    assert fitted == pytest.approx(-slope, abs=0.15)


def test_modulation_of_depth_zero_changes_nothing() -> None:
    noise = coloured_noise(RATE, 0.0, sample_rate=RATE, generator=np.random.default_rng(0))
    same = modulate(noise, 5, 0, sample_rate=RATE, generator=np.random.default_rng(1))
    np.testing.assert_allclose(same, noise, rtol=1e-4)


def test_a_key_of_the_telephone_is_two_tones() -> None:
    spectrum = np.abs(np.fft.rfft(MAKERS["tones"](np.random.default_rng(0))))
    assert sorted(np.argsort(spectrum)[-2:]) == [697, 1209]


def test_bad_modulation_is_refused() -> None:
    with pytest.raises(ConfigError, match="depth"):
        modulate(np.ones(10, np.float32), 1.0, 1.5, sample_rate=RATE, generator=np.random.default_rng(0))
