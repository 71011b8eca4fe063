"""What is wrong with recordings, and what to do about it: a sentence each."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator

from aurora_resnet.evaluation.condition_report import ConditionReport
from aurora_resnet.evaluation.metrics import MIN_SPEAKERS
from aurora_resnet.runtime.errors import listed
from aurora_resnet.teaching.recording_session import ENOUGH
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.synthetic import VOICE

#: Recordings of a word that are few, and that are enough, to train a network or to enrol with one.
TRAINED, ENROLLED = (10, 20), (ENOUGH, 5)
#: How many times as many clips the most frequent word may have as the rarest.
UNBALANCED = 3.0
FEW_NEGATIVES = 20
#: Width of an interval from which on the recordings are too few to know.
WIDE = 0.15
LISTED = 8


def advise(recordings: TeachingRecordings, needed: tuple[int, int] = TRAINED) -> tuple[str, ...]:
    """Return what can be said before any training.

    Args:
        recordings: all of them.
        needed: ``TRAINED`` or ``ENROLLED``, which has negatives of its own.

    >>> from aurora_resnet.corpora.samples import read_samples
    >>> from aurora_resnet.teaching.recordings import divide
    >>> print(*advise(divide(read_samples())))
    there are no recordings of anything else, ... record other words and usual noises into the sub-folder _other
    """
    of_negatives = _of_negatives(recordings) if needed == TRAINED else ()
    return (*_of_words(recordings, *needed), *_of_voices(recordings), *_of_speakers(recordings), *of_negatives)


def advise_after(estimate: ConditionReport) -> tuple[str, ...]:
    """Return what the answers to held-out recordings show: too few to know, words that are taken for each other.

    Args:
        estimate: of the held-out recordings.
    """
    found = []
    low, high = estimate.interval.low, estimate.interval.high
    if high - low > WIDE:
        found.append(
            f"these recordings are too few to know how good the model is: somewhere from {low:.0%} to {high:.0%}; "
            "record more speakers, or more of each word, before you rely on it"
        )
    confused = [
        (count, estimate.words[i], estimate.words[j])
        for i, row in enumerate(estimate.confusion)
        for j, count in enumerate(row)
        if i != j and count >= max(2, 0.15 * sum(row))
    ]
    for count, word, other in sorted(confused, reverse=True)[:3]:
        found.append(
            f"'{word}' was taken for '{other}' {count} times; listen to these recordings, record more of both words, "
            "or choose words that sound less alike"
        )
    return tuple(found)


def _of_words(recordings: TeachingRecordings, least: int, enough: int) -> Iterator[str]:
    clips = recordings.clips_of_words()
    if few := [f"{word} ({count})" for word, count in clips.items() if count < least]:
        yield f"few recordings: {listed(few, LISTED)}; record at least {least} of each word, better {enough}"
    rarest, most = min(clips, key=lambda word: clips[word]), max(clips, key=lambda word: clips[word])
    if clips[most] > UNBALANCED * clips[rarest]:
        yield (
            f"unbalanced words: '{most}' has {clips[most]} recordings, '{rarest}' {clips[rarest]}, so what sounds "
            f"like both is taken for the former; record more of '{rarest}'"
        )
    if twins := _same_recordings(recordings):
        same = listed(twins, LISTED)
        yield f"the same recording stands there twice: {same}, so the estimate is too good; keep one of each"


def _of_voices(recordings: TeachingRecordings) -> Iterator[str]:
    synthetic = sum(VOICE in utterance.attributes for utterance in recordings.words)
    if synthetic == len(recordings.words):
        yield (
            "all recordings are by synthetic voices, so these results are not those of people; record each word "
            "yourself, even once"
        )
    elif synthetic:
        yield f"{synthetic} recordings are by synthetic voices, the results are of the other ones"


def _of_speakers(recordings: TeachingRecordings) -> Iterator[str]:
    count, more = len(recordings.speakers), f"record {MIN_SPEAKERS} or more speakers"
    if count < 2:
        found = "" if recordings.speaker_pattern else " (no speaker is found in the names of the files)"
        yield (
            f"all recordings count as one speaker's{found}: results may not transfer to other speakers or microphones; "
            f"{more}, and name files like ann_01.wav, or give --speaker-pattern"
        )
        return
    if count < MIN_SPEAKERS:
        yield f"{count} speakers: how much speakers differ cannot be measured, so the interval is too narrow; {more}"
    speakers_of: dict[str, set[str]] = defaultdict(set)
    for utterance in recordings.words:
        speakers_of[utterance.word].add(utterance.speaker)
    if alone := [word for word, who in speakers_of.items() if len(who) == 1]:
        yield (
            f"said by one speaker only: {listed(alone, LISTED)}, so the model may learn the speaker instead of the "
            "word; record the other speakers saying these words too"
        )


def _of_negatives(recordings: TeachingRecordings) -> Iterator[str]:
    count = len(recordings.negatives)
    if not count:
        yield (
            "there are no recordings of anything else, so what the model accepts by mistake is known for synthetic "
            "digits only, if at all; record other words and usual noises into the sub-folder _other"
        )
    elif count < FEW_NEGATIVES:
        yield f"only {count} recordings of anything else; record {FEW_NEGATIVES} or more different words into _other"


def _same_recordings(recordings: TeachingRecordings) -> list[str]:
    """Return groups of files with the same bytes."""
    seen: dict[bytes, list[str]] = defaultdict(list)
    for utterance in (*recordings.words, *recordings.negatives):
        name = f"{utterance.path.parent.name}/{utterance.path.name}"
        seen[hashlib.sha256(utterance.path.read_bytes()).digest()].append(name)
    return [" and ".join(names) for names in seen.values() if len(names) > 1]
