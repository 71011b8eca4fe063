import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.audio.trimming import trim_silence


@given(before=st.integers(0, 9000), word=st.integers(800, 4000), after=st.integers(0, 9000))
def test_the_word_stays_and_little_else(before: int, word: int, after: int) -> None:
    samples = np.concatenate([np.zeros(before), np.full(word, 0.5), np.zeros(after)]).astype(np.float32)
    trimmed = trim_silence(samples, 8000)
    assert np.count_nonzero(trimmed) == word
    assert len(trimmed) <= word + 2 * (400 + 80)  # the margins, and frames that the word fills in part


def test_a_quiet_sound_within_the_range_counts() -> None:
    samples = np.concatenate([np.full(4000, 0.02), np.full(4000, 0.5), np.full(4000, 0.001)]).astype(np.float32)
    assert len(trim_silence(samples, 8000)) == 8000 + 400  # -28 dB stays, -54 dB is cut to the margin


def test_silence_stays_as_it_is() -> None:
    assert len(trim_silence(np.zeros(500, np.float32), 8000)) == 500
