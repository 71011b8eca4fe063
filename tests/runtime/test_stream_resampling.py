"""``StreamResampler`` against ``resample`` of the whole signal: the same bits, whatever the chunks and the rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.resampling import StreamResampler, resample
from aurora_resnet.runtime.errors import AudioError

RATES = (1000, 7999, 8000, 11_025, 12_345, 16_000, 22_050, 44_100, 48_000, 96_000, 191_999, 192_000, 767_999, 768_000)


@settings(max_examples=25, deadline=None)
@given(
    from_rate=st.one_of(st.sampled_from(RATES), st.integers(1000, 768_000)),
    to_rate=st.sampled_from((8000, 16_000, 1000, 44_100, 191_999)),
    length=st.integers(1, 30_000),
    cuts=st.lists(st.floats(0, 1), max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_chunks_give_the_samples_of_the_whole(
    from_rate: int, to_rate: int, length: int, cuts: list[float], seed: int
) -> None:
    signal = np.random.default_rng(seed).uniform(-1, 1, length).astype(np.float32)
    resampler = StreamResampler(from_rate, to_rate)
    chunks = np.split(signal, sorted(round(cut * length) for cut in cuts))
    came = np.concatenate([*(resampler.push(chunk) for chunk in chunks), resampler.flush()])
    np.testing.assert_array_equal(came, resample(signal, from_rate, to_rate))


@pytest.mark.parametrize("from_rate", RATES)
@pytest.mark.parametrize("to_rate", [8000, 16_000])
def test_single_samples_give_the_samples_of_the_whole(from_rate: int, to_rate: int) -> None:
    signal = np.random.default_rng(0).uniform(-1, 1, 300).astype(np.float32)
    resampler = StreamResampler(from_rate, to_rate)
    came = [resampler.push(signal[i : i + 1]) for i in range(len(signal))]
    np.testing.assert_array_equal(np.concatenate([*came, resampler.flush()]), resample(signal, from_rate, to_rate))


@pytest.mark.parametrize("from_rate", [rate for rate in RATES if rate >= 8000])
@pytest.mark.parametrize("to_rate", [8000, 16_000])
def test_a_sample_comes_a_fifth_of_a_second_after_its_own_time_at_the_latest(from_rate: int, to_rate: int) -> None:
    resampler = StreamResampler(from_rate, to_rate)
    heard = came = 0
    for size in [from_rate // 50] * 30:  # 0.6 s in steps of 20 ms
        came += len(resampler.push(np.zeros(size, np.float32)))
        heard += size
        assert came / to_rate >= heard / from_rate - 0.2
        assert came <= len(resample(np.zeros(heard), from_rate, to_rate))  # nothing is made up


def test_a_flush_of_nothing_is_nothing() -> None:
    assert len(StreamResampler(16_000, 8000).flush()) == 0
    resampler = StreamResampler(16_000, 8000)
    assert len(resampler.push(np.zeros(0, np.float32))) == 0
    assert len(resampler.flush()) == 0


def test_an_absurd_rate_is_refused() -> None:
    with pytest.raises(AudioError, match="resample from: the sample rate"):
        StreamResampler(0, 8000)
    with pytest.raises(AudioError, match="resample to: the sample rate"):
        StreamResampler(8000, 1_000_001)
