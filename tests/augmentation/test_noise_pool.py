import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.augmentation.noise_pool import NoisePool, NoiseShares
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError, CorpusError

RATE = 8000


def tone(frequency: float, seconds: float = 0.5) -> Samples:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def pool(shares: NoiseShares | None = None) -> NoisePool:
    talkers = [[tone(400), tone(450)], [tone(500)], [tone(600), tone(650)]]
    generator = np.random.default_rng(0)
    return NoisePool([tone(2000, 3), tone(2500, 0.1)], talkers, sample_rate=RATE, generator=generator, shares=shares)


@given(length=st.integers(200, 9000), seed=st.integers(0, 10_000), fewest=st.integers(1, 8))
def test_every_draw_is_finite_and_has_an_rms_of_one(length: int, seed: int, fewest: int) -> None:
    noise = pool().draw(length, np.random.default_rng(seed), fewest_talkers=fewest)
    assert noise.shape == (length,)
    assert noise.dtype == np.float32
    # A stretch of silence may be drawn out of a recording; then there is none.
    assert np.square(noise.astype(float)).mean() == pytest.approx(1, abs=1e-3)


def test_a_draw_follows_from_its_generator() -> None:
    one = pool()
    np.testing.assert_array_equal(one.draw(4000, np.random.default_rng(3)), one.draw(4000, np.random.default_rng(3)))


def test_babble_is_made_of_the_talkers_alone() -> None:
    only_babble = pool(NoiseShares(recorded=0, babble=1, synthetic=0, sum_of_two=0))
    inside = []
    for seed in range(20):
        spectrum = np.square(np.abs(np.fft.rfft(only_babble.draw(RATE, np.random.default_rng(seed)))))
        inside.append(spectrum[300:900].sum() / spectrum.sum())  # the talkers' tones at any speed
    assert np.median(inside) > 0.8  # the rest has a floor of noise, or passed a filter


def test_recordings_alone_bring_their_own_frequencies() -> None:
    only_recorded = pool(NoiseShares(recorded=1, babble=0, synthetic=0, sum_of_two=0))
    for seed in range(10):
        noise = only_recorded.draw(RATE, np.random.default_rng(seed))
        loudest = np.argmax(np.abs(np.fft.rfft(noise)))
        assert 2000 * 0.6 < loudest < 4000


def test_silent_recordings_and_missing_talkers_are_refused() -> None:
    with pytest.raises(CorpusError, match="0 of 1 recordings and 1 talkers"):
        NoisePool([np.zeros(100, np.float32)], [[tone(400)]], sample_rate=RATE, generator=np.random.default_rng(0))
    with pytest.raises(CorpusError, match="0 talkers"):
        NoisePool([tone(400)], [], sample_rate=RATE, generator=np.random.default_rng(0))


@pytest.mark.parametrize("name", ["recorded", "babble", "synthetic", "sum_of_two"])
@pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf")])
def test_a_share_is_finite_and_not_negative(name: str, share: float) -> None:
    with pytest.raises(ConfigError, match=name):
        NoiseShares(**{name: share})


def test_some_share_is_above_zero() -> None:
    with pytest.raises(ConfigError, match="one of recorded, babble, synthetic, sum_of_two must be above 0"):
        NoiseShares(0, 0, 0, 0)
