"""Strings to learn from: each word is a tone of its own, so a label can be compared with the samples."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.augmentation.noise_pool import NoisePool
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.string_clips import (
    AGAIN,
    LONGEST_LABEL,
    NO_WORDS,
    PAD,
    Sentence,
    StringClips,
    StringShares,
    padded,
    unit_of,
)
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary

RATE = 8000
WORDS = Vocabulary(("zero", "one", "two"))
UNITS = 5  # and two kinds of other speech
WORD_SAMPLES = 2000
PLAIN = Augmentation(
    speed_probability=0, vocoder_probability=0, equalizer_probability=0, reverberation_probability=0,
    noise_probability=0, band_probability=0, codec_probability=0, clipping_probability=0, gain_db=(0, 0),
    echo_probability=0,
)  # fmt: skip


def tone(unit: int, samples: int = WORD_SAMPLES) -> Samples:
    """A unit's tone; its loudness swells, so that two in a row are two."""
    time = np.arange(samples) / RATE
    wave = np.hanning(samples) * np.sin(2 * np.pi * (400 + 500 * unit) * time)
    return (0.3 * wave).astype(np.float32)


def tones_of(clip: Samples) -> list[int]:
    """The units of a clip, by the strongest tone in each loud stretch of 10 ms."""
    frames = clip[: len(clip) // 80 * 80].reshape(-1, 80)
    strengths = np.abs(frames @ np.exp(-2j * np.pi * np.outer(np.arange(80), 400 + 500 * np.arange(UNITS)) / RATE))
    loud = strengths.max(axis=1) > 0.25 * strengths.max()
    units = np.where(loud, strengths.argmax(axis=1), -1)
    # The level falls between two tones; one that lasts for less than 30 ms is a seam.
    runs = np.split(units, np.flatnonzero(np.diff(units)) + 1)
    return [int(run[0]) for run in runs if run[0] >= 0 and len(run) > 3]


def make(
    shares: StringShares,
    sentences: Sequence[Sentence] = (),
    augmentation: Augmentation = PLAIN,
    lonely: bool = False,
    **options: int,
) -> StringClips:
    rows = [(speaker, unit) for speaker in ("ana", "ben") for unit in range(3) for _ in range(1 + (speaker == "ana"))]
    rows = [(f"{speaker}{unit}", unit) for speaker, unit in rows] if lonely else rows
    words = ClipSet(
        tuple(Utterance(Path(f"{i}.wav"), (WORDS.words[unit],), speaker) for i, (speaker, unit) in enumerate(rows)),
        torch.tensor([unit for _, unit in rows]),
        RATE,
        WORD_SAMPLES,
        tuple(torch.from_numpy(tone(unit)) for _, unit in rows),
        vocabulary=WORDS,
    )
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    pool = NoisePool([noise], [[tone(0)]], sample_rate=RATE, generator=np.random.default_rng(1))
    given = {"size": 40, "seed": 3} | options
    return StringClips(
        words, sentences, [(tone(4), 4)], [tone(3, 3 * RATE)], pool, clip_seconds=3.0, augmentation=augmentation,
        shares=shares, **given,
    )  # fmt: skip


def label(row: np.ndarray) -> list[int]:
    assert row.shape == (LONGEST_LABEL,)
    return [int(unit) for unit in row if unit != PAD]


def test_words_of_one_speaker_are_put_together_as_the_label_says() -> None:
    clips = make(StringShares(strings=1, sentences=0, talk=0, noise=0, other_words=0.3))
    said = []
    for index in range(len(clips)):
        samples, row = clips.make(0, index)
        said.append(label(row))
        assert samples.shape == (3 * RATE,)
        if len(set(said[-1])) == len(said[-1]):  # two of one tone that overlap look like one
            assert tones_of(samples) == said[-1]
    everything = [unit for row in said for unit in row]
    assert set(everything) == {0, 1, 2, 4}
    repeats = [a == b for row in said for a, b in itertools.pairwise(row)]
    assert np.mean(repeats) > AGAIN / 2
    assert max(map(len, said)) >= 5


def test_a_string_may_be_of_several_voices() -> None:
    alone, mixed = (
        make(StringShares(strings=1, sentences=0, talk=0, noise=0, other_words=0, other_voices=share), lonely=True)
        for share in (0.0, 1.0)
    )
    said = [[label(clips.make(0, index)[1]) for index in range(len(clips))] for clips in (alone, mixed)]
    assert all(len(set(row)) == 1 for row in said[0])  # each speaker has one word
    assert np.mean([len(set(row)) > 1 for row in said[1] if len(row) > 2]) > 0.7


def test_a_stretch_of_a_sentence_is_cut_between_words() -> None:
    units = (0, 3, 1, 4, 2, 0, 4, 1)
    gap = np.zeros(800, np.float32)
    samples = np.concatenate([part for unit in units for part in (gap, tone(unit))] + [gap])
    starts = tuple(800 + 2800 * number for number in range(len(units)))
    sentence = Sentence(samples, units, starts, tuple(start + WORD_SAMPLES for start in starts))
    clips = make(StringShares(strings=0.0, sentences=1, talk=0, noise=0.0001), [sentence])
    stretches = set()
    for index in range(len(clips)):
        window, row = clips.make(1, index)
        said = tuple(label(row))
        if said == (NO_WORDS,):
            continue
        assert tones_of(window) == list(said)
        assert any(units[first : first + len(said)] == said for first in range(len(units)))
        stretches.add(said)
    assert len(stretches) > 8


def test_a_recording_without_times_is_used_whole() -> None:
    whole = Sentence(np.concatenate([tone(1), tone(0), tone(3)]), (1, 0, 3))
    clips = make(StringShares(strings=0, sentences=1, talk=0, noise=1e-9), [whole])
    for index in range(5):
        window, row = clips.make(0, index)
        assert label(row) == tones_of(window) == [1, 0, 3]


def test_talk_and_noise_have_no_words() -> None:
    clips = make(StringShares(strings=0, sentences=0, talk=1, noise=1))
    made = [clips.make(0, index) for index in range(20)]
    assert all(label(row) == [NO_WORDS] for _, row in made)
    assert {tuple(tones_of(samples))[:1] for samples, _ in made} > {(3,)}


def test_an_epoch_is_the_same_whenever_and_by_whomever_it_is_made() -> None:
    shares = StringShares()
    first = make(shares, augmentation=Augmentation(vocoder_probability=0)).epoch(2)
    torch.manual_seed(99)
    again = make(shares, augmentation=Augmentation(vocoder_probability=0), workers=2).epoch(2)
    assert torch.equal(first.labels, again.labels)
    assert all(torch.equal(a, b) for a, b in zip(first.waveforms, again.waveforms, strict=True))
    other = make(shares, augmentation=Augmentation(vocoder_probability=0)).epoch(3)
    assert not torch.equal(first.labels, other.labels)
    assert first.labels.shape == (40, LONGEST_LABEL)


def test_rare_speakers_are_drawn_as_their_power_says() -> None:
    """Ana has 6 of 9 words: two thirds of the strings at power 1, half of them at power 0."""
    for power, expected in ((1.0, 2 / 3), (0.0, 1 / 2)):
        clips = make(StringShares())
        clips = StringClips(
            clips.words, [], [], [], clips.noises, clip_seconds=3.0, size=2, speaker_power=power, seed=0
        )
        assert clips._odds == pytest.approx([expected, 1 - expected])


def test_refuses_what_does_not_fit() -> None:
    with pytest.raises(ConfigError, match=r"clips of 3 s are too short: a word or recording takes 3\.75 s"):
        make(StringShares(), [Sentence(np.zeros(30_000, np.float32), (1,))])
    with pytest.raises(ConfigError, match="seed and workers"):
        make(StringShares(), seed=-1)
    with pytest.raises(ConfigError, match="strings, noise must be above 0"):
        StringShares(strings=0, noise=0)
    with pytest.raises(ConfigError, match="there is no unit for the word 'maybe'"):
        unit_of("maybe", WORDS, 0)
    pool = NoisePool([np.ones(900, np.float32)], [[tone(0)]], sample_rate=16000, generator=np.random.default_rng(1))
    words = make(StringShares()).words
    with pytest.raises(ConfigError, match="the words have 8000 Hz, the noises 16000 Hz"):
        StringClips(words, [], [], [], pool, clip_seconds=3.0, size=2, seed=0)


def test_letters_are_units_of_their_own_where_there_is_room() -> None:
    assert [unit_of(word, WORDS, 27) for word in ("one", "a", "z", "yes")] == [1, 3, 28, 29]
    assert [unit_of(word, WORDS, 3) for word in ("a", "b", "c", "yes")] == [3, 4, 5, 5]
    assert padded([1, 1])[:3].tolist() == [1, 1, PAD]
