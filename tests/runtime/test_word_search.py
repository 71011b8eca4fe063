"""The cut finds the word beside clicks, bursts, beeps and gusts, and stays where it was without them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from aurora_resnet.runtime.audio.reading import SamplesInMemory, open_file, read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.audio.word_search import most_energetic_start, word_start
from aurora_resnet.runtime.recognizer import Recognizer

RATE = 8000
RNG = np.random.default_rng(0)
WHITE = RNG.standard_normal(8000)
TIME = np.arange(8000) / RATE
BANGS: dict[str, npt.NDArray[np.float64]] = {
    "click": 0.9 * np.sign(WHITE[:16]),
    "two clicks": np.concatenate((0.9 * np.ones(8), np.zeros(1600), -0.9 * np.ones(8))),
    "thump": 0.9 * np.sin(2 * np.pi * 120 * TIME[:240]) * np.hanning(240),
    "clap": (0.9 * WHITE[:480] * np.exp(-np.arange(480) / 80)).clip(-1, 1),
    "burst": 0.3 * WHITE[:2400],
    "slam in a hall": (0.5 * WHITE[:4000] * np.exp(-np.arange(4000) / 600)).clip(-1, 1),
    "beep": 0.3 * np.sin(2 * np.pi * 1000 * TIME[:1600]),
    "gust": 0.4 * np.sin(2 * np.pi * 17 * TIME) * np.hanning(8000),
    "offset": np.full(8000, 0.2),
}


def scene(word: Samples, bang: npt.NDArray[np.float64], rate: int, *, before: bool) -> tuple[Samples, slice]:
    """Return a word of RMS 0.05 with a bang a second before or after it, in quiet noise; and where the word lies."""
    word = 0.05 * word / np.sqrt(np.square(word).mean())
    signal = 0.001 * np.random.default_rng(1).standard_normal(5 * rate)
    start = 3 * rate // 2
    signal[start : start + len(word)] += word
    at = rate // 8 if before else start + len(word) + rate
    signal[at : at + len(bang)] += bang
    energy = np.cumsum(np.square(word)) / np.square(word).sum()
    return signal.astype(np.float32), slice(*(start + int(np.searchsorted(energy, share)) for share in (0.01, 0.99)))


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("bang", BANGS)
def test_a_bang_does_not_take_the_cut(
    recognizer: Recognizer, spoken: Callable[..., Path], bang: str, before: bool
) -> None:
    word = read_audio(spoken("three", engine="flite"))[0]
    signal, place = scene(word, BANGS[bang], RATE, before=before)
    cut = word_start(SamplesInMemory(signal, RATE), RATE)
    assert cut <= place.start < place.stop <= cut + RATE
    answer = recognizer.recognize(signal, RATE)
    assert (answer.word, answer.accepted) == ("three", True)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_at_other_rates_too_and_from_a_file(spoken: Callable[..., Path], tmp_path: Path, rate: int) -> None:
    import soundfile

    word, bang = resample(read_audio(spoken("three", engine="flite"))[0], RATE, rate), np.ones(rate // 500)
    signal, place = scene(word, bang, rate, before=True)
    long = np.concatenate((signal, 0.001 * np.random.default_rng(2).standard_normal(9 * rate))).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", long, rate, subtype="FLOAT")
    cut = word_start(open_file(tmp_path / "a.wav"), rate)
    assert cut == word_start(SamplesInMemory(long, rate), rate)
    assert cut <= place.start < place.stop <= cut + rate


def test_words_alone_are_cut_where_their_energy_is_greatest(sample_words: list[tuple[Path, str]]) -> None:
    same = []
    for path, _ in sample_words[::12]:
        signal, _ = scene(read_audio(path)[0], np.zeros(8), RATE, before=True)
        same.append(word_start(SamplesInMemory(signal, RATE), RATE) == most_energetic_start([signal], RATE))
    assert len(same) > 5
    assert np.mean(same) >= 0.95


def test_a_click_alone_is_cut_out_after_all() -> None:
    signal = np.zeros(3 * RATE, np.float32)
    signal[20_000:20_010] = 0.9
    assert word_start(SamplesInMemory(signal, RATE), RATE) == most_energetic_start([signal], RATE) == 20_010 - RATE
