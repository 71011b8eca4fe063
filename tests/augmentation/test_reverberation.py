import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.augmentation.reverberation import reverberate, room_response
from aurora_resnet.runtime.errors import ConfigError


@given(seconds=st.floats(0.1, 1.5), ratio_db=st.floats(-10, 20), seed=st.integers(0, 99))
def test_the_direct_to_reverberant_ratio_is_reached(seconds: float, ratio_db: float, seed: int) -> None:
    response = room_response(seconds, ratio_db, sample_rate=8000, generator=np.random.default_rng(seed))
    energies = np.square(response.astype(float))
    assert response[0] == 1
    assert 10 * np.log10(energies[0] / energies[1:].sum()) == pytest.approx(ratio_db, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.3, 0.8])
def test_the_tail_falls_by_60_db_in_the_reverberation_time(seconds: float) -> None:
    # Schroeder's backward integration over many rooms; its slope between -5 and -25 dB, the usual T20.
    responses = [
        room_response(seconds, 0.0, sample_rate=8000, generator=np.random.default_rng(seed)) for seed in range(50)
    ]
    late = np.mean([np.square(response[400:]) for response in responses], axis=0)
    decay_db = 10 * np.log10(np.cumsum(late[::-1])[::-1])
    decay_db -= decay_db[0]
    inside = (decay_db < -5) & (decay_db > -25)
    slope_db_per_second = np.polyfit(np.flatnonzero(inside) / 8000, decay_db[inside], 1)[0]
    assert -60 / slope_db_per_second == pytest.approx(seconds, rel=0.15)


def test_reverberation_equals_the_convolution_written_out() -> None:
    generator = np.random.default_rng(0)
    speech, response = (generator.standard_normal(n).astype(np.float32) for n in (300, 40))
    np.testing.assert_allclose(reverberate(speech, response), np.convolve(speech, response), atol=1e-5)


def test_a_room_without_a_tail_is_refused() -> None:
    with pytest.raises(ConfigError, match="exceed"):
        room_response(0.001, 0.0, sample_rate=8000, generator=np.random.default_rng(0))
