"""The recordings of a teaching in memory: what can be heard of them, as long as the words need."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from aurora_resnet.clips.clip_set import ClipSet, load_clips, load_negatives
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.decision import audible
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.teaching.recipe import CLIP_SECONDS, fitting_clip_seconds
from aurora_resnet.teaching.recordings import TeachingRecordings


@dataclass(frozen=True)
class HeardRecordings:
    """Words and other sounds as a network hears them.

    Attributes:
        recordings: those that can be used.
        network: what is to be trained, with its vocabulary and clip length.
        words: the words' clips.
        others: the clips of everything else, perhaps none.
        problems: recordings that cannot be used, each with the reason.
    """

    recordings: TeachingRecordings
    network: RecognizerConfig
    words: ClipSet
    others: ClipSet
    problems: tuple[str, ...]


def hear(
    recordings: TeachingRecordings,
    network: RecognizerConfig,
    *,
    clip_seconds: float | None = None,
    progress: bool = False,
) -> HeardRecordings:
    """Read recordings for a network; its clips get as long as nearly all words need.

    Args:
        recordings: words and anything else.
        network: rate and shortest clip length.
        clip_seconds: length of the clips instead.
        progress: show a bar on a terminal.

    Raises:
        CorpusError: if no recording of a word can be used, or too few are left.
    """
    # Some digits without the others are words of one's own: the others stay unknown, and are negatives.
    vocabulary = recordings.words.vocabulary()
    if len(vocabulary) > len(recordings.words.words):
        vocabulary = Vocabulary(recordings.words.words)
    network = replace(network, vocabulary=vocabulary)
    longest = replace(network, clip_seconds=clip_seconds or max(CLIP_SECONDS[-1], network.clip_seconds))
    words = load_clips(recordings.words, longest, progress=progress, skip_unreadable=True)
    heard, silent = _audible(words)
    if not len(heard):
        found = [*words.problems, *silent]
        raise CorpusError(f"{recordings.words.name}: no recording of a word can be used: {'; '.join(found[:3])}")
    network = replace(network, clip_seconds=clip_seconds or fitting_clip_seconds(heard, network.clip_seconds))
    problems = [*recordings.words.problems, *words.problems, *silent]
    others = heard.part(slice(0))
    if len(recordings.others):
        read = load_negatives(recordings.others, network, skip_unreadable=True)
        others, silent = _audible(read)
        problems += [*read.problems, *silent]
    usable = TeachingRecordings(
        replace(recordings.words, utterances=heard.utterances),
        replace(recordings.others, utterances=others.utterances),
        recordings.speaker_pattern,
    )
    return HeardRecordings(usable, network, load_clips(usable.words, network), others, tuple(problems))


def _audible(clips: ClipSet) -> tuple[ClipSet, list[str]]:
    loud = np.array([bool(audible(waveform.numpy())) for waveform in clips.waveforms], dtype=bool)
    silent = [f"{u.path}: it is silent" for u, heard in zip(clips.utterances, loud, strict=True) if not heard]
    return clips.part(loud), silent
