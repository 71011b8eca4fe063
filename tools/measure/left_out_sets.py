"""What models are measured on that were trained without a corpus: its words, AN4's held-out speakers, what is no digit.

Nothing here is a test set of the shipped models, and no training contained it: see ``tools.make_training_corpus``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from aurora_resnet.clips.clip_set import ClipSet, join_clips, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.runtime.models import ModelFacts
from aurora_resnet.training.data import DataConfig, SoundFiles, load_data
from aurora_resnet.training.sounds import find_sounds, read_sounds
from tools.measure.sounds import draw_noise, mix_by_rms, negative_clips, wordless

SNRS_DB = (20, 10, 5, 0, -5)
MOST_DIGITS = 600
"""Of a corpus: more are thinned out evenly, for a noisy set has as many at each SNR."""
PIECE_SECONDS = 0.64


def read_digits(left_out: DataConfig, whole: DataConfig, facts: ModelFacts) -> dict[str, ClipSet]:
    """Return clean words, and all of them in noise of no training, ``noisy_`` and the SNR in dB; the left out come first.

    Args:
        left_out: the corpora of the fold.
        whole: all of the training.
        facts: of the model.
    """
    held_out = replace(whole, train=tuple(source for source in whole.train if source.validation_share))
    digits = {
        "left_out": load_clips(_thinned(load_data(left_out, facts.vocabulary).train), facts),
        "an4": load_clips(_thinned(load_data(held_out, facts.vocabulary).validation), facts),
    }
    assert whole.augment is not None
    noises = read_sounds(find_sounds(whole.augment.validation_noises, whole.root), facts.sample_rate, math.inf)
    noises = [noise for noise in noises if np.abs(noise).max() > 1e-3]
    noisy = {}
    for snr_db in SNRS_DB:
        generator = np.random.default_rng(0)
        parts = []
        for clips in digits.values():
            stretches = draw_noise(noises, len(clips), clips.clip_samples, generator)
            parts.append(mix_by_rms(clips, stretches + 1e-6, snr_db))
        noisy[f"noisy_{snr_db}"] = join_clips(parts)
    return digits | noisy


def read_negatives(
    negatives: Mapping[str, tuple[SoundFiles, ...]], talk: SoundFiles, root: str, facts: ModelFacts
) -> dict[str, ClipSet]:
    """Return what is no digit, by kind; talk is cut to pieces."""
    found = {kind: load_negatives(wordless(kind, *files, root=root), facts) for kind, files in negatives.items()}
    length = round(PIECE_SECONDS * facts.sample_rate)
    pieces = [
        sound[start : start + length]
        for sound in read_sounds(find_sounds([talk], root), facts.sample_rate, math.inf)
        for start in range(0, len(sound) - length, length)
    ]
    return {**found, "telephone_pieces": negative_clips(pieces, facts)}


def _thinned(corpus: Corpus) -> Corpus:
    step = max(1, len(corpus) // MOST_DIGITS)
    return replace(corpus, utterances=corpus.utterances[::step])
