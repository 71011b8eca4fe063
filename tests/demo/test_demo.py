"""The demonstration's counts against a count by hand, its repeatability, and the mixtures against their SNR."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.audio.channels import g712
from aurora_resnet.audio.levels import active_speech_level, rms_level_db
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.demo.demo import DemoResult, run_demo
from aurora_resnet.demo.sounds import CONDITIONS, SNRS_DB, Sound, demo_sounds
from aurora_resnet.recognition.recognizer import DigitRecognizer
from aurora_resnet.recognition.word_model import scoring_model
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary
from tests.demo.conftest import demonstrate, fewer, tiny

Sounds = dict[str, tuple[Sound, ...]]

pytestmark = pytest.mark.slow  # a training


@pytest.fixture(scope="module")
def sounds() -> Sounds:
    with fewer():
        return demo_sounds(0)


def test_the_sounds_are_the_test_voices_and_the_noises_of_the_package(sounds: Sounds) -> None:
    corpus = [each for each in read_samples().utterances[::4] if each.split == "test"]
    for group in (sounds[condition] for condition in CONDITIONS):
        assert [(s.word, s.speaker) for s in group] == [(u.word, u.speaker) for u in corpus]
    recorded, _ = read_audio(corpus[3].path)
    spoken = sounds["clean"][3].waveform
    assert np.array_equal(np.trim_zeros(spoken), np.trim_zeros(recorded))
    assert {sound.noise for sound in sounds["noise"]} == {"babble", "brown", "hum", "pink", "white"}
    assert not sounds["silence"][0].waveform.any()
    assert np.array_equal(sounds["digits backwards"][3].waveform[::-1], spoken)
    for loud, quiet in zip(sounds["noise"], sounds["noise, 40 dB quieter"], strict=True):
        assert rms_level_db(loud.waveform) - rms_level_db(quiet.waveform) == pytest.approx(40, abs=1e-3)


@pytest.mark.parametrize("snr_db", SNRS_DB)
def test_each_noise_has_its_share_and_the_snr_that_the_title_says(sounds: Sounds, snr_db: int) -> None:
    noisy = sounds[f"{snr_db} dB"]
    shares = Counter(sound.noise for sound in noisy)
    assert len(shares) == 5
    assert max(shares.values()) - min(shares.values()) <= 1
    checked = 0
    for clean, sound in zip(sounds["clean"][:40], noisy[:40], strict=True):
        assert sound.title.endswith(f"{sound.noise} noise at {snr_db} dB SNR")
        # Here the filter starts from rest, in the mixing within the noise: no matter but for noise below its band.
        # What was divided by its peak holds no longer the clean speech.
        if sound.noise in ("brown", "hum") or np.abs(sound.waveform).max() >= 1:
            continue
        noise = sound.waveform - clean.waveform
        speech_db = active_speech_level(g712(clean.waveform, 8000), 8000).level_db
        assert speech_db - rms_level_db(g712(noise, 8000)) == pytest.approx(snr_db, abs=0.2)
        checked += 1
    assert checked > 10


def test_the_counts_are_those_of_recognising_one_by_one(result: DemoResult, sounds: Sounds) -> None:
    recognizer, scores = Recognizer(scoring_model(tiny("second"))), result.models[1]

    def answer(sound: Sound) -> tuple[str, bool]:
        given = recognizer.recognize(sound.waveform, 8000)
        return given.word, given.accepted is True

    worst = scores.conditions[-1]
    answers = [answer(sound) for sound in sounds["0 dB"]]
    assert worst.name == "0 dB"
    assert worst.correct == sum(word == s.word for (word, _), s in zip(answers, sounds["0 dB"], strict=True))
    assert scores.accepted["0 dB"] == sum(accepted for _, accepted in answers)
    assert scores.accepted["noise"] == sum(answer(sound)[1] for sound in sounds["noise"])
    assert (len(scores.answers["silence"]), scores.accepted["silence"]) == (1, 0)


def test_the_parts_add_up(result: DemoResult) -> None:
    for scores in (*result.models, result.learning.scores):
        assert scores.overall.clips == sum(report.clips for report in scores.conditions) == 220
        assert scores.overall.correct == sum(report.correct for report in scores.conditions)
        noisy = sum(report.correct for report in scores.conditions[1:])
        assert sum(score.correct for score in scores.by_noise.values()) == noisy
        assert scores.noisy_mean == pytest.approx(noisy / 176)


def test_the_checkpoint_is_the_network_that_was_scored(result: DemoResult, sounds: Sounds) -> None:
    recognizer = DigitRecognizer.from_pretrained(result.learning.checkpoint)
    answers = recognizer.recognize_batch([sound.waveform for sound in sounds["clean"]], 8000)
    right = sum(a.word == sound.word for a, sound in zip(answers, sounds["clean"], strict=True))
    assert right == result.learning.after.correct
    train, validation = result.learning.voices
    assert train + validation == len(result.train_voices) == 19
    assert not set(result.train_voices) & set(result.test_voices)


def test_the_same_seed_gives_the_same_numbers(result: DemoResult, tmp_path: Path) -> None:
    again = demonstrate(tmp_path)
    assert again.models == result.models
    assert again.learning.before == result.learning.before
    assert again.learning.scores == result.learning.scores
    assert [r.train_loss for r in again.learning.history] == [r.train_loss for r in result.learning.history]
    assert again.learning.checkpoint.read_bytes() == result.learning.checkpoint.read_bytes()
    assert [e.sound.title for e in again.examples] == [e.sound.title for e in result.examples]


def test_a_model_that_does_not_know_all_words_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'short' does not know the words nine, oh"):
        run_demo([tiny("short", vocabulary=Vocabulary(DIGITS.words[:9]))], tmp_path / "c")
    with pytest.raises(ConfigError, match="at least one trained model"):
        run_demo([], tmp_path / "c")
    assert list(tmp_path.iterdir()) == []
