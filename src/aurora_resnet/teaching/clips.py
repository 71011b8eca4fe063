"""The recordings of a teaching in memory: those that can be used, in clips as long as the words need."""

from dataclasses import dataclass, replace

import numpy as np

from aurora_resnet.clips.clip_set import ClipSet, load_clips, load_negatives
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.decision import audible
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.teaching.recipe import CLIP_SECONDS, fitting_clip_seconds
from aurora_resnet.teaching.recordings import TeachingRecordings
from aurora_resnet.teaching.synthetic import by_people


@dataclass(frozen=True)
class TeachingClips:
    """Words and other sounds as a network gets them.

    Attributes:
        recordings: those that can be used.
        network: what is to be trained, with its vocabulary and clip length.
        words: the words' clips.
        negatives: the clips of everything else, perhaps none.
        problems: recordings that cannot be used, each with the reason.
    """

    recordings: TeachingRecordings
    network: RecognizerConfig
    words: ClipSet
    negatives: ClipSet
    problems: tuple[str, ...]


def read_clips(
    recordings: TeachingRecordings, network: RecognizerConfig, *, clip_seconds: float | None = None
) -> TeachingClips:
    """Read recordings for a network; its clips get as long as nearly all words need.

    Args:
        recordings: words and anything else.
        network: rate and shortest clip length.
        clip_seconds: length of the clips instead.

    Raises:
        CorpusError: if no recording of a word can be used, or too few are left.
    """
    # Some digits without the rest are the user's own words: the rest stays unknown, and its words are negatives.
    vocabulary = recordings.words.vocabulary()
    if len(vocabulary) > len(recordings.words.words):
        vocabulary = Vocabulary(recordings.words.words)
    longest = max(CLIP_SECONDS[-1], network.clip_seconds)
    whole = replace(network, vocabulary=vocabulary, clip_seconds=clip_seconds or longest)
    words, problems = _audible(load_clips(recordings.words, whole, skip_unreadable=True))
    if not len(words):
        raise CorpusError(f"{recordings.words.name}: no recording of a word can be used: {'; '.join(problems[:3])}")
    people = words.part(by_people(words.utterances))  # synthetic voices are shorter: there is no noise around them
    network = replace(whole, clip_seconds=clip_seconds or fitting_clip_seconds(people, network.clip_seconds))
    negatives, unusable = words.part(slice(0)), list[str]()
    if len(recordings.negatives):
        negatives, unusable = _audible(load_negatives(recordings.negatives, network, skip_unreadable=True))
    said = replace(recordings.words, utterances=words.utterances)
    unsaid = replace(recordings.negatives, utterances=negatives.utterances)
    usable = TeachingRecordings(said, unsaid, recordings.speaker_pattern)
    problems = [*recordings.words.problems, *problems, *unusable]
    return TeachingClips(usable, network, load_clips(usable.words, network), negatives, tuple(problems))


def _audible(clips: ClipSet) -> tuple[ClipSet, list[str]]:
    """Return the clips that are not silent, and what cannot be used."""
    loud = np.array([bool(audible(waveform.numpy())) for waveform in clips.waveforms], dtype=bool)
    silent = [f"{u.path}: it is silent" for u, keep in zip(clips.utterances, loud, strict=True) if not keep]
    return clips.part(loud), [*clips.problems, *silent]
