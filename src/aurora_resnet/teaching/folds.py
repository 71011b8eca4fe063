"""Groups of recordings, each of which is held out once: by speaker where there are several."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.teaching.recordings import TeachingRecordings

Groups = npt.NDArray[np.int64]


def assign_groups(
    words: Sequence[Utterance], negatives: Sequence[Utterance], groups: int
) -> tuple[Groups, Groups, bool]:
    """Return the group of each recording of a word and of anything else, and whether no speaker is in two groups.

    With known speakers, as many as there are groups or more, whole speakers go where the fewest clips are; else the
    clips of each word take turns. Anything else goes with its speaker who also says words.

    Args:
        words: isolated words.
        negatives: everything else.
        groups: how many, at least 2.

    >>> from pathlib import Path
    >>> said = [Utterance(Path(f"{s}{w}.wav"), (w,), s) for s in "abc" for w in ("ja", "nein")]
    >>> assign_groups(said, [], 3)[0].tolist(), assign_groups(said, [], 3)[2]
    ([2, 2, 1, 1, 0, 0], True)
    """
    if groups < 2:
        raise ConfigError(f"at least 2 groups are needed, got {groups}")
    clips = Counter(utterance.speaker for utterance in words)
    by_speaker = "" not in clips and len(clips) >= groups
    if not by_speaker:
        return _in_turn([u.word for u in words], groups), _in_turn([""] * len(negatives), groups), False
    place: dict[str, int] = {}
    held = [0] * groups
    for speaker in sorted(clips, key=lambda name: (-clips[name], _digest(name))):
        place[speaker] = held.index(min(held))
        held[place[speaker]] += clips[speaker]
    # A speaker who says no word may stand in any group, but in one only.
    first = [place.get(u.speaker, int(_digest(u.speaker or str(u.path.name)), 16) % groups) for u in negatives]
    return np.array([place[u.speaker] for u in words], dtype=np.int64), np.array(first, dtype=np.int64), True


def possible_groups(recordings: TeachingRecordings, wanted: int) -> int:
    """Return so many groups that each can have a speaker, or a recording of each word."""
    known = "" not in {utterance.speaker for utterance in recordings.words}
    speakers = len(recordings.speakers) if known else 1
    return min(wanted, speakers if speakers > 1 else min(recordings.clips_of_words().values()))


def _in_turn(kinds: Sequence[str], groups: int) -> Groups:
    """Return the place of each among those of its kind, modulo the number of groups."""
    seen: Counter[str] = Counter()
    turns = []
    for kind in kinds:
        turns.append(seen[kind] % groups)
        seen[kind] += 1
    return np.array(turns, dtype=np.int64)


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()
