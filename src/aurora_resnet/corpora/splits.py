"""Splits in which no speaker stands on both sides, and the check that none does."""

import hashlib
import os
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from itertools import combinations

from aurora_resnet.corpora.checking import LISTED
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.runtime.errors import ConfigError, CorpusError, SpeakerLeakError, did_you_mean, listed


def split_speakers(corpus: Corpus, fraction: float, seed: int) -> tuple[Corpus, Corpus]:
    """Hold out whole speakers with about a given fraction of the clips.

    The speakers come in an order drawn from the seed; one is held out where this brings the clips held out
    closer to the fraction asked for. So they miss it by at most half of the largest speaker's clips, unless
    keeping a speaker on each side forbids it. The order is that of SHA-256 over seed and speaker, so it
    depends neither on the order of the utterances nor on the machine.

    Args:
        corpus: every speaker in it must be known.
        fraction: share of the clips to hold out, 0 <= fraction < 1; 0 holds out no speaker.
        seed: another seed, other speakers.

    Returns:
        The rest and the held-out part, both in the order of ``corpus``; both have speakers unless
        ``fraction`` is 0.

    Raises:
        ConfigError: if ``fraction`` is outside its range.
        CorpusError: if a speaker is unknown, or fewer than two speakers are there to be split.

    >>> from pathlib import Path
    >>> from aurora_resnet.corpora.corpus import Utterance
    >>> clips = tuple(Utterance(Path(f"{i}.wav"), ("one",), f"speaker{i % 10}") for i in range(50))
    >>> rest, held_out = split_speakers(Corpus("mine", clips), 0.2, seed=0)
    >>> len(rest), len(held_out), set(rest.speakers) & set(held_out.speakers)
    (40, 10, set())
    """
    if not 0 <= fraction < 1:
        raise ConfigError(f"the fraction to hold out must be at least 0 and below 1, got {fraction}")
    _check_known("the corpus to split", corpus)
    clips = Counter(utterance.speaker for utterance in corpus)
    held: set[str] = set()
    if fraction > 0:
        if len(clips) < 2:
            raise CorpusError(
                f"{corpus.name}: cannot hold out speakers: expected at least 2, got {len(clips)} "
                f"({', '.join(clips) or 'the corpus is empty'})"
            )
        held = _draw(clips, fraction * len(corpus), seed)
    rest = corpus.filter(lambda utterance: utterance.speaker not in held)
    held_out = corpus.filter(lambda utterance: utterance.speaker in held)
    return replace(rest, name=f"{corpus.name} (rest)"), replace(held_out, name=f"{corpus.name} (held out)")


def with_test_speakers(corpus: Corpus, speakers: Collection[str]) -> Corpus:
    """Return the corpus split by speaker: all of ``speakers`` is ``"test"``, every other speaker ``"train"``.

    For corpora whose own split has the same speakers on both sides, like FSDD's.

    Args:
        corpus: its own split is replaced.
        speakers: full ids (``"fsdd/theo"``).

    Raises:
        CorpusError: for a speaker who is not in the corpus, or a recording of an unknown speaker.

    >>> from pathlib import Path
    >>> from aurora_resnet.corpora.corpus import Utterance
    >>> clips = tuple(Utterance(Path(f"{name}.wav"), ("one",), f"fsdd/{name}", "test") for name in ("lucas", "theo"))
    >>> [(u.speaker, u.split) for u in with_test_speakers(Corpus("fsdd", clips), ["fsdd/theo"])]
    [('fsdd/lucas', 'train'), ('fsdd/theo', 'test')]
    """
    for speaker in sorted(set(speakers) - set(corpus.speakers)):
        hint = did_you_mean(speaker, corpus.speakers)
        raise CorpusError(f"{corpus.name}: there is no speaker '{speaker}'{hint}; give the full id, like fsdd/theo")
    _check_known("the corpus to split", corpus)
    chosen = set(speakers)
    return replace(
        corpus, utterances=tuple(replace(u, split="test" if u.speaker in chosen else "train") for u in corpus)
    )


def check_speakers_disjoint(**corpora: Corpus) -> None:
    """Make sure that no speaker stands in two of the corpora.

    Args:
        **corpora: two or more, under the names that messages call them.

    Raises:
        SpeakerLeakError: naming the speakers (the first ten) and both corpora.
        CorpusError: if a speaker is unknown, who may stand in both.

    >>> from pathlib import Path
    >>> from aurora_resnet.corpora.corpus import Utterance
    >>> corpus = Corpus("mine", (Utterance(Path("1.wav"), ("one",), "fsdd/theo"),))
    >>> check_speakers_disjoint(train=corpus, test=corpus)
    Traceback (most recent call last):
    ...
    aurora_resnet.runtime.errors.SpeakerLeakError: 1 speaker stands in both train and test: fsdd/theo; ...
    """
    for name, corpus in corpora.items():
        _check_known(name, corpus)
    for (first, one), (second, other) in combinations(corpora.items(), 2):
        shared = sorted(set(one.speakers) & set(other.speakers))
        if shared:
            stand = "1 speaker stands" if len(shared) == 1 else f"{len(shared)} speakers stand"
            both = f"{stand} in both {first} and {second}: {listed(shared, LISTED)}"
            raise SpeakerLeakError(f"{both}; keep each speaker on one side")


def _draw(clips: Counter[str], target: float, seed: int) -> set[str]:
    """Draw the speakers to hold out: not none, not all, about ``target`` clips."""
    order = sorted(clips, key=lambda speaker: hashlib.sha256(os.fsencode(f"{seed}/{speaker}")).digest())
    held: set[str] = set()
    total = 0
    for speaker in order:
        if abs(total + clips[speaker] - target) < abs(total - target):
            held.add(speaker)
            total += clips[speaker]
    smallest = min(order, key=lambda speaker: clips[speaker])
    if not held:
        return {smallest}
    return held - {smallest} if len(held) == len(order) else held


def _check_known(name: str, corpus: Corpus) -> None:
    unknown = [utterance.path for utterance in corpus if not utterance.speaker]
    if unknown:
        raise CorpusError(
            f"{name} ({corpus.name}): the speaker of {len(unknown)} recordings is unknown, the first is "
            f"{unknown[0]}; give every recording a speaker, or it could stand on both sides of a split"
        )
