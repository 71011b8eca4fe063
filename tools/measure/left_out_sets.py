"""What models are measured on that were trained without a corpus: its words, AN4's held-out speakers, near words, talk.

Nothing here is a test set of the shipped models, and no training contained it: see ``tools.make_training_corpus``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from aurora_resnet.clips.clip_set import ClipSet, join_clips, load_clips, load_negatives
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.models import ModelFacts
from aurora_resnet.training.data import DataConfig, SoundFiles, load_data
from aurora_resnet.training.sounds import find_sounds, read_sounds
from tools.measure.sounds import draw_noise, mix_by_rms, negative_clips, wordless

SNRS_DB = (20, 10, 5, 0, -5)
MOST_DIGITS = 600
"""Of a corpus: more are thinned out evenly, for a noisy set has as many at each SNR."""
PIECE_SECONDS = 0.64
DATA = "../shared/data"
TELEPHONE = r"^s\d{4}[05]_"
AN4_WORDS = "data/voices/an4_words/held_out"
SPOKEN = {
    "letters": (SoundFiles(AN4_WORDS, r"^[a-z]_\d"),),
    "other_an4_words": (SoundFiles(AN4_WORDS, r"^[a-z]{2,}_\d"),),
    "telephone_keywords": tuple(
        SoundFiles(f"{DATA}/wuw_corpus_ii/{word}", TELEPHONE)
        for word in ("wildfire", "operator", "thinkengine", "onword", "voyager")
    ),
    "other_words": (
        SoundFiles(f"{DATA}/speech_commands_other/words", "_[0-9a-f]*e_nohash"),
        SoundFiles(f"{DATA}/speech_commands_v2_words", r"^[0-9a-f]*e_\d"),
    ),
}
TALK = SoundFiles(f"{DATA}/wuw_corpus_ii/sentence", TELEPHONE)
NEGATIVES = (*SPOKEN, "telephone_pieces")
"""Kinds of what is no digit."""


@dataclass(frozen=True)
class Fold:
    """A group of speakers that a training leaves out.

    Attributes:
        title: who they are.
        corpora: of the training file, left out and tested on; parts of ``KIND:PATH``.
    """

    title: str
    corpora: tuple[str, ...]

    def split(self, data: DataConfig) -> tuple[DataConfig, DataConfig]:
        """Return the data without these corpora, and the data of these alone.

        Raises:
            SystemExit: if the training file has none of them.
        """
        left_out = tuple(each for each in data.train if any(part in each.corpus for part in self.corpora))
        if not left_out:
            raise SystemExit(f"the training file has no corpus of the fold {self.title}")
        kept = tuple(each for each in data.train if each not in left_out)
        return replace(data, train=kept), replace(data, train=left_out)


@dataclass(frozen=True)
class LeftOutSets:
    """What a training is tested on.

    Attributes:
        digits: clean words of the corpus left out (``left_out``) and of AN4's held-out speakers (``an4``).
        noisy: all of them in noise that training did not contain, by SNR in dB.
        negatives: by kind.
    """

    digits: dict[str, ClipSet]
    noisy: dict[int, ClipSet]
    negatives: dict[str, ClipSet]

    @classmethod
    def read(cls, data: DataConfig, fold: Fold, config: RecognizerConfig, facts: ModelFacts) -> LeftOutSets:
        """Read everything that a training without a fold is tested on.

        Args:
            data: of the training file, whole.
            fold: what was left out.
            config: of the network.
            facts: of the network.
        """
        data = replace(data, share=1.0, speaker_share=1.0)  # of the training alone
        _, left_out = fold.split(data)
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
        return cls(digits, noisy, read_negatives(data.root, config, facts))


def read_negatives(root: str, config: RecognizerConfig, facts: ModelFacts) -> dict[str, ClipSet]:
    """Return what is no digit, by kind."""
    negatives = {kind: load_negatives(wordless(kind, *files, root=root), config) for kind, files in SPOKEN.items()}
    length = round(PIECE_SECONDS * config.sample_rate)
    talk = [
        sound[start : start + length]
        for sound in read_sounds(find_sounds([TALK], root), config.sample_rate, math.inf)
        for start in range(0, len(sound) - length, length)
    ]
    return {**negatives, "telephone_pieces": negative_clips(talk, facts)}


def _thinned(corpus: Corpus) -> Corpus:
    step = max(1, len(corpus) // MOST_DIGITS)
    return replace(corpus, utterances=corpus.utterances[::step])
