from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aurora_resnet.augmentation.noise_pool import NoisePool, NoiseShares
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.negatives import FRAGMENT, PIECE_SECONDS, TOO_FAST_OR_SLOW, Negatives, NegativeShares
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary

RATE = 8000
WORDS = ("an", "aus", "lauter")


def ramp(start: int, length: int = 1000) -> Samples:
    """A word whose samples tell which word they are of, and where in it they stand."""
    return np.arange(start, start + length, dtype=np.float32)


@pytest.fixture
def words() -> ClipSet:
    vocabulary = Vocabulary(WORDS)
    utterances = tuple(Utterance(Path(f"{word}.wav"), (word,), "me") for word in WORDS)
    waveforms = tuple(torch.from_numpy(ramp(10_000 * (number + 1))) for number in range(3))
    return ClipSet(utterances, torch.arange(3), RATE, 2000, waveforms, vocabulary=vocabulary)


@pytest.fixture
def pool() -> NoisePool:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    return NoisePool([noise], [[noise]], sample_rate=RATE, generator=np.random.default_rng(0))


def negatives(clips: ClipSet, pool: NoisePool, recordings: list[Samples], /, **shares: Any) -> Negatives:
    return Negatives(clips, recordings, pool, NegativeShares(**shares))


def test_the_kinds_are_drawn_by_their_shares(words: ClipSet, pool: NoisePool) -> None:
    other = ramp(90_000)
    made = negatives(words, pool, [other], words=0.5, fragments=0.2, noise=0.3)
    generator = np.random.default_rng(0)
    drawn = [made.draw(generator) for _ in range(4000)]
    kinds = Counter("noise" if d is None else "word" if d is other else "fragment" for d in drawn)
    for kind, share in (("word", 0.5), ("fragment", 0.2), ("noise", 0.3)):
        assert kinds[kind] / 4000 == pytest.approx(share, abs=0.04)  # five standard deviations


def test_kinds_that_are_not_asked_for_draw_nothing(words: ClipSet, pool: NoisePool) -> None:
    made = Negatives(words, [ramp(0)], pool, NegativeShares(words=0.5, pieces=0.2), talk=[ramp(0)])
    shares = np.array([0.5, 0.15, 0.3, 0.2])
    for seed in range(100):  # the weights that ship are of trainings that had four kinds
        drawn, alone = np.random.default_rng(seed), np.random.default_rng(seed)
        if int(alone.choice(4, p=shares / shares.sum())) == 2:
            assert made.draw(drawn) is None
            assert drawn.bit_generator.state == alone.bit_generator.state
    window = made.noise_window(np.random.default_rng(0))
    plain = pool.draw(words.clip_samples, np.random.default_rng(0), fewest_talkers=5)
    np.testing.assert_array_equal(window, plain * np.float32(0.1))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_noises_are_as_short_as_words_as_often_as_asked(words: ClipSet, pool: NoisePool, share: float) -> None:
    pool.shares = NoiseShares(recorded=1, babble=0, synthetic=0, sum_of_two=0)  # steady noise
    made = negatives(replace(words, clip_samples=RATE), pool, [], fragments=0, noise=1, bursts=share)
    generator = np.random.default_rng(0)
    powers = [np.square(made.noise_window(generator)).reshape(20, -1).mean(axis=1) for _ in range(200)]
    bursts = sum(power.min() < 0.3 * power.mean() for power in powers) / len(powers)
    assert bursts == pytest.approx(share, abs=0.12 * (share > 0))


def test_calls_take_the_place_of_noises(words: ClipSet, pool: NoisePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "draw", lambda length, *_, **__: np.zeros(length, np.float32))
    made, generator = negatives(words, pool, [], fragments=0, noise=1, calls=0.3), np.random.default_rng(0)
    levels = np.array([np.sqrt(np.square(made.noise_window(generator)).mean()) for _ in range(400)])
    assert (levels > 0).mean() == pytest.approx(0.3, abs=0.12)  # five standard deviations
    np.testing.assert_allclose(levels[levels > 0], 0.1, rtol=1e-3)


def test_what_says_nothing_is_mirrored_or_at_another_speed_or_in_another_order(words: ClipSet, pool: NoisePool) -> None:
    time = np.arange(RATE // 2) / RATE
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32) * (1 + time.astype(np.float32))
    clips = replace(words, waveforms=(torch.from_numpy(tone.copy()),) * 3)
    made, generator, ways = (
        negatives(clips, pool, [], fragments=0, noise=0, unspoken=1),
        np.random.default_rng(0),
        set(),
    )
    for _ in range(60):
        drawn = made.draw(generator)
        assert drawn is not None
        spectrum = np.abs(np.fft.rfft(drawn, 8 * RATE))
        strongest, change = np.argmax(spectrum) / 8, len(drawn) / len(tone)
        if change != 1:
            ways.add("slower" if change > 1 else "faster")
            assert TOO_FAST_OR_SLOW[0] - 0.01 <= max(change, 1 / change) <= TOO_FAST_OR_SLOW[1] + 0.01
            assert strongest == pytest.approx(440 / change, rel=0.02)
        elif strongest > 2000:
            ways.add("mirrored")
            assert strongest == pytest.approx(RATE / 2 - 440, abs=2)
        else:
            ways.add("another order")
            np.testing.assert_array_equal(np.sort(drawn), np.sort(tone))
            assert not np.array_equal(drawn, tone)
    assert ways == {"slower", "faster", "mirrored", "another order"}
    np.testing.assert_array_equal(clips.waveforms[0].numpy(), tone)  # the words stay as they are


