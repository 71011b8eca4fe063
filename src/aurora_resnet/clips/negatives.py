"""Negatives: clips to learn from that are none of the words.

They are recordings of other words, pieces of other talk as a stream is cut, fragments of the words themselves, speech
made to say nothing, and noise alone. A network that recognises a word in any of these is wrong.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from aurora_resnet.augmentation.noise_pool import NoisePool, Share, all_zero
from aurora_resnet.augmentation.recipe import SPEECH_LEVEL
from aurora_resnet.augmentation.synthetic_noise import burst, call
from aurora_resnet.bounds import Between, configuration
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.runtime.audio.resampling import change_rate
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

#: Largest share of a word that is no longer the word.
FRAGMENT = 0.35
#: How long a piece of talk is, as a stream's stretches are.
PIECE_SECONDS = (0.16, 0.8)
#: Fewest talkers of a babble in which no single word can be understood.
CROWD = 5
#: How much faster or slower speech is that nobody would speak, as factors.
TOO_FAST_OR_SLOW = (2.0, 2.7)
#: Of the stretches that speech is cut into to be put together in another order.
STRETCH_SECONDS = (0.03, 0.09)
Part = Annotated[float, Between(0, 1)]
KINDS = ("words", "fragments", "noise", "pieces", "unspoken")


@configuration()
class NegativeShares:
    """How many clips of an epoch are negatives, and what they are, relative to each other.

    Raises:
        ConfigError: naming every option that is out of its range.

    >>> NegativeShares(of_epoch=1.0)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: of_epoch must lie ... below 1, got 1.0
    """

    #: Share of all clips, from 0 to below 1.
    of_epoch: Annotated[float, Between(0, 1, below=True)] = 0.2
    #: Recordings of other words.
    words: Share = 0.55
    #: Words cut short, backwards, or one's beginning with another's end.
    fragments: Share = 0.15
    noise: Share = 0.3
    #: Stretches cut anywhere out of talk that says none of the words.
    pieces: Share = 0.0
    #: Pieces and words that say nothing: their spectrum upside down, far too fast or slow, or in another order.
    unspoken: Share = 0.0
    #: Of the noises, those that are computed calls, as of animals.
    calls: Part = 0.0
    #: Of the noises, those that are as short as a word, as a knock, a bark or a cough is.
    bursts: Part = 0.0
    #: Words of which no fragments are made: much the same backwards, or their beginning alone is the word.
    whole_words: tuple[str, ...] = ("oh", "nine", "eight")
    #: Of a babble that stands alone: one or two talkers of the training words may say a word that can be understood.
    fewest_talkers: Annotated[int, Between(1, 1000)] = CROWD

    def _misfits(self) -> list[str]:
        return all_zero(**{name: getattr(self, name) for name in KINDS})


class Negatives:
    """What negatives are drawn from.

    Args:
        words: the clips of the words, of which fragments are made.
        recordings: of other words; if there are none, their share falls to the fragments and the noise.
        noises: what noise alone is drawn from.
        shares: how many negatives there are, and of which kinds.
        talk: recordings of any length that say none of the words, of which pieces are cut; without any, their share
            falls to the other kinds.

    Raises:
        ConfigError: if the shares ask for recordings alone and there are none.

    >>> from aurora_resnet.corpora.samples import read_samples
    >>> from aurora_resnet.clips.clip_set import load_clips
    >>> from aurora_resnet.runtime.models import load_model
    >>> clips = load_clips(read_samples().filter(speakers="samples/flite-awb"), load_model("compact").facts)
    >>> speech = [waveform.numpy() for waveform in clips.waveforms]
    >>> pool = NoisePool(speech[:2], [speech], sample_rate=8000, generator=np.random.default_rng(0))
    >>> negatives = Negatives(clips, [], pool, NegativeShares(of_epoch=0.5, fragments=1, noise=0))
    >>> len(negatives), negatives.draw(np.random.default_rng(0)).dtype
    (22, dtype('float32'))
    """

    def __init__(
        self,
        words: ClipSet,
        recordings: Sequence[Samples],
        noises: NoisePool,
        shares: NegativeShares,
        *,
        talk: Sequence[Samples] = (),
    ) -> None:
        sources = {"words": recordings, "pieces": talk}
        kinds = np.array([getattr(shares, name) if sources.get(name, True) else 0.0 for name in KINDS])
        if shares.of_epoch and not kinds.any():
            raise ConfigError("negatives are to be other words or talk alone, and no recordings of any are given")
        self.words = words
        self.recordings = list(recordings)
        self.talk = list(talk)
        self.noises = noises
        self.shares = shares
        self._kinds = kinds
        self._ends = np.cumsum([len(recording) for recording in self.talk])
        self._breakable = [i for i, u in enumerate(words.utterances) if u.word not in shares.whole_words]

    def __len__(self) -> int:
        """How many there are in an epoch."""
        return round(len(self.words) * self.shares.of_epoch / (1 - self.shares.of_epoch))

    def draw(self, generator: np.random.Generator) -> Samples | None:
        """Return another word, a piece, a fragment or what says nothing, of any length; None stands for noise alone."""
        kind = KINDS[int(generator.choice(len(KINDS), p=self._kinds / self._kinds.sum()))]
        if kind == "words":
            return self.recordings[int(generator.integers(len(self.recordings)))]
        if kind == "pieces":
            return self._piece(generator)
        if kind == "unspoken":
            return self._unspoken(generator)
        return self._fragment(generator) if kind == "fragments" and self._breakable else None

    def noise_window(self, generator: np.random.Generator) -> Samples:
        """Return noise alone at the level of speech, as long as a clip."""
        shares, length, rate = self.shares, self.words.clip_samples, self.noises.sample_rate
        if shares.calls and generator.random() < shares.calls:
            noise = call(length, sample_rate=rate, generator=generator)
        else:
            noise = self.noises.draw(length, generator, fewest_talkers=shares.fewest_talkers)
        if shares.bursts and generator.random() < shares.bursts:
            noise = burst(noise, sample_rate=rate, generator=generator)
        return noise * np.float32(SPEECH_LEVEL)

    def _piece(self, generator: np.random.Generator) -> Samples:
        """Return a stretch of talk; a longer recording is drawn more often, in proportion to its length."""
        place = int(generator.integers(self._ends[-1]))
        number = int(np.searchsorted(self._ends, place, side="right"))
        recording = self.talk[number]
        length = round(generator.uniform(*PIECE_SECONDS) * self.words.sample_rate)
        start = max(0, min(place - int(self._ends[number]) + len(recording), len(recording) - length))
        return recording[start : start + length].copy()

    def _unspoken(self, generator: np.random.Generator) -> Samples:
        """Return a piece of talk, or a word, that keeps much of the sound of speech and says nothing."""
        if self.talk and generator.random() < 0.5:
            speech = self._piece(generator)
        else:
            speech = self.words.waveforms[int(generator.integers(len(self.words)))].numpy().copy()
        way = generator.integers(3)
        if way == 0:
            speech[1::2] *= -1  # times cos(pi n), which mirrors the spectrum about a quarter of the sample rate
            return speech
        if way == 1:
            factor = generator.uniform(*TOO_FAST_OR_SLOW)
            return change_rate(speech, factor if generator.random() < 0.5 else 1 / factor)
        length = round(generator.uniform(*STRETCH_SECONDS) * self.words.sample_rate)
        stretches = [speech[start : start + length] for start in range(0, len(speech), length)]
        order = generator.permutation(len(stretches))
        return np.concatenate([stretches[int(i)][:: int(generator.choice([1, -1]))] for i in order])

    def _fragment(self, generator: np.random.Generator) -> Samples:
        """Return a word backwards, its beginning or end alone, or one's beginning with another's end."""
        chosen = generator.integers(len(self._breakable), size=2)
        first, second = (self.words.waveforms[self._breakable[int(i)]].numpy() for i in chosen)
        way = generator.integers(3)
        if way == 0:
            return first[::-1].copy()
        if way == 1:
            length = int(len(first) * generator.uniform(0.15, FRAGMENT))
            return first[:length].copy() if generator.random() < 0.5 else first[-length:].copy()
        return np.concatenate((first[: int(len(first) * generator.uniform(0.3, 0.5))], second[len(second) // 2 :]))
