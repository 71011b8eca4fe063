"""``ChunkResampler`` against ``resample`` of the whole signal: the same bits, whatever the chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.recognition.chunk_resampling import ChunkResampler
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.errors import AudioError

RATES = [(16000, 8000), (44100, 8000), (8000, 16000), (11025, 8000), (48000, 16000), (8000, 8000), (12345, 8000)]


@settings(max_examples=60, deadline=None)
@given(
    rates=st.sampled_from(RATES),
    length=st.integers(1, 60_000),
    cuts=st.lists(st.floats(0, 1), max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_chunks_give_the_samples_of_the_whole(
    rates: tuple[int, int], length: int, cuts: list[float], seed: int
) -> None:
    signal = np.random.default_rng(seed).uniform(-1, 1, length).astype(np.float32)
    resampler = ChunkResampler(*rates)
    for _ in range(2):  # a second signal knows nothing of the first
        chunks = np.split(signal, sorted(round(cut * length) for cut in cuts))
        came = np.concatenate([*(resampler.push(chunk) for chunk in chunks), resampler.flush()])
        np.testing.assert_array_equal(came, resample(signal, *rates))


@pytest.mark.parametrize("rates", RATES)
def test_a_sample_comes_after_the_delay_and_a_period_at_the_latest(rates: tuple[int, int]) -> None:
    resampler = ChunkResampler(*rates)
    period = rates[0] / np.gcd(*rates)
    came = 0
    for heard in range(1, 30_001, 1000):
        came += len(resampler.push(np.zeros(1000 if heard > 1 else 1, np.float32)))
        assert came / rates[1] >= (heard - period) / rates[0] - resampler.delay_seconds - 1 / rates[1]
    assert resampler.delay_seconds < 0.02


def test_an_absurd_rate_is_refused() -> None:
    with pytest.raises(AudioError, match="resample from: the sample rate"):
        ChunkResampler(0, 8000)
