"""One channel of several: signs, silent and noisy channels, blocks; against the speech that was put in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.mono import Downmix, mono_waveform, step_frames
from aurora_resnet.runtime.audio.reading import audio_info, open_file, read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer

RATE = 8000


@pytest.fixture(scope="module")
def seven(spoken: Callable[..., Path]) -> Samples:
    return read_audio(spoken("seven", engine="flite"))[0]


def up_to_sign(got: Samples, expected: Samples) -> None:
    np.testing.assert_array_equal(got if got @ expected > 0 else -got, expected)


@given(channels=st.integers(2, 8), data=st.data())
@settings(max_examples=25, deadline=None)
def test_signs_do_not_matter(seven: Samples, channels: int, data: st.DataObject) -> None:
    """Channels of one talker, each with its own level, noise and offset; any of them may be turned round."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    levels = rng.uniform(0.3, 1, channels)
    array = seven[:, None] * levels + 0.003 * rng.standard_normal((len(seven), channels))
    offsets = rng.choice([0.0, 0.1], channels)
    signs = np.array(data.draw(st.lists(st.sampled_from([-1, 1]), min_size=channels, max_size=channels)))
    got = mono_waveform((array * signs).astype(np.float32), RATE, "test")
    up_to_sign(got, array.astype(np.float32).mean(axis=1))
    shifted = mono_waveform((array * signs + offsets).astype(np.float32), RATE, "test")
    np.testing.assert_allclose(abs(np.corrcoef(shifted, seven)[0, 1]), 1, atol=0.01)


@given(sign=st.sampled_from([-1, 1]), noise_db=st.floats(-60, -10), dead=st.booleans(), seed=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_an_answer_does_not_depend_on_the_other_channel(
    recognizer: Recognizer, seven: Samples, sign: int, noise_db: float, dead: bool, seed: int
) -> None:
    """One channel turned round, or silent, with noise up to 10 dB below the speech."""
    level = np.sqrt(np.square(seven).mean()) * 10 ** (noise_db / 20)
    noise = level * np.random.default_rng(seed).standard_normal(len(seven))
    other = noise if dead else sign * seven + noise
    answer = recognizer.recognize(np.stack([seven, other], axis=1), RATE)
    assert (answer.word, answer.accepted) == ("seven", True)
    flipped = recognizer.recognize(np.stack([seven, -other], axis=1), RATE)
    assert flipped.confidence == pytest.approx(answer.confidence, abs=1e-3)


def test_a_dead_channel_takes_no_part(seven: Samples) -> None:
    array = np.stack([np.zeros_like(seven), -seven, seven], axis=1)
    up_to_sign(mono_waveform(array, RATE, "test"), (2 * seven / np.float32(3)).astype(np.float32))


def test_speech_of_opposite_signs_after_minutes_of_noise_is_heard(seven: Samples) -> None:
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.standard_normal((60 * RATE, 2)).astype(np.float32)
    mixed = mono_waveform(np.concatenate((noise, np.stack([seven, -seven], axis=1))), RATE, "test")
    up_to_sign(mixed[-len(seven) + RATE // 10 :], seven[RATE // 10 :])


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_files_blocks_parts_and_arrays_are_the_same(tmp_path: Path, seven: Samples, suffix: str) -> None:
    """Channels that agree, then differ, then agree with the other sign: the decision is the same however it is read."""
    rng = np.random.default_rng(0)
    long = np.tile(seven, 14)[: 11 * RATE]
    second = np.concatenate((long[: 3 * RATE], 0.1 * rng.standard_normal(2 * RATE), -long[5 * RATE :]))
    steps = (np.stack([long, second], axis=1) * 2**14).astype(np.int16)
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, steps, RATE)
    expected = mono_waveform(steps, RATE, "test")
    up_to_sign(expected[: 3 * RATE], (steps[: 3 * RATE, 0] / 2**15).astype(np.float32))
    np.testing.assert_array_equal(read_audio(path)[0], expected)
    for seconds in (0.1, 0.25, 3.0):
        np.testing.assert_array_equal(np.concatenate(list(audio_info(path).blocks(seconds))), expected)
    recording = open_file(path)
    np.testing.assert_array_equal(np.concatenate(list(recording.blocks())), expected)
    for start, frames in ((0, 100), (44_444, 7777), (79_990, 20), (len(expected) - 5, 5)):
        np.testing.assert_array_equal(recording.read(start, frames), expected[start : start + frames])
    downmix, step = Downmix(2, RATE), step_frames(RATE)
    floats = steps.astype(np.float32) / np.float32(2**15)
    parts = [downmix.mix(floats[at : at + 3 * step]) for at in range(0, len(floats), 3 * step)]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
