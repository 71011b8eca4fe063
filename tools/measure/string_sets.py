"""The recordings that models of strings are measured with: strings, strings in noise, and speech without digits.

What has to be made (strings of single words, mixtures with noise) is made once, from fixed seeds, as sound files with
manifests, so that other programs can be measured on the very same files.

Noise is added by plain RMS: with ``x`` the string, pauses and all, and ``v`` as long a stretch of noise,

    y = x + v sqrt(P_x / (P_v 10^(SNR / 10))),   P the mean square.

What then exceeds full scale is made quieter as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aurora_resnet.audio.mixing import mean_snr_gain
from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.corpora.sources.an4 import read_an4_aligned, read_an4_strings
from aurora_resnet.noisy_corpus.word_strings import plan_strings, write_strings
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import SoundFiles
from tools.measure.hour import RATE
from tools.measure.sounds import draw_noise, read_whole, scene_corpora, wordless

SNRS_DB = (20, 10, 5, 0)
STRINGS, REPEATED = 220, 200
SEED = 15
#: The telephone sessions of no training and no calibration; their number ends in 0.
TALK_SESSIONS = r"^s\d*0_"


@dataclass(frozen=True)
class StringSets:
    """Strings, and recordings without any digit word.

    Attributes:
        strings: by name; those in noise have the attributes ``noise`` and ``snr_db``.
        talk: telephone sentences.
        letters: utterances of AN4's test speakers without a digit word.
        letter_count: letters that are spelt in them.
    """

    strings: dict[str, Corpus]
    talk: Corpus
    letters: Corpus
    letter_count: int

    @classmethod
    def make(cls, data: Path, folder: Path, *, quick: bool = False) -> StringSets:
        """Read what is there and make the rest, or find it made.

        Args:
            data: folder of the recordings.
            folder: where to make the rest.
            quick: take a little of everything.
        """
        an4 = read_an4_strings(data / "an4").filter(split="test")
        strangers = load_corpus(f"speech-commands:{data / 'speech_commands_digits'}")
        voices = strangers + read_samples().filter(split="test")
        part = 10 if quick else 1
        joined = plan_strings(strangers, STRINGS // part, seed=SEED)
        repeated = plan_strings(voices, REPEATED // part, seed=SEED, said=repeats())
        strings = {
            "an4": an4,
            "strangers": replace(write_strings(joined, folder / "strangers"), name="strangers"),
            "repeated": replace(write_strings(repeated, folder / "repeated"), name="repeated"),
            "noizeus": in_scenes(an4, data / "noise/noizeus", folder / "noizeus", SNRS_DB[::3] if quick else SNRS_DB),
        }
        talk = wordless("talk", SoundFiles("wuw_corpus_ii/sentence", TALK_SESSIONS), root=data)
        known = set(DIGITS.words)
        said = [each.utterance for each in read_an4_aligned(data / "an4") if each.utterance.split == "test"]
        spelt = [sum(len(word) == 1 for word in each.words if not known & set(each.words)) for each in said]
        letters = tuple(each for each, count in zip(said, spelt, strict=True) if count)
        return cls(strings, talk, Corpus("letters", letters), sum(spelt))


def repeats() -> list[tuple[str, ...]]:
    """Return strings that say a digit twice or more in a row.

    >>> len(repeats()), repeats()[0], ("seven",) * 4 in repeats(), ("one", "zero", "zero", "one") in repeats()
    (242, ('zero', 'zero', 'zero'), True, True)
    """
    words = DIGITS.words
    same = [(word,) * count for word in words for count in (3, 4)]
    mixed = [pair for a in words for b in words if a != b for pair in ((a, b, b, a), (a, a, b, b))]
    return sorted(same, key=lambda string: (len(string), DIGITS.index(string[0]))) + mixed


def in_scenes(strings: Corpus, noise: Path, folder: Path, snrs_db: tuple[int, ...]) -> Corpus:
    """Write the strings in every scene at every SNR, or find them written."""
    speech = [resample(*read_audio(utterance.path), RATE) for utterance in strings]
    utterances = []
    for scene, recordings in scene_corpora([SoundFiles(str(noise))]).items():
        sounds = [np.concatenate(read_whole(recordings, RATE))]
        for snr_db in snrs_db:
            for number, (utterance, said) in enumerate(zip(strings, speech, strict=True)):
                path = folder / scene / f"{snr_db}" / f"{utterance.path.stem}.flac"
                if not path.is_file():
                    generator = np.random.default_rng([SEED, number, snr_db, *scene.encode()])
                    added = draw_noise(sounds, 1, len(said), generator)[0].numpy()
                    gain: np.float32 = mean_snr_gain(np.mean(np.square(said)), np.mean(np.square(added)), snr_db)
                    mixed = said + np.multiply(added, np.float32(gain))
                    write_audio(mixed / max(1.0, float(np.abs(mixed).max())), path, RATE)
                about = {"noise": scene, "snr_db": str(snr_db)}
                utterances.append(replace(utterance, path=path, attributes=about))
    corpus = Corpus("noizeus", tuple(utterances))
    corpus.write_csv(folder / "strings.csv")
    return corpus
