"""Audio that a graph is quantised with, and other audio that it is checked with: words, clean and in noise.

What the wheel carries is enough: the training voices of the sample words for quantising, its test voices for checking,
each clean and once more in a sample noise. Recordings of the caller's own may be added to the former.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from aurora_resnet.audio.levels import rms_level_db
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.inference import load_clips
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.audio.clips import fit_length, read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

Clips = npt.NDArray[np.float32]
"""Waveforms ``[n, N]`` of the model's clip length."""

CORPUS_CLIPS = 200
"""Words taken of each corpus, evenly spread over it: ranges of activations need no more."""

_SAMPLE_STEP = 3  # of the 418 words of the training voices
_SNRS_DB = (20.0, 10.0, 0.0)
_CHECK_SNR_DB = 10.0


def calibration_clips(config: RecognizerConfig, corpora: Sequence[str] = ()) -> Clips:
    """Return clips to see which values a network's activations take.

    Args:
        config: of the network.
        corpora: further recordings as ``KIND:PATH``; of a corpus that has splits only ``train`` is taken.

    Raises:
        ConfigError: for a corpus with splits that has no ``train``.
        CorpusError: if a corpus cannot be read.
    """
    words = _clips(read_samples().filter(split="train"), config)[::_SAMPLE_STEP]
    return np.concatenate([words, _in_noise(words, config, _SNRS_DB), *(_own_words(name, config) for name in corpora)])


def check_clips(config: RecognizerConfig) -> tuple[Clips, npt.NDArray[np.int64]]:
    """Return clips that have no part in ``calibration_clips``, by voices that have none, and their classes."""
    corpus = read_samples().filter(split="test")
    words = _clips(corpus, config)
    labels = np.array([config.words.index(utterance.word) for utterance in corpus])
    return np.concatenate([words, _in_noise(words, config, (_CHECK_SNR_DB,))]), np.tile(labels, 2)


def _own_words(name: str, config: RecognizerConfig) -> Clips:
    corpus = load_corpus(name).filter(isolated=True)
    splits = {utterance.split for utterance in corpus} - {""}
    if splits and "train" not in splits:
        raise ConfigError(
            f"'{name}' has the splits {', '.join(sorted(splits))}; quantising takes its ranges from 'train' only"
        )
    corpus = corpus.filter(split="train") if splits else corpus
    step = -(-len(corpus) // CORPUS_CLIPS)
    chosen = Corpus(corpus.name, corpus.utterances[:: max(step, 1)])
    return _clips(chosen, config)


def _clips(corpus: Corpus, config: RecognizerConfig) -> Clips:
    clips = load_clips(corpus, config)
    batch: Clips = clips.batch(range(len(clips))).numpy()
    return batch


def _in_noise(clips: Clips, config: RecognizerConfig, snrs_db: Sequence[float]) -> Clips:
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
