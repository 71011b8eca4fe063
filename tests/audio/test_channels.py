"""The channels against the responses of the protocol's filters, measured with an impulse and with tones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import firwin, firwin2, freqz, upfirdn

from aurora_resnet.audio.channels import CHANNELS, apply_channel, g712, mirs
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError

RATE = 8000
IMPULSE_AT = 2000

G712_DB = {60: -18.0, 100: -32.8, 200: -5.6, 300: -0.5, 500: -0.1, 1000: -0.44, 2000: -0.47, 3000: -0.11,
           3400: -0.5, 3600: -5.8, 3800: -31.4}  # fmt: skip
MIRS_DB = {50: -45.6, 80: -34.8, 100: -28.1, 125: -21.0, 160: -13.5, 200: -9.6, 250: -6.6, 300: -4.8,
           400: -3.3, 500: -2.6, 630: -2.2, 800: -1.2, 1000: 0.0, 1250: 1.4, 1600: 3.2, 2000: 3.6, 2500: 5.0,
           3000: 5.7, 3150: 5.8, 3400: 4.3, 3500: 3.4, 3600: 2.6, 3800: 1.3}  # fmt: skip


def impulse_response(channel: str) -> npt.NDArray[np.float64]:
    impulse = np.zeros(2 * IMPULSE_AT + 1, dtype=np.float32)
    impulse[IMPULSE_AT] = 1
    return apply_channel(channel, impulse, RATE).astype(np.float64)


def response_db(channel: str, frequencies: list[int]) -> npt.NDArray[np.float64]:
    _, response = freqz(impulse_response(channel), worN=frequencies, fs=RATE)
    return np.asarray(20 * np.log10(np.abs(response)))


def tone(frequency: float) -> Samples:
    return (0.1 * np.sin(2 * np.pi * frequency * np.arange(2 * RATE) / RATE)).astype(np.float32)


def tone_gain_db(channel: str, frequency: float) -> float:
    """RMS out over RMS in of the middle second, a whole number of periods."""
    middle = slice(RATE // 2, RATE // 2 + RATE)
    sent, received = tone(frequency), apply_channel(channel, tone(frequency), RATE)
    return float(10 * np.log10(np.square(received[middle]).sum() / np.square(sent[middle]).sum()))


def test_g712_has_the_response_of_the_protocol() -> None:
    np.testing.assert_allclose(response_db("g712", list(G712_DB)), list(G712_DB.values()), atol=0.1)


@pytest.mark.parametrize("frequency", [100, 300, 1000, 3600])
def test_g712_on_tones(frequency: int) -> None:
    assert tone_gain_db("g712", frequency) == pytest.approx(G712_DB[frequency], abs=0.1)


def test_mirs_has_the_response_of_the_protocol() -> None:
    frequencies = np.array(list(MIRS_DB))
    error_db = response_db("mirs", list(MIRS_DB)) - response_db("mirs", [1000]) - np.array(list(MIRS_DB.values()))
    inside = (frequencies >= 200) & (frequencies <= 3400)
    assert np.abs(error_db[inside]).max() < 0.5
    assert np.abs(error_db[~inside]).max() < 3.0


@pytest.mark.parametrize("frequency", [80, 200, 1000, 3150, 3800])
def test_mirs_on_tones(frequency: int) -> None:
    assert tone_gain_db("mirs", frequency) == pytest.approx(MIRS_DB[frequency] - 3.7, abs=0.5)


def test_mirs_does_not_ripple_between_the_given_points() -> None:
    frequencies = list(range(200, 3401, 7))
    between = np.interp(np.log(frequencies), np.log(list(MIRS_DB)), list(MIRS_DB.values())) - 3.7
    np.testing.assert_allclose(response_db("mirs", frequencies), between, atol=0.5)
    assert response_db("mirs", list(range(3400, 4001, 10))).max() < 3
    assert response_db("mirs", list(range(0, 50, 2))).max() < -40


def test_mirs_has_no_delay_and_a_linear_phase() -> None:
    response = impulse_response("mirs")
    assert np.abs(response).argmax() == IMPULSE_AT
    np.testing.assert_allclose(response, response[::-1], atol=1e-7)


def test_mirs_equals_a_filter_at_16_khz_between_doubling_and_halving_the_rate() -> None:
    """The protocol's chain built from its parts, on noise of the telephone band."""
    frequencies = np.arange(0, 8001, 4)
    wanted_db = np.interp(np.log(np.maximum(frequencies, 1)), np.log(list(MIRS_DB)), list(MIRS_DB.values())) - 3.7
    at_16_khz = firwin2(2049, frequencies, 10 ** (wanted_db / 20), fs=2 * RATE)
    half_band = firwin(801, RATE / 2, window=("kaiser", 8.0), fs=2 * RATE)
    noise = np.random.default_rng(3).standard_normal(2 * RATE)
    band = firwin(401, [250, 3300], pass_zero=False, fs=RATE)
    sound = np.convolve(noise, band, mode="same").astype(np.float32)
    whole = np.convolve(np.convolve(2 * half_band, at_16_khz), half_band)
    delay = (whole.size - 1) // 2
    filtered = upfirdn(whole, sound, up=2)[delay : delay + 2 * sound.size]
    expected = filtered[::2]
    error = mirs(sound, RATE) - expected
    assert 10 * np.log10(np.square(error).mean() / np.square(expected).mean()) < -35


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("samples", [1, 7, 160, 161, 1000])
def test_length_type_and_input_are_kept(channel: str, samples: int) -> None:
    sound = np.random.default_rng(samples).standard_normal(samples, dtype=np.float32)
    sound.flags.writeable = False
    before = sound.copy()
    received = apply_channel(channel, sound, RATE)
    assert received.shape == sound.shape
    assert received.dtype == np.float32
    np.testing.assert_array_equal(sound, before)
    assert not np.shares_memory(received, sound)


def test_a_short_sound_is_filtered_as_if_silence_stood_around_it() -> None:
    sound = np.random.default_rng(5).standard_normal(40).astype(np.float32)
    padded = np.concatenate([np.zeros(500, np.float32), sound, np.zeros(500, np.float32)])
    for channel in ("g712", "mirs"):
        np.testing.assert_allclose(
            apply_channel(channel, sound, RATE), apply_channel(channel, padded, RATE)[500:540], atol=1e-6
        )


def test_channel_none_changes_nothing_at_any_rate() -> None:
    sound = tone(440)
    np.testing.assert_array_equal(apply_channel("none", sound, 44_100), sound)


@pytest.mark.parametrize("channel", [g712, mirs])
def test_another_rate_is_refused(channel) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AudioError, match="defined at 8000 Hz, the samples have 16000 Hz; resample them first"):
        channel(tone(440), 16_000)


def test_an_unknown_channel_is_refused_with_a_hint() -> None:
    with pytest.raises(
        ConfigError, match=r"'mris' is not a channel \(did you mean 'mirs'\?\); known: none, g712, mirs"
    ):
        apply_channel("mris", tone(440), RATE)


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_samples_are_refused(channel: str) -> None:
    with pytest.raises(AudioError, match=f"channel {channel}: expected at least one sample"):
        apply_channel(channel, np.zeros(0, dtype=np.float32), RATE)
