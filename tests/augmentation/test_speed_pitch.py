import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.augmentation.speed_pitch import change_pitch, change_speed, change_tempo, draw_factor
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError


def tone(frequency: float, samples: int = 8000) -> Samples:
    return np.sin(2 * np.pi * frequency * np.arange(samples) / 8000).astype(np.float32)


def loudest_frequency(samples: Samples) -> float:
    inner = samples[500:-500] * np.hanning(len(samples) - 1000)
    return float(np.argmax(np.abs(np.fft.rfft(inner, 1 << 17)))) * 8000 / (1 << 17)


@settings(max_examples=15)
@given(factor=st.floats(0.6, 1.6), frequency=st.floats(300, 1500))
def test_speed_changes_duration_and_pitch_alike(factor: float, frequency: float) -> None:
    fast = change_speed(tone(frequency), factor)
    assert len(fast) == round(8000 / factor)
    # duration times pitch is the number of periods, which stays
    assert loudest_frequency(fast) * len(fast) == pytest.approx(frequency * 8000, rel=0.005)
    assert np.square(fast[500:-500]).mean() == pytest.approx(0.5, rel=0.01)  # as loud as before


@settings(max_examples=15)
@given(factor=st.floats(0.6, 1.6), frequency=st.floats(300, 1500))
def test_tempo_changes_the_duration_alone(factor: float, frequency: float) -> None:
    fast = change_tempo(tone(frequency), factor)
    assert len(fast) == round(8000 / factor)
    assert loudest_frequency(fast) == pytest.approx(frequency, rel=0.01)
    assert np.square(fast[500:-500]).mean() == pytest.approx(0.5, rel=0.3)


@settings(max_examples=15)
@given(factor=st.floats(0.75, 1.3), frequency=st.floats(300, 1500))
def test_pitch_changes_the_pitch_alone(factor: float, frequency: float) -> None:
    high = change_pitch(tone(frequency), factor)
    assert len(high) == pytest.approx(8000, abs=1)
    assert loudest_frequency(high) == pytest.approx(frequency * factor, rel=0.03)


def test_what_would_fold_back_is_filtered_out() -> None:
    high = change_speed(tone(3500), 1.5)  # 5250 Hz, above half the rate
    assert np.abs(high[200:-200]).max() < 1e-3


@given(low=st.floats(0.5, 2), width=st.floats(0, 0.5), seed=st.integers(0, 1000))
def test_a_drawn_factor_is_in_range_and_a_hundredth_or_an_end(low: float, width: float, seed: int) -> None:
    factor = draw_factor(low, low + width, np.random.default_rng(seed))
    assert low <= factor <= low + width
    assert factor == round(factor, 2) or factor in (low, low + width)


def test_factors_are_drawn_evenly() -> None:
    generator = np.random.default_rng(0)
    drawn = [draw_factor(0.8, 1.2, generator) for _ in range(4000)]
    assert len(set(drawn)) == 41
    assert np.mean(drawn) == pytest.approx(1.0, abs=0.01)  # five standard deviations
    assert np.std(drawn) == pytest.approx(0.4 / np.sqrt(12), abs=0.005)


def test_an_unchanged_tempo_gives_the_sound_back() -> None:
    sound = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    np.testing.assert_allclose(change_tempo(sound, 1.0)[300:-300], sound[300:-300], atol=1e-4)


@pytest.mark.parametrize("change", [change_speed, change_tempo])
@pytest.mark.parametrize("samples", [1, 60, 500])
def test_short_sounds_work(change: object, samples: int) -> None:
    assert len(change(tone(500, samples), 1.3)) >= 1  # type: ignore[operator]


@pytest.mark.parametrize("change", [change_speed, change_tempo])
def test_a_factor_out_of_range_is_refused(change: object) -> None:
    with pytest.raises(ConfigError, match=r"0\.5\.\.2"):
        change(tone(500), 2.5)  # type: ignore[operator]
