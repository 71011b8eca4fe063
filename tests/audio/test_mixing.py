"""The mixer: the SNR is measured again from what came out, with filters built here."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from aurora_resnet.audio.channels import CHANNELS, mirs
from aurora_resnet.audio.levels import active_speech_level
from aurora_resnet.audio.mixing import MixRecord, active_snr_gain, mean_snr_gain, mix_at_snr, mix_drawn_noise
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError

RATE = 8000
Wide = npt.NDArray[np.float64]
DATA = Path(__file__).parents[2] / "../shared/data"

G712_NUMERATOR = 0.695296250 * np.polymul([1, 1.97140840, 1], [1, -1.99301310, 1])
G712_DENOMINATOR = np.polymul([1, 1.56814950, 0.690445310], [1, -1.79704400, 0.830129300])


def band(samples: npt.NDArray[np.floating]) -> Wide:
    """G.712 once more, as one filter of fourth order."""
    return np.asarray(lfilter(G712_NUMERATOR, G712_DENOMINATOR, samples.astype(np.float64)))


def speech_like(seed: int, samples: int, level: float = 0.1) -> Samples:
    """Noise of the telephone band in bursts of 50 to 400 ms with pauses between."""
    generator = np.random.default_rng(seed)
    gains = np.repeat(generator.choice([0.001, 0.3, 1.0], size=samples // 400 + 1), generator.integers(400, 3200))
    gains[:400] = 1.0
    return (level * gains[:samples] * generator.standard_normal(samples)).astype(np.float32)


def noise_like(seed: int, samples: int, level: float = 0.1) -> Samples:
    return (level * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def mix(
    speech: Samples,
    noise: Samples,
    snr_db: float,
    *,
    seed: int = 0,
    channel: str = "g712",
    offset: int | None = None,
) -> tuple[Samples, MixRecord]:
    generator = np.random.default_rng(seed)
    return mix_at_snr(speech, noise, snr_db, sample_rate=RATE, generator=generator, channel=channel, offset=offset)


def level_db(samples: npt.NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def looped(noise: Samples, samples: int) -> Samples:
    """The noise over and over, with one whole turn more at the front for filters to settle."""
    return np.tile(noise, 3 + (samples + RATE) // noise.size + RATE // noise.size)


@given(
    seed=st.integers(0, 10_000),
    speech_samples=st.integers(100, 20_000),
    noise_samples=st.integers(20, 30_000),
    speech_level=st.floats(0.01, 1.0),
    noise_level=st.floats(0.001, 1.0),
    snr_db=st.floats(-20, 50),
)
def test_the_snr_measured_afterwards_is_the_one_asked_for(
    seed: int, speech_samples: int, noise_samples: int, speech_level: float, noise_level: float, snr_db: float
) -> None:
    speech = speech_like(seed, speech_samples, speech_level)
    mixture, record = mix(speech, noise_like(seed + 1, noise_samples, noise_level), snr_db, seed=seed)
    sent = band(speech)
    added = mixture * (record.peak if record.overload else 1.0) - sent
    speech_db = active_speech_level(sent.astype(np.float32), RATE).level_db
    assert speech_db - level_db(added) == pytest.approx(snr_db, abs=0.05)


@given(
    channel=st.sampled_from(sorted(CHANNELS)),
    seed=st.integers(0, 10_000),
    noise_samples=st.integers(500, 30_000),
    offset=st.integers(0, 499),
    snr_db=st.floats(-10, 30),
)
def test_the_noise_added_is_a_stretch_of_the_filtered_noise(
    channel: str, seed: int, noise_samples: int, offset: int, snr_db: float
) -> None:
    """Filter the whole (looped) noise, then cut; the levels are those of the G.712 band in every channel."""
    speech, noise = speech_like(seed, 6000), noise_like(seed + 1, noise_samples)
    mixture, record = mix(speech, noise, snr_db, channel=channel, offset=offset)
    turns = looped(noise, speech.size)
    start = offset + math.ceil(RATE / 4 / noise.size) * noise.size
    segment = CHANNELS[channel](turns, RATE)[start : start + speech.size]
    segment_db = level_db(band(turns)[start : start + speech.size])
    speech_db = active_speech_level(band(speech).astype(np.float32), RATE).level_db
    gain = 10 ** ((speech_db - snr_db - segment_db) / 20)
    expected = CHANNELS[channel](speech, RATE) + gain * segment
    expected /= max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(mixture, expected, atol=2e-5)
    assert record.noise_level_db == pytest.approx(segment_db, abs=1e-3)
    assert record.gain_db == pytest.approx(20 * math.log10(gain), abs=1e-3)


def test_the_levels_of_tones_are_those_of_the_g712_band() -> None:
    """A tone speaks all the time, so its active level is its RMS level; G.712 takes 0.44 dB off 1 kHz."""
    time = np.arange(4 * RATE) / RATE
    speech = (0.1 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    noise = (0.5 * np.sin(2 * np.pi * 2000 * time) + 0.3 * np.sin(2 * np.pi * 100 * time)).astype(np.float32)
    mixture, record = mix(speech, noise, 20.0, channel="none", offset=0)
    assert record.speech_level_db == pytest.approx(-23.01 - 0.44, abs=0.1)
    assert record.noise_level_db == pytest.approx(20 * math.log10(0.5) - 3.01 - 0.47, abs=0.1)  # 100 Hz is blocked
    spectrum = 2 * np.abs(np.fft.rfft(mixture)) / mixture.size
    at_1000, at_2000, at_100 = (spectrum[4 * frequency] for frequency in (1000, 2000, 100))
    assert at_1000 == pytest.approx(0.1, rel=1e-3)
    assert 20 * math.log10(at_1000 / at_2000) == pytest.approx(20 + 0.44 - 0.47, abs=0.1)
    assert at_100 / at_2000 == pytest.approx(0.6, rel=1e-3)  # the real noise passed no filter


def test_speech_is_measured_without_its_pauses_and_noise_with_them() -> None:
    speech, noise = speech_like(1, 48_000), noise_like(2, 100_000)
    longer = np.concatenate([speech, np.zeros(40_000, np.float32)])
    assert mix(longer, noise, 10, offset=0)[1].speech_level_db == pytest.approx(
        mix(speech, noise, 10, offset=0)[1].speech_level_db, abs=0.4
    )
    half = np.concatenate([noise[:8000], np.zeros(8000, np.float32)])
    difference = (
        mix(speech, noise[:8000], 10, offset=0)[1].noise_level_db - mix(speech, half, 10, offset=0)[1].noise_level_db
    )
    assert difference == pytest.approx(10 * math.log10(2), abs=0.05)


def test_an_overload_is_divided_by_its_peak_and_recorded() -> None:
    speech, noise = speech_like(1, 8000, 0.3), noise_like(2, 9000)
    loud, record = mix(speech, noise, -5, offset=10)
    assert record.overload
    assert record.peak > 1
    assert np.abs(loud).max() == pytest.approx(1.0, abs=1e-6)
    quiet, quiet_record = mix(speech * np.float32(2**-6), noise, -5, offset=10)
    assert not quiet_record.overload
    assert np.abs(quiet).max() == pytest.approx(quiet_record.peak, rel=1e-6)
    np.testing.assert_allclose(loud * record.peak, quiet * 2**6, atol=1e-5)


def test_the_same_generator_gives_the_same_bytes_and_moves_on() -> None:
    speech, noise = speech_like(1, 8000), noise_like(2, 80_000)
    first, record = mix(speech, noise, 10, seed=5)
    again, same = mix(speech, noise, 10, seed=5)
    assert first.tobytes() == again.tobytes()
    assert record == same
    generator = np.random.default_rng(5)
    offsets = {mix_at_snr(speech, noise, 10, sample_rate=RATE, generator=generator)[1].offset for _ in range(5)}
    assert len(offsets) == 5
    assert record.offset in offsets


def test_a_given_offset_draws_nothing_and_repeats_the_drawn_mixture() -> None:
    speech, noise = speech_like(1, 8000), noise_like(2, 80_000)
    drawn, record = mix(speech, noise, 10, seed=5)
    generator = np.random.default_rng(0)
    state = generator.bit_generator.state
    given_, _ = mix_at_snr(speech, noise, 10, sample_rate=RATE, generator=generator, offset=record.offset)
    assert generator.bit_generator.state == state
    assert given_.tobytes() == drawn.tobytes()


def test_drawn_segments_reach_every_place_and_stay_within_a_long_noise() -> None:
    speech = speech_like(1, 800)
    generator = np.random.default_rng(1)

    def offsets(noise: Samples) -> set[int]:
        return {mix_at_snr(speech, noise, 0, sample_rate=RATE, generator=generator)[1].offset for _ in range(100)}

    assert offsets(noise_like(2, 803)) == {0, 1, 2, 3}
    assert offsets(noise_like(2, 800)) == {0}
    assert offsets(noise_like(2, 5)) == {0, 1, 2, 3, 4}  # looped


def test_a_short_noise_is_looped() -> None:
    speech, noise = speech_like(1, 8000), noise_like(2, 1000)
    mixture, _ = mix(speech, noise, 0, offset=300)
    added = mixture - band(speech)
    np.testing.assert_allclose(added[1000:], added[:-1000], atol=1e-6)
    other, _ = mix(speech, np.tile(noise, 20), 0, offset=300)
    np.testing.assert_allclose(mixture, other, atol=1e-6)


def test_mirs_passes_over_speech_and_noise() -> None:
    speech, noise = speech_like(1, 8000, 0.02), noise_like(2, 8000, 0.02)
    clean, _ = mix(speech, noise, 60, channel="mirs", offset=0)
    np.testing.assert_allclose(clean, mirs(speech, RATE), atol=3e-4)
    plain, _ = mix(speech, noise, 0, channel="none", offset=0)
    both, _ = mix(speech, noise, 0, channel="mirs", offset=0)
    inner = slice(200, -200)  # the filter of the segment sees the noise around it, here only the segment
    np.testing.assert_allclose(both[inner], mirs(plain, RATE)[inner], atol=1e-4)


def test_inputs_are_untouched_and_the_record_is_frozen() -> None:
    speech, noise = speech_like(1, 8000), noise_like(2, 8000)
    speech.flags.writeable = noise.flags.writeable = False
    copies = speech.copy(), noise.copy()
    mixture, record = mix(speech, noise, -5)
    assert mixture.dtype == np.float32
    np.testing.assert_array_equal(speech, copies[0])
    np.testing.assert_array_equal(noise, copies[1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.snr_db = 3.0  # type: ignore[misc]


@pytest.mark.shared
@pytest.mark.skipif(not (DATA / "noise/noizeus").is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize("scene", ["babble", "car", "street"])
def test_real_digits_in_real_noise_get_the_snr(scene: str) -> None:
    speech, rate = read_audio(DATA / "fsdd/recordings/7_theo_5.wav")
    noise, noise_rate = read_audio(min((DATA / "noise/noizeus" / scene).iterdir()))
    assert rate == noise_rate == RATE
    for snr_db in (20.0, 5.0, -5.0):
        mixture, record = mix(speech, noise, snr_db, seed=4)
        added = mixture * max(1.0, record.peak) - band(speech)
        speech_db = active_speech_level(band(speech).astype(np.float32), RATE).level_db
        assert speech_db - level_db(added) == pytest.approx(snr_db, abs=0.05)


def test_what_cannot_be_mixed_is_refused() -> None:
    speech, noise, nothing = speech_like(1, 800), noise_like(2, 800), np.zeros(0, np.float32)
    with pytest.raises(AudioError, match="speech is silent"):
        mix(np.zeros(800, np.float32), noise, 10)
    with pytest.raises(AudioError, match="no active speech"):
        mix(speech * np.float32(1e-4), noise, 10)
    with pytest.raises(AudioError, match="speech: expected at least one sample"):
        mix(nothing, noise, 10)
    with pytest.raises(AudioError, match="noise: expected at least one sample"):
        mix(speech, nothing, 10)
    with pytest.raises(AudioError, match="noise: some samples are NaN"):
        mix(speech, np.where(np.arange(800) == 5, np.float32(np.nan), noise), 10)
    with pytest.raises(AudioError, match="channel g712 is defined at 8000 Hz"):
        mix_at_snr(speech, noise, 10, sample_rate=16_000, generator=np.random.default_rng(0))
    with pytest.raises(ConfigError, match="'g711' is not a channel"):
        mix(speech, noise, 10, channel="g711")
    for snr_db in (math.inf, -math.inf, math.nan):
        with pytest.raises(ConfigError, match="snr_db must be a finite number"):
            mix(speech, noise, snr_db)
    for offset in (-1, 800):
        with pytest.raises(ConfigError, match=f"within the noise, 0 to 799, not {offset}"):
            mix(speech, noise, 10, offset=offset)


def test_a_silent_stretch_of_noise_is_refused_with_its_place() -> None:
    speech = speech_like(1, 800)
    noise = np.concatenate([noise_like(2, 4000), np.zeros(4000, np.float32)])
    with pytest.raises(AudioError, match=r"noise is silent .* in the 800 samples from 6000; take another noise"):
        mix(speech, noise, 10, offset=6000)
    with pytest.raises(AudioError, match=r"silent \(-inf dB re full scale\)"):
        mix(speech, np.zeros(4000, np.float32), 10)
    with pytest.raises(AudioError, match="noise is silent"):
        mix(speech, noise_like(3, 4000, 1e-5), 10)


def test_the_gains_give_the_ratio_of_the_powers() -> None:
    generator = np.random.default_rng(0)
    speech = 0.3 * generator.standard_normal(RATE).astype(np.float32)
    noise = 0.02 * generator.standard_normal(RATE).astype(np.float32)
    powers = [float(np.square(sound).mean()) for sound in (speech, noise)]
    louder = mean_snr_gain(powers[0], powers[1], 7.0) * noise
    assert 10 * np.log10(powers[0] / np.square(louder).mean()) == pytest.approx(7.0, abs=1e-4)
    paused = np.concatenate((speech, np.zeros_like(speech)))  # a pause changes the mean, not the active power
    for sound in (speech, paused):
        gain = float(active_snr_gain(sound, 7.0, RATE))
        assert 10 * np.log10(powers[0] / gain**2) == pytest.approx(7.0, abs=1e-4)


def test_a_silent_draw_is_drawn_again_and_silence_alone_is_named() -> None:
    generator = np.random.default_rng(0)
    speech = 0.3 * generator.standard_normal(RATE).astype(np.float32)
    noises = {"silent": np.zeros(RATE, np.float32), "white": 0.1 * generator.standard_normal(RATE).astype(np.float32)}
    names = iter(["silent", "silent", "white"])
    _, record, name = mix_drawn_noise(
        speech, lambda: next(names), noises.__getitem__, 5.0, generator=generator, channel="none"
    )
    assert name == "white"
    assert record.snr_db == 5.0
    with pytest.raises(AudioError, match="silent, after 20 draws: the noise is silent"):
        mix_drawn_noise(speech, lambda: "silent", noises.__getitem__, 5.0, generator=generator, channel="none")
