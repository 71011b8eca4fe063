"""The recordings that models of single words are measured with: words, noise scenes, noise alone, other words."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import SoundFiles, Source
from tools.make_training_corpus import cut_pieces


@dataclass(frozen=True, kw_only=True)
class WordSets:
    """What a plan says of them; all lie below the folder of the recordings.

    Attributes:
        digits: sets of words.
        noisy: which of them are measured in noise too.
        under_word_only: which of them also at 0 dB with the noise under the word alone.
        snrs_db: signal-to-noise ratios in dB; 5 among them.
        scenes: recordings of noise; each folder is a scene.
        noises: sets of noise alone.
        trained: which of them trainings may contain.
        near_words: folder of AN4, whose test speakers' letters and other words are nearest to digits.
        other_words: folder of Speech Commands; those of its words that are no digits, by speakers of no training.
    """

    digits: dict[str, Source]
    noisy: tuple[str, ...] = ()
    under_word_only: str | None = None
    snrs_db: tuple[int, ...] = (20, 15, 10, 5, 0, -5)
    scenes: tuple[SoundFiles, ...]
    noises: dict[str, SoundFiles] = field(default_factory=dict)
    trained: tuple[str, ...] = ()
    near_words: str | None = None
    other_words: str | None = None


def describe_corpora(corpora: dict[str, Corpus], unit: str = "clips") -> dict[str, Any]:
    """Return size and digest of every corpus."""
    return {
        name: {unit: len(corpus), "speakers": len(corpus.speakers), "digest": corpus.digest()}
        for name, corpus in corpora.items()
    }


def is_reject_test(utterance: Utterance) -> bool:
    """Tell whether a Speech Commands recording belongs to the reject test.

    Its word is none of the vocabulary's, and the last hexadecimal digit of its speaker is odd; trainings may contain
    the even speakers.
    """
    return utterance.word not in DIGITS and int(utterance.speaker[-1], 16) % 2 == 1


def read_near_words(an4: Path, sample_rate: int, length: int) -> dict[str, list[Samples]]:
    """Return what AN4's test speakers say beside digits, each word in a window of its own.

    Args:
        an4: folder of ``words.csv``.
        sample_rate: of the windows, in Hz.
        length: of a window in samples.
    """
    found: dict[str, list[Samples]] = {"letters": [], "other_words": []}
    for piece, _, samples, rate in cut_pieces(an4, "test"):
        if piece.kind == "an4_words":
            kind = "letters" if piece.name[1] == "_" else "other_words"
            found[kind].append(fit_length(resample(samples, rate, sample_rate), length))
    return found
