"""What is taken off below speech, and that words are heard beside it as without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from aurora_resnet.runtime.audio.low_cut import LowCut, cut_low, low_cut_kernel
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer

RATE = 8000
WORDS = ("three", "one", "four", "five", "nine", "two")


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_the_magnitude_is_that_of_a_high_pass(rate: int) -> None:
    kernel = low_cut_kernel(rate)
    frequencies = np.array([0, 17, 50, 60, 84, 100, 300, 1000, 3900])
    response = np.exp(-2j * np.pi * frequencies[:, None] / rate * np.arange(len(kernel))) @ kernel
    magnitudes_db = 20 * np.log10(np.abs(response))
    assert (magnitudes_db[:3] < -50).all()
    assert magnitudes_db[3] < -40
    np.testing.assert_allclose(magnitudes_db[4:], 0, atol=0.3)


def test_the_phase_is_least() -> None:
    """Of all filters of a magnitude the one of minimum phase is done first: most energy in any first n samples."""
    kernel = low_cut_kernel(RATE)
    assert kernel[0] == pytest.approx(np.exp(np.log(1e-3) * 72 / 4000), rel=0.01)  # the mean of the logarithm
    linear = np.fft.fftshift(np.fft.irfft(np.abs(np.fft.rfft(kernel, 4096))))
    assert (np.cumsum(kernel[:1000] ** 2) >= np.cumsum(linear[:1000] ** 2) - 1e-9).all()


def test_steps_and_direct_convolution_agree() -> None:
    signal = np.random.default_rng(0).standard_normal(3200).astype(np.float32)
    signal[0] = 0  # constant before the first sample, which is so nothing
    cut = LowCut(RATE)
    steps = np.concatenate([cut.push(step) for step in signal.reshape(10, 320)])
    np.testing.assert_allclose(steps, np.convolve(signal, low_cut_kernel(RATE))[:3200], atol=1e-6)


@pytest.mark.parametrize("length", [1, 5, 1000, 20_000])
def test_an_offset_vanishes_and_a_tone_stays(length: int) -> None:
    tone = (0.3 * np.cos(2 * np.pi * 400 * np.arange(length) / RATE)).astype(np.float32)
    assert np.abs(cut_low(np.full(length, 0.7, np.float32), RATE)).max() < 2e-3
    if length > 100:
        np.testing.assert_allclose(cut_low(tone + np.float32(0.5), RATE), cut_low(tone, RATE), atol=2e-3)
        assert np.square(cut_low(tone, RATE)).mean() == pytest.approx(np.square(tone).mean(), rel=0.02)


def slow(name: str, length: int) -> npt.NDArray[np.float64]:
    time = np.arange(length) / RATE
    if name == "rumble":
        spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(length))
        hz = np.fft.rfftfreq(length, 1 / RATE)
        rumble = np.fft.irfft(np.where((hz > 20) & (hz < 50), spectrum, 0), length)
        level: npt.NDArray[np.float64] = 0.05 * rumble / np.sqrt(np.square(rumble).mean())
        return level
    return {"offset": np.full(length, 0.05), "hum": 0.1 * np.sin(2 * np.pi * 50 * time)}[name]


@pytest.fixture(scope="module")
def string(spoken: Callable[..., Path]) -> Samples:
    """Six words of RMS 0.03 over noise 35 dB below."""
    rng = np.random.default_rng(0)
    parts: list[npt.NDArray[np.float64]] = [np.zeros(RATE // 2)]
    for word in WORDS:
        samples = read_audio(spoken(word, engine="flite"))[0]
        parts += [0.03 * samples / np.sqrt(np.square(samples).mean()), np.zeros(RATE // 5)]
    signal = np.concatenate(parts)
    return (signal + 0.0005 * rng.standard_normal(len(signal))).astype(np.float32)


def words(recognizer: Recognizer, signal: Samples) -> list[str]:
    stream = recognizer.stream(RATE)
    return [event.word for event in stream.feed(signal) + stream.finish()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["offset", "hum", "rumble"])
def test_a_stream_is_heard_beside_what_is_slow(recognizer: Recognizer, string: Samples, name: str) -> None:
    alone = words(recognizer, string)
    assert len(alone) >= 5  # of six
    assert set(alone) <= set(WORDS)
    assert words(recognizer, (string + slow(name, len(string))).astype(np.float32)) == alone


def test_a_word_is_heard_beside_an_offset(recognizer: Recognizer, string: Samples) -> None:
    assert words(recognizer, string[: round(1.2 * RATE)] + np.float32(0.3)) == ["three"]


@pytest.mark.slow
def test_digital_silence_between_words_loses_none(recognizer: Recognizer, spoken: Callable[..., Path]) -> None:
    parts = [np.zeros(RATE // 2, np.float32)]
    for word in WORDS:
        parts += [read_audio(spoken(word, engine="flite"))[0], np.zeros(RATE // 3, np.float32)]
    assert words(recognizer, np.concatenate(parts)) == list(WORDS)


@pytest.mark.parametrize("name", ["offset", "hum", "rumble"])
def test_recordings_are_answered_as_without_what_is_slow(
    recognizer: Recognizer, sample_words: list[tuple[Path, str]], name: str
) -> None:
    for path, _ in sample_words[::40]:
        samples = read_audio(path)[0]
        samples = 0.03 * samples / np.sqrt(np.square(samples).mean())
        plain, slowly = (recognizer.recognize(samples + more, RATE) for more in (0, slow(name, len(samples))))
        assert slowly.word == plain.word
        assert slowly.accepted or not plain.accepted
