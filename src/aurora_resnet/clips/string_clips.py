"""``StringClips``: every epoch other strings of words, of single words and of whole sentences, for a sequence model.

A clip is one of four kinds: words of one speaker put together; a stretch of a sentence that is known word by word; talk
of which only is known that no word of the vocabulary is in it; noise. What is said stands in the label as units, the
words of the vocabulary first, then kinds of other speech, filled up with ``PAD``. The label of talk and noise begins
with ``NO_WORDS``: any other speech, or none.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import torch

from aurora_resnet.augmentation.noise_pool import NoisePool, Share, all_zero
from aurora_resnet.augmentation.recipe import SPEECH_LEVEL, Augmentation
from aurora_resnet.bounds import Between, configuration
from aurora_resnet.clips.augmented import check_making, in_noise
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.negatives import CROWD
from aurora_resnet.clips.source import make_all
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary

PAD, NO_WORDS = -1, -2
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONGEST_LABEL = 24
KINDS = ("strings", "sentences", "talk", "noise")
#: Between two words, of every second string: some words run into each other.
NEAR_SECONDS, APART_SECONDS = (-0.06, 0.1), (0.03, 0.7)
#: Standard deviation of a word's level in a string.
LEVEL_DB = 2.0
#: Share of the clips of speech that begin with it, as a recording that a button or a detector of speech began.
AT_ONCE = 0.15
#: Share of words that are the word before once more.
AGAIN = 0.15


class Sentence(NamedTuple):
    """A recording that is known word by word.

    Attributes:
        samples: the recording.
        units: what each word is.
        starts: first sample of each word; none where that is not known: such a recording is used whole.
        ends: sample behind each word.
    """

    samples: Samples
    units: tuple[int, ...]
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


@configuration()
class StringShares:
    """Of which kinds the clips are, relative to each other."""

    strings: Share = 0.45
    sentences: Share = 0.3
    talk: Share = 0.17
    noise: Share = 0.08
    #: Share of the words of strings that are none of the vocabulary.
    other_words: Annotated[float, Between(0, 1)] = 0.06
    #: Share of the strings whose every word may be another speaker's: most field recordings have a word or two
    #: a speaker, and their rooms and levels would occur in strings of these words alone.
    other_voices: Annotated[float, Between(0, 1)] = 0.0

    def _misfits(self) -> list[str]:
        # The other two need recordings that may not be there.
        return all_zero(strings=self.strings, noise=self.noise)


@dataclass(repr=False, eq=False)
class StringClips:
    """Strings to learn from, other ones in every epoch.

    A clip draws everything from a generator of its own (seed, epoch, index), as those of ``AugmentedClips`` do.

    Args:
        words: single words, trimmed.
        sentences: recordings that are known word by word.
        others: recordings of single words that are none of the vocabulary, each with its unit.
        talk: recordings of speech without any of the words.
        noises: what noise is drawn from.
        clip_seconds: length of a clip.
        size: clips of an epoch.
        augmentation: how hard.
        shares: of which kinds.
        speaker_power: a speaker with n words is drawn in proportion to n to this power.
        seed: 0 or more.
        workers: processes that make an epoch's clips; 0 makes them in this one. The clips do not depend on it.

    Raises:
        ConfigError: if words and noises have different rates, a word or a recording that is used whole is longer than
            a clip, or seed or workers are below 0.
    """

    words: ClipSet
    sentences: Sequence[Sentence]
    others: Sequence[tuple[Samples, int]]
    talk: Sequence[Samples]
    noises: NoisePool
    _: KW_ONLY
    clip_seconds: float
    size: int
    augmentation: Augmentation = field(default_factory=Augmentation)
    shares: StringShares = field(default_factory=StringShares)
    speaker_power: float = 1.0
    seed: int
    workers: int = 0
    has_negatives: ClassVar[bool] = False

    def __post_init__(self) -> None:
        words = self.words
        check_making(words, self.noises, seed=self.seed, workers=self.workers)
        self.sample_rate, self.clip_samples = words.sample_rate, round(self.clip_seconds * words.sample_rate)
        whole = [len(sentence.samples) for sentence in self.sentences if not sentence.starts]
        longest = max([*map(len, words.waveforms), *(len(word) for word, _ in self.others), *whole]) / words.sample_rate
        if longest > self.clip_seconds:
            shorter = f"clips of {self.clip_seconds:g} s are too short"
            raise ConfigError(f"{shorter}: a word or recording takes {longest:.2f} s")
        there = {"strings": True, "sentences": bool(self.sentences), "talk": bool(self.talk), "noise": True}
        given = np.array([getattr(self.shares, kind) if there[kind] else 0.0 for kind in KINDS])
        self._kinds = given / given.sum()
        self._voices: dict[str, dict[int, list[int]]] = {}  # speaker -> word -> clips
        for index, (utterance, label) in enumerate(zip(words.utterances, words.labels.tolist(), strict=True)):
            self._voices.setdefault(utterance.speaker, {}).setdefault(label, []).append(index)
        self._speakers = sorted(self._voices)
        counts = np.array([sum(map(len, self._voices[name].values())) for name in self._speakers], dtype=np.float64)
        self._odds = counts**self.speaker_power / (counts**self.speaker_power).sum()

    def __len__(self) -> int:
        return self.size

    def epoch(self, number: int) -> ClipSet:
        """Return the clips of an epoch; their labels are ``[n, LONGEST_LABEL]``."""
        waveforms, labels = zip(*make_all(partial(self.make, number), range(self.size), self.workers), strict=True)
        clips = replace(self.words, waveforms=tuple(map(torch.from_numpy, waveforms)), clip_samples=self.clip_samples)
        utterances, units = (Utterance(Path("string"), (), ""),) * self.size, torch.from_numpy(np.stack(labels))
        return replace(clips, utterances=utterances, labels=units, problems=())

    def make(self, epoch: int, index: int) -> tuple[Samples, np.ndarray]:
        """Return one clip of an epoch and its label."""
        generator = np.random.default_rng([self.seed, epoch, index])
        kind = KINDS[int(generator.choice(len(KINDS), p=self._kinds))]
        if kind == "noise":
            noise = self.noises.draw(self.clip_samples, generator, fewest_talkers=CROWD) * np.float32(SPEECH_LEVEL)
            return self.augmentation.transmit(noise, self.sample_rate, generator), padded([NO_WORDS])
        draw = {"strings": self._string, "sentences": self._stretch, "talk": self._talk}[kind]
        speech, units = draw(generator)
        speech, spoken = self.augmentation.speak(speech, self.sample_rate, generator)
        if spoken > self.clip_samples and units is not None:  # played slowly; a label names all that is in the clip
            return self.make(epoch, index + self.size)
        window = np.zeros(self.clip_samples, dtype=np.float32)
        at_once = generator.random() < AT_ONCE
        start = 0 if at_once else int(generator.uniform(0, max(0, self.clip_samples - spoken)))
        end = min(start + len(speech), self.clip_samples)
        window[start:end] = speech[: end - start]
        window = in_noise(window, (start, start + spoken), self.noises, self.augmentation, generator)
        return window, padded([NO_WORDS] if units is None else units)

    def _string(self, generator: np.random.Generator) -> tuple[Samples, list[int] | None]:
        """Put words of one speaker together, or of several."""
        voice = self._voice(generator)
        mixed = self.shares.other_voices > 0 and generator.random() < self.shares.other_voices
        rate, room = self.sample_rate, self.clip_samples * generator.uniform(0.15, 0.95)
        close = generator.random() < 0.5
        total = np.zeros(self.clip_samples, dtype=np.float32)
        place, units, last = 0, list[int](), -1
        while len(units) < LONGEST_LABEL:
            if self.others and generator.random() < self.shares.other_words:
                word, unit = self.others[int(generator.integers(len(self.others)))]
            else:
                voice = self._voice(generator) if mixed else voice
                known = sorted(voice)
                unit = (
                    last if last in voice and generator.random() < AGAIN else known[int(generator.integers(len(known)))]
                )
                word = self.words.waveforms[voice[unit][int(generator.integers(len(voice[unit])))]].numpy()
                last = unit
            if place + len(word) > (room if units else self.clip_samples):
                break
            total[place : place + len(word)] += word * np.float32(10 ** (generator.normal(0, LEVEL_DB) / 20))
            units.append(unit)
            pause = generator.uniform(*(NEAR_SECONDS if close else APART_SECONDS))
            place = max(0, place + len(word) + round(pause * rate))
        return total[: min(place + rate // 10, self.clip_samples)], units

    def _voice(self, generator: np.random.Generator) -> dict[int, list[int]]:
        """Draw a speaker and return the clips of each word."""
        return self._voices[self._speakers[int(generator.choice(len(self._speakers), p=self._odds))]]

    def _stretch(self, generator: np.random.Generator) -> tuple[Samples, list[int] | None]:
        """Cut neighbouring words out of a sentence, midway between them and the next ones."""
        sentence = self.sentences[int(generator.integers(len(self.sentences)))]
        if not sentence.starts:
            return sentence.samples, list(sentence.units)
        first = int(generator.integers(len(sentence.units))) if generator.random() < 0.6 else 0
        begin = (sentence.ends[first - 1] + sentence.starts[first]) // 2 if first else 0
        most = self.clip_samples * generator.uniform(0.3, 0.95)
        last, end = first, 0
        for last in range(first, len(sentence.units)):
            following = last + 1 < len(sentence.units)
            until = (sentence.ends[last] + sentence.starts[last + 1]) // 2 if following else len(sentence.samples)
            until = min(until, sentence.ends[last] + self.sample_rate // 2)
            if last > first and (until - begin > most or last - first == LONGEST_LABEL):
                last -= 1
                break
            end = until
        begin = max(begin, sentence.starts[first] - self.sample_rate // 2)
        return sentence.samples[begin:end], list(sentence.units[first : last + 1])

    def _talk(self, generator: np.random.Generator) -> tuple[Samples, list[int] | None]:
        recording = self.talk[int(generator.integers(len(self.talk)))]
        length = round(self.clip_samples * generator.uniform(0.2, 0.95))
        start = int(generator.integers(max(1, len(recording) - length)))
        return recording[start : start + length], None


def unit_of(word: str, vocabulary: Vocabulary, others: int) -> int:
    """Return the unit of a word: the vocabulary's index, or a kind of other speech.

    Of ``others`` kinds the first ones are the letters of the alphabet, spoken, and the last is any other word.

    Raises:
        ConfigError: for another word, if there are no such kinds.

    >>> words = Vocabulary(("yes", "no"))
    >>> unit_of("no", words, 27), unit_of("a", words, 27), unit_of("z", words, 27), unit_of("maybe", words, 27)
    (1, 2, 27, 28)
    >>> unit_of("a", words, 1)
    2
    """
    if word in vocabulary:
        return vocabulary.index(word)
    if others < 1:
        raise ConfigError(f"there is no unit for the word '{word}'; give the model others = 1 or more")
    letter = LETTERS.find(word) if len(word) == 1 else -1
    return len(vocabulary) + (letter if 0 <= letter < others - 1 else others - 1)


def padded(units: Sequence[int]) -> np.ndarray:
    """Return units as a label.

    >>> padded([3, 3])[:4].tolist()
    [3, 3, -1, -1]
    """
    label = np.full(LONGEST_LABEL, PAD, dtype=np.int64)
    label[: len(units)] = units
    return label
