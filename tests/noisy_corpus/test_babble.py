from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.noisy_corpus.babble import talker_babble
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError, CorpusError, SpeakerLeakError

RATE = 8000
TONES = (300, 500, 700, 1100, 1300)  # Hz: every speaker hums another tone


def hummers(folder: Path, split: str = "train") -> Corpus:
    clips = []
    for frequency in TONES:
        for take, seconds in enumerate((0.3, 0.5)):
            path = folder / f"{frequency}_{take}.wav"
            write_audio(
                0.02 * (take + 1) * np.sin(2 * np.pi * frequency * np.arange(seconds * RATE) / RATE), path, RATE
            )
            clips.append(Utterance(path, ("one",), f"hum/{frequency}", split))
    return Corpus("hummers", tuple(clips))


def babble(corpus: Corpus, talkers: int, seed: int = 0, seconds: float = 8.0) -> Samples:
    return talker_babble(
        corpus, talkers=talkers, seconds=seconds, sample_rate=RATE, generator=np.random.default_rng(seed)
    )


@pytest.mark.parametrize("talkers", [2, 3, 5])
def test_so_many_different_talkers_speak_at_levels_within_six_db(tmp_path: Path, talkers: int) -> None:
    sound = babble(hummers(tmp_path), talkers)
    power = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(sound.size, 1 / RATE)
    levels = np.array([10 * np.log10(power[np.abs(hertz - tone) < 60].sum() / power.sum()) for tone in TONES])
    speaking = levels[levels > -20]
    assert len(speaking) == talkers
    assert np.ptp(speaking) < 6 + 2  # 2 dB for the share of pauses
    assert abs(10 * np.log10(np.mean(sound.astype(np.float64) ** 2)) + 30) < 0.01


def test_a_crowd_larger_than_the_corpus_hears_everybody_twice(tmp_path: Path) -> None:
    sound = babble(hummers(tmp_path), 2 * len(TONES))
    assert sound.shape == (8 * RATE,)
    assert float(np.abs(sound).max()) <= 1


def test_the_same_generator_gives_the_same_babble_in_any_order_of_the_corpus(tmp_path: Path) -> None:
    corpus = hummers(tmp_path)
    np.testing.assert_array_equal(babble(corpus, 3), babble(Corpus("x", corpus.utterances[::-1]), 3))
    assert not np.array_equal(babble(corpus, 3), babble(corpus, 3, seed=1))


def test_silent_and_broken_recordings_are_passed_over_unless_there_is_nothing_else(tmp_path: Path) -> None:
    corpus = hummers(tmp_path)
    write_audio(np.zeros(800), corpus[0].path, RATE)
    corpus[2].path.write_bytes(b"no sound")
    assert babble(corpus, 5).any()
    write_audio(np.zeros(800), corpus[1].path, RATE)
    with pytest.raises(CorpusError, match="hum/300: no recording with active speech"):
        babble(corpus, 5)


def test_test_speech_unknown_speakers_and_bad_numbers_are_refused(tmp_path: Path) -> None:
    corpus = hummers(tmp_path)
    with pytest.raises(SpeakerLeakError, match="10 recordings of the test split"):
        babble(hummers(tmp_path, "test"), 3)
    with pytest.raises(CorpusError, match="known speakers"):
        babble(Corpus("x", (Utterance(corpus[0].path, ("one",), ""),)), 3)
    for talkers, seconds in ((1, 2.0), (2, 0.0), (2, float("inf"))):
        with pytest.raises(ConfigError):
            babble(corpus, talkers, seconds=seconds)
