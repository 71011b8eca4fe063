"""What strangers say: the corpus that a run left out, AN4's held-out training speakers, and near words and talk.

Nothing here is a test set of docs/recognizer.md, and nothing was heard by the training: see the rules of
``tools.make_training_corpus``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from aurora_resnet.clips.clip_set import ClipSet, join_clips, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.models import ModelFacts
from aurora_resnet.training.data import DataConfig, SoundFiles, load_data
from aurora_resnet.training.sounds import find_sounds, read_sounds
from tools.shipped.noisy_sets import draw_noise, mix_by_rms, negative_clips
from tools.strangers.ideas import Fold

SNRS_DB = (20, 10, 5, 0, -5)
MOST_DIGITS = 600
"""Of a corpus: more are thinned out evenly, for a noisy set has as many at each SNR."""
PIECE_SECONDS = 0.64
LETTER_OR_WORD = {"letters": r"^[a-z]_\d", "other_an4_words": r"^[a-z]{2,}_\d"}
DATA = "../shared/data"
NEGATIVES = ("letters", "other_an4_words", "telephone_keywords", "other_words", "telephone_pieces")
"""Kinds of what is no digit."""


@dataclass(frozen=True)
class Strangers:
    """What a run is tested on.

    Attributes:
        digits: clean words of the corpus left out (``left_out``) and of AN4's held-out speakers (``an4``).
        noisy: all of them in noise that training did not know, by SNR in dB.
        negatives: by kind.
    """

    digits: dict[str, ClipSet]
    noisy: dict[int, ClipSet]
    negatives: dict[str, ClipSet]


def read_strangers(data: DataConfig, fold: Fold, config: RecognizerConfig, facts: ModelFacts) -> Strangers:
    """Read everything that a run of a fold is tested on.

    Args:
        data: of the training file, whole.
        fold: what was left out.
        config: of the network.
        facts: of the network.
    """
    data = replace(data, share=1.0, speaker_share=1.0)  # of the training alone
    left_out = replace(data, train=tuple(source for source in data.train if is_left_out(source.corpus, fold)))
    an4 = load_data(replace(data, train=tuple(s for s in data.train if s.validation_share)), config.vocabulary)
    digits = {
        "left_out": load_clips(_thinned(load_data(left_out, config.vocabulary).train), config),
        "an4": load_clips(_thinned(an4.validation), config),
    }
    assert data.augment is not None
    noises = read_sounds(find_sounds(data.augment.validation_noises, data.root), config.sample_rate, math.inf)
    noises = [noise for noise in noises if np.abs(noise).max() > 1e-3]
    noisy = {}
    for snr_db in SNRS_DB:
        generator = np.random.default_rng(0)
        parts = []
        for clips in digits.values():
            stretches = draw_noise(noises, len(clips), clips.clip_samples, generator)
            parts.append(mix_by_rms(clips, stretches + 1e-6, snr_db))
        noisy[snr_db] = join_clips(parts)
    return Strangers(digits, noisy, read_negatives(data.root, config, facts))


def read_negatives(root: str, config: RecognizerConfig, facts: ModelFacts) -> dict[str, ClipSet]:
    """Return what is no digit, by kind."""

    def heard(*sources: SoundFiles) -> ClipSet:
        found = [Utterance(path, (), "") for path in find_sounds(sources, root)]
        return load_negatives(Corpus("negatives", tuple(found)), config)

    words = "data/voices/an4_words/held_out"
    made = {kind: heard(SoundFiles(words, match)) for kind, match in LETTER_OR_WORD.items()}
    keywords = ("wildfire", "operator", "thinkengine", "onword", "voyager")
    telephone = r"^s\d{4}[05]_"
    made["telephone_keywords"] = heard(*(SoundFiles(f"{DATA}/wuw_corpus_ii/{word}", telephone) for word in keywords))
    made["other_words"] = heard(
        SoundFiles(f"{DATA}/speech_commands_other/words", "_[0-9a-f]*e_nohash"),
        SoundFiles(f"{DATA}/speech_commands_v2_words", r"^[0-9a-f]*e_\d"),
    )
    sentences = find_sounds([SoundFiles(f"{DATA}/wuw_corpus_ii/sentence", telephone)], root)
    length = round(PIECE_SECONDS * config.sample_rate)
    talk = [
        sound[start : start + length]
        for sound in read_sounds(sentences, config.sample_rate, math.inf)
        for start in range(0, len(sound) - length, length)
    ]
    made["telephone_pieces"] = negative_clips(talk, facts)
    return made


def is_left_out(corpus: str, fold: Fold) -> bool:
    """Tell whether a fold leaves out a corpus, named as in a training file.

    >>> is_left_out("fsdd:../shared/data/fsdd", Fold("FSDD", ("fsdd:",)))
    True
    """
    return any(part in corpus for part in fold.corpora)


def _thinned(corpus: Corpus) -> Corpus:
    step = max(1, len(corpus) // MOST_DIGITS)
    return replace(corpus, utterances=corpus.utterances[::step])
