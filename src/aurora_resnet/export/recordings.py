"""Audio that a graph is quantised with, and other audio that it is checked with: words, clean and in noise.

The wheel carries some: the training voices of the sample words for quantising, its test voices for checking, each clean
and once more in a sample noise. Recordings of the caller's own are added, those of the training part to the former and
all others to the latter. A model that knows none of the sample words is quantised and checked with the caller's
recordings alone, clean and in noise: what it makes of English digits says nothing of its own words. Only words that the
model knows count as right or wrong answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aurora_resnet.audio.levels import rms_level_db
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import CorpusError

Clips = npt.NDArray[np.float32]
"""Waveforms ``[n, N]`` of the model's clip length."""

CORPUS_CLIPS = 200
"""Words taken of each corpus, evenly spread over it: ranges of activations need no more."""
UNKNOWN = -1
"""The label of a clip whose word the model does not know."""

_SAMPLE_STEP = 3  # of the 418 words of the training voices
SNRS_DB = (20.0, 10.0, 0.0)
CHECK_SNR_DB = 10.0
_WITHOUT_SPEECH = 8


@dataclass(frozen=True)
class ExportRecordings:
    """What a graph is quantised and checked with.

    Attributes:
        quantise: clips ``[n, N]`` that show which values the activations take.
        check: clips ``[m, N]`` that have no part in the former, by speakers that have none where the corpus says so.
        labels: the class of each of ``check``, ``UNKNOWN`` where there is none.
    """

    quantise: Clips
    check: Clips
    labels: npt.NDArray[np.int64]


def read_export_recordings(config: RecognizerConfig, corpora: Sequence[str] = ()) -> ExportRecordings:
    """Return the sample recordings and those of the caller.

    Args:
        config: of the network.
        corpora: further recordings as ``KIND:PATH``. Of a corpus with a split ``train`` that part serves the
            quantisation; of one without, every second recording.

    Raises:
        CorpusError: if a corpus cannot be read, or has no word that the model knows.
    """
    samples = read_samples()
    noise = without_speech(config)
    quantise, check, labels = [], [], []
    of_other_words = not set(config.words) & set(samples.words)
    if not (of_other_words and corpora):
        words = _clips(samples.filter(split="train"), config)[::_SAMPLE_STEP]
        tested = samples.filter(split="test")
        spoken = _clips(tested, config)
        quantise += [words, in_noise(words, config, SNRS_DB)]
        check += [spoken, in_noise(spoken, config, (CHECK_SNR_DB,))]
        labels += [_labels(tested, config)] * 2
    check.append(noise)
    labels.append(np.full(_WITHOUT_SPEECH, UNKNOWN))
    for name in corpora:
        corpus = load_corpus(name).filter(isolated=True)
        if not set(config.words) & set(corpus.words):
            raise CorpusError(f"'{name}' has no word that the model knows: {', '.join(config.words)}")
        train, rest = halves(corpus)
        own, heard = _clips(train, config), _clips(rest, config)
        quantise.append(own)
        check.append(heard)
        labels.append(_labels(rest, config))
        if of_other_words:
            quantise.append(in_noise(own, config, SNRS_DB))
            check.append(in_noise(heard, config, (CHECK_SNR_DB,)))
            labels.append(_labels(rest, config))
    return ExportRecordings(np.concatenate(quantise), np.concatenate(check), np.concatenate(labels))


def without_speech(config: RecognizerConfig) -> Clips:
    """Return a few clips of silence and noise."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((_WITHOUT_SPEECH, config.clip_samples)).astype(np.float32)
    noise[0] = 0
    return noise


def halves(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """Return what serves the quantisation and what the check, at most ``CORPUS_CLIPS`` of each."""
    trained = [utterance.split == "train" for utterance in corpus]
    if not any(trained) or all(trained):
        trained = [number % 2 == 0 for number in range(len(corpus))]
    parts = ([u for u, t in zip(corpus, trained, strict=True) if t is side] for side in (True, False))
    first, second = (
        replace(corpus, utterances=tuple(part[:: max(1, -(-len(part) // CORPUS_CLIPS))])) for part in parts
    )
    return first, second


def _labels(corpus: Corpus, config: RecognizerConfig) -> npt.NDArray[np.int64]:
    index = {word: number for number, word in enumerate(config.words)}
    return np.array([index.get(utterance.word, UNKNOWN) for utterance in corpus], dtype=np.int64)


def _clips(corpus: Corpus, config: RecognizerConfig) -> Clips:
    rate, length = config.mel.sample_rate, config.clip_samples
    return np.stack([fit_length(read_clip(u.path, rate, config.clip_seconds, raw=u.raw), length) for u in corpus])


def in_noise(clips: Clips, config: RecognizerConfig, snrs_db: Sequence[float]) -> Clips:
    """Return the clips in noises and at SNRs (of the whole window) that take turns."""
    rate, length = config.mel.sample_rate, config.clip_samples
    noises = [fit_length(read_clip(path, rate, config.clip_seconds), length) for path in sample_noises().values()]
    mixed = [
        _add(clip, noises[number % len(noises)], snrs_db[number % len(snrs_db)]) for number, clip in enumerate(clips)
    ]
    return np.stack(mixed)


def _add(clip: Samples, noise: Samples, snr_db: float) -> Samples:
    gain_db = rms_level_db(clip) - rms_level_db(noise) - snr_db
    return clip + np.float32(10 ** (gain_db / 20)) * noise
