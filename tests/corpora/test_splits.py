from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.corpora.corpus import Corpus, Utterance
from aurora_resnet.corpora.splits import check_speakers_disjoint, split_speakers, with_test_speakers
from aurora_resnet.runtime.errors import ConfigError, CorpusError, SpeakerLeakError

clip_counts = st.lists(st.integers(1, 12), min_size=2, max_size=12)
fractions = st.floats(0.001, 0.999)


def corpus_of(counts: list[int], prefix: str = "speaker") -> Corpus:
    return Corpus(
        "mine",
        tuple(
            Utterance(Path(f"{prefix}{i}/{n}.wav"), ("one",), f"{prefix}{i}")
            for i, count in enumerate(counts)
            for n in range(count)
        ),
    )


@given(clip_counts, fractions, st.integers(0, 5))
def test_the_sides_share_no_speaker_and_lose_no_clip(counts: list[int], fraction: float, seed: int) -> None:
    corpus = corpus_of(counts)
    rest, held_out = split_speakers(corpus, fraction, seed)
    assert not {u.speaker for u in rest} & {u.speaker for u in held_out}
    assert sorted(u.path for u in (*rest, *held_out)) == sorted(u.path for u in corpus)
    assert len(rest) > 0
    assert len(held_out) > 0
    check_speakers_disjoint(rest=rest, held_out=held_out)


@given(clip_counts, fractions, st.integers(0, 5))
def test_the_fraction_is_missed_by_at_most_half_a_speaker(counts: list[int], fraction: float, seed: int) -> None:
    rest, held_out = split_speakers(corpus_of(counts), fraction, seed)
    miss = abs(len(held_out) - fraction * sum(counts))
    one_left = min(len(rest.speakers), len(held_out.speakers)) == 1
    assert miss <= max(counts) / 2 + 1e-9 or (one_left and miss <= max(counts))


@given(clip_counts, fractions, st.randoms(use_true_random=False))
def test_the_order_of_the_utterances_does_not_matter(counts: list[int], fraction: float, mixer: random.Random) -> None:
    corpus = corpus_of(counts)
    shuffled = list(corpus)
    mixer.shuffle(shuffled)
    again = split_speakers(Corpus("mine", tuple(shuffled)), fraction, 3)
    assert [side.speakers for side in again] == [side.speakers for side in split_speakers(corpus, fraction, 3)]


def test_seeds_draw_every_speaker_about_equally_often() -> None:
    corpus = corpus_of([5] * 10)
    drawn = [split_speakers(corpus, 0.2, seed)[1].speakers for seed in range(400)]
    assert all(len(speakers) == 2 for speakers in drawn)
    for speaker in corpus.speakers:  # binomial, n = 400, p = 0.2: mean 80, deviation 8
        assert 40 < sum(speaker in speakers for speakers in drawn) < 120


def test_nothing_is_held_out_for_a_fraction_of_zero() -> None:
    corpus = corpus_of([3])
    rest, held_out = split_speakers(corpus, 0, seed=0)
    assert rest.utterances == corpus.utterances
    assert held_out.utterances == ()


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_a_fraction_out_of_range_is_refused(fraction: float) -> None:
    with pytest.raises(ConfigError, match="at least 0 and below 1"):
        split_speakers(corpus_of([2, 2]), fraction, 0)


@pytest.mark.parametrize("counts", [[], [4]])
def test_fewer_than_two_speakers_cannot_be_split(counts: list[int]) -> None:
    with pytest.raises(CorpusError, match=f"expected at least 2, got {len(counts)}"):
        split_speakers(corpus_of(counts), 0.1, 0)


def test_an_unknown_speaker_never_passes_silently() -> None:
    unknown = Corpus("nameless", (Utterance(Path("a.wav"), ("one",), ""),))
    with pytest.raises(CorpusError, match=r"nameless.*1 recordings is unknown, the first is a\.wav"):
        split_speakers(corpus_of([2, 2]) + unknown, 0.5, 0)
    with pytest.raises(CorpusError, match=r"test \(nameless\)"):
        check_speakers_disjoint(train=corpus_of([2]), test=unknown)


def test_a_leak_names_the_speakers_and_both_sides() -> None:
    train, test = corpus_of([1] * 14), corpus_of([1] * 12)
    with pytest.raises(SpeakerLeakError) as caught:
        check_speakers_disjoint(train=train, other=corpus_of([2], "nobody"), test=test)
    message = str(caught.value)
    assert "12 speakers stand in both train and test" in message
    assert ", ".join(test.speakers[:10]) + " and " in message
    with pytest.raises(SpeakerLeakError, match="1 speaker stands in both validation and test: speaker0;"):
        check_speakers_disjoint(train=corpus_of([1], "x"), validation=corpus_of([1]), test=corpus_of([1]))


def test_empty_corpora_leak_nothing() -> None:
    check_speakers_disjoint(train=corpus_of([1]), validation=Corpus("none", ()))


SPEAKERS = ("fsdd/george", "fsdd/theo", "fsdd/yweweler")
# as FSDD's own split: every speaker on both sides
FSDD = Corpus(
    "fsdd",
    tuple(
        Utterance(Path(f"{s[5:]}{i}.wav"), ("one",), s, "test" if i < 2 else "train")
        for s in SPEAKERS
        for i in range(6)
    ),
)


def test_the_split_goes_by_speaker_and_leaks_no_more() -> None:
    with pytest.raises(SpeakerLeakError):
        check_speakers_disjoint(train=FSDD.filter(split="train"), test=FSDD.filter(split="test"))
    corpus = with_test_speakers(FSDD, ["fsdd/theo", "fsdd/yweweler"])
    check_speakers_disjoint(train=corpus.filter(split="train"), test=corpus.filter(split="test"))
    assert corpus.filter(split="test").speakers == SPEAKERS[1:]
    assert [u.path for u in corpus] == [u.path for u in FSDD]
    assert {u.split for u in with_test_speakers(FSDD, [])} == {"train"}


def test_speakers_of_other_corpora_and_unknown_ones_are_refused() -> None:
    with pytest.raises(CorpusError, match=r"no speaker 'theo' \(did you mean 'fsdd/theo'\?\)"):
        with_test_speakers(FSDD, ["theo"])
    with pytest.raises(CorpusError, match="speaker of 1 recordings is unknown"):
        with_test_speakers(FSDD + Corpus("x", (Utterance(Path("x.wav"), ("one",), ""),)), ["fsdd/theo"])
