import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.augmentation.distortion import a_law, clip_peaks, filter_spectrum, mu_law, quantize
from aurora_resnet.runtime.errors import ConfigError


@pytest.mark.parametrize("codec", [mu_law, a_law])
def test_companding_keeps_about_38_db_over_a_wide_range_of_levels(codec: object) -> None:
    # The textbook figure of 8-bit companded PCM (Jayant and Noll, Digital Coding of Waveforms, 5.3): nearly constant.
    noise = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    for level_db in (-40, -30, -20):
        speech = noise * np.float32(10 ** (level_db / 20))
        error = codec(speech) - speech  # type: ignore[operator]
        assert 33 < 10 * np.log10(np.square(speech).mean() / np.square(error).mean()) < 42


@pytest.mark.parametrize("codec", [mu_law, a_law])
def test_coding_again_changes_nothing(codec: object) -> None:
    once = codec(np.linspace(-1.2, 1.2, 5001, dtype=np.float32))  # type: ignore[operator]
    np.testing.assert_allclose(codec(once), once, atol=1e-6)  # type: ignore[operator]
    assert len(np.unique(once.round(7))) <= 255


@given(bits=st.integers(2, 16))
def test_linear_pcm_errs_by_half_a_step_at_most(bits: int) -> None:
    ramp = np.linspace(-1, 1 - 2.0 ** (1 - bits), 999, dtype=np.float32)
    assert np.abs(quantize(ramp, bits) - ramp).max() <= 2.0**-bits + 1e-6
    assert np.abs(quantize(ramp, bits)).max() <= 1


def test_clipping_limits_the_peak_and_leaves_the_rest() -> None:
    speech = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    clipped, limit = clip_peaks(speech, 0.4), 0.4 * np.abs(speech).max()
    quiet = np.abs(speech) <= limit
    np.testing.assert_array_equal(clipped[quiet], speech[quiet])
    np.testing.assert_allclose(np.abs(clipped[~quiet]), limit, rtol=1e-6)


@given(frequency=st.integers(100, 3900), low_db=st.floats(-30, 10), high_db=st.floats(-30, 10))
def test_a_tone_comes_out_at_the_gain_of_its_frequency(frequency: int, low_db: float, high_db: float) -> None:
    tone = np.cos(2 * np.pi * frequency * np.arange(8000) / 8000).astype(np.float32)
    filtered = filter_spectrum(tone, [0, 4000], [low_db, high_db], 8000)
    gain_db = low_db + (high_db - low_db) * frequency / 4000
    np.testing.assert_allclose(filtered, tone * 10 ** (gain_db / 20), atol=1e-4)


def test_bad_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="share"):
        clip_peaks(np.zeros(3, np.float32), 0.0)
    with pytest.raises(ConfigError, match="bits"):
        quantize(np.zeros(3, np.float32), 1)