def test_pieces_are_cut_anywhere_out_of_talk(words: ClipSet, pool: NoisePool) -> None:
    long, short = ramp(100_000, 30_000), ramp(200_000, 900)  # the short one is shorter than any piece
    made = Negatives(words, [], pool, NegativeShares(fragments=0, noise=0, pieces=1), talk=[long, short])
    generator = np.random.default_rng(0)
    drawn = [made.draw(generator) for _ in range(500)]
    pieces = [piece for piece in drawn if piece is not None]
    assert len(pieces) == 500
    for piece in pieces:
        assert (np.diff(piece) == 1).all()
        assert len(piece) == 900 or PIECE_SECONDS[0] * RATE <= len(piece) <= PIECE_SECONDS[1] * RATE
    assert sum(piece[0] == 200_000 for piece in pieces) < 40  # by length: one in 34
    starts = [piece[0] for piece in pieces if piece[0] < 200_000]
    assert min(starts) < 101_000
    assert max(piece[-1] for piece in pieces if piece[0] < 200_000) > 129_000


def test_without_talk_there_are_no_pieces(words: ClipSet, pool: NoisePool) -> None:
    made = negatives(words, pool, [], fragments=0, noise=1, pieces=5)
    generator = np.random.default_rng(0)
    assert all(made.draw(generator) is None for _ in range(50))


def test_a_fragment_is_never_a_word(words: ClipSet, pool: NoisePool) -> None:
    made = negatives(words, pool, [], fragments=1, noise=0)
    generator = np.random.default_rng(1)
    ways = set()
    for _ in range(300):
        fragment = made.draw(generator)
        assert fragment is not None
        steps = np.diff(fragment)
        if (steps == -1).all():
            ways.add("backwards")
            assert len(fragment) == 1000
        elif (steps == 1).all() and len(fragment) < 1000:
            ways.add("beginning" if fragment[0] % 10_000 == 0 else "end")
            assert 150 <= len(fragment) <= FRAGMENT * 1000
        else:
            ways.add("two halves")
            (joint,) = np.flatnonzero(steps != 1)
            assert 299 <= joint <= 499
            assert (fragment[0] % 10_000, fragment[joint + 1] % 10_000, fragment[-1] % 10_000) == (0, 500, 999)
    assert ways == {"backwards", "beginning", "end", "two halves"}


def test_words_that_stay_words_are_not_broken(words: ClipSet, pool: NoisePool) -> None:
    made = negatives(words, pool, [], fragments=1, noise=0, whole_words=("an", "lauter"))
    generator = np.random.default_rng(2)
    for _ in range(50):
        fragment = made.draw(generator)
        assert fragment is not None
        assert set(fragment // 10_000) == {2}  # "aus" alone
    whole = negatives(words, pool, [], fragments=1, noise=0, whole_words=WORDS)
    assert whole.draw(generator) is None  # noise instead


def test_noise_is_as_long_as_a_clip_and_as_loud_as_speech(words: ClipSet, pool: NoisePool) -> None:
    window = negatives(words, pool, []).noise_window(np.random.default_rng(0))
    assert len(window) == 2000
    assert np.sqrt(np.square(window).mean()) == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.25, 1), (0.5, 3), (0.75, 9)])
def test_their_number_is_a_share_of_the_whole_epoch(words: ClipSet, pool: NoisePool, share: float, count: int) -> None:
    assert len(negatives(words, pool, [], of_epoch=share)) == count


def test_other_words_alone_need_recordings(words: ClipSet, pool: NoisePool) -> None:
    with pytest.raises(ConfigError, match="no recordings of any are given"):
        negatives(words, pool, [], fragments=0, noise=0)
    assert len(negatives(words, pool, [], fragments=0, noise=0, of_epoch=0.0)) == 0


@pytest.mark.parametrize(
    "option",
    [
        {"of_epoch": -0.1},
        {"of_epoch": 1.0},
        {"words": -1.0},
        {"fragments": float("nan")},
        {"noise": float("inf")},
        {"unspoken": -1.0},
        {"calls": 1.1},
        {"bursts": -0.1},
        {"fewest_talkers": 0},
        {"fewest_talkers": 2.5},
        {"whole_words": "oh"},
        {"words": 0.0, "fragments": 0.0, "noise": 0.0},
    ],
)
def test_options_out_of_range_are_named(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(option))):
        NegativeShares(**option)
