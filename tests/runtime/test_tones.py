"""Tones are taken off, words are not, and a stream hears what a recording does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.tones import ToneCut, cut_tones
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams

RATE = 8000
NOISE = np.random.default_rng(0).standard_normal(4 * RATE)
TONES = {
    "beep": (440,),
    "fax": (1100,),
    "busy": (480, 620),
    "dial": (350, 440),
    "ringback": (440, 480),
    "key": (770, 1336),
}


def tone(frequencies: tuple[int, ...], seconds: float, level: float = 0.2) -> Samples:
    time = np.arange(round(seconds * RATE)) / RATE
    waves = [np.sin(2 * np.pi * hz * time) for hz in frequencies]
    total: Samples = (level * np.sum(waves, axis=0)).astype(np.float32)
    return total


def quiet(seconds: float) -> Samples:
    return (2e-4 * NOISE[: round(seconds * RATE)]).astype(np.float32)


@pytest.mark.parametrize("snr_db", [60, 20])
@pytest.mark.parametrize("name", TONES)
def test_what_is_left_of_a_tone_is_the_noise(name: str, snr_db: int) -> None:
    beep = tone(TONES[name], 0.4)
    noise = NOISE[: len(beep)] * np.sqrt(np.square(beep).mean()) * 10 ** (-snr_db / 20)
    left = cut_tones((beep + noise).astype(np.float32), RATE)
    assert np.square(left).mean() < 2 * np.square(noise).mean()


def test_words_are_left_as_they_are(sample_words: list[tuple[Path, str]]) -> None:
    kept = [
        np.array_equal(word, cut_tones(word, RATE)) for word in (read_audio(path)[0] for path, _ in sample_words[::20])
    ]
    assert len(kept) > 15
    assert np.mean(kept) >= 0.95


def test_blocks_of_any_size_give_the_whole() -> None:
    signal = np.concatenate((quiet(0.3), tone((440, 480), 0.3), quiet(0.2), tone((1000,), 0.1), quiet(0.1)))
    cut = ToneCut(RATE)
    parts = [cut.push(block) for block in np.split(signal, [7, 400, 401, 3000, 5123])]
    assert np.allclose(np.concatenate([*parts, cut.flush()]), cut_tones(signal, RATE), atol=1e-6)


@pytest.mark.parametrize("gap", [0.0, 0.3])
def test_the_word_beside_a_tone_is_found(recognizer: Recognizer, spoken: Callable[..., Path], gap: float) -> None:
    word = read_audio(spoken("three", engine="flite"))[0]
    word = 0.3 * word / np.abs(word).max()
    signal = np.concatenate((quiet(0.3), tone(TONES["key"], 0.25, 0.25), quiet(gap), word, quiet(1.0)))
    answer = recognizer.recognize(signal, RATE)
    assert (answer.word, answer.accepted) == ("three", True)


@pytest.mark.parametrize("name", TONES)
def test_tones_are_no_digits(recognizer: Recognizer, name: str) -> None:
    strings = StringRecognizer.from_pretrained("string_net")
    signal = np.concatenate((quiet(1.0), tone(TONES[name], 0.25), quiet(0.3), tone(TONES[name], 0.5), quiet(1.5)))
    assert not recognizer.recognize(signal, RATE).accepted
    assert strings.recognize(signal, RATE).text == ""
    streams = StringStreams(strings)
    call = streams.open(RATE)
    heard = {type(event).__name__ for event in [*streams.push({call: signal})[call], *streams.close(call)]}
    assert not heard & {"Digit", "StringEnded"}
