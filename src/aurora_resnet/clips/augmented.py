"""``AugmentedClips``: new, harder copies of the words in every epoch, and negatives."""

from collections.abc import Collection, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from aurora_resnet.audio.mixing import active_snr_gain
from aurora_resnet.augmentation.noise_pool import NoisePool
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.clips.balance import balanced_epoch
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.negatives import CROWD, Negatives, NegativeShares
from aurora_resnet.clips.source import SILENCE, make_all
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

#: Below it a babble has a crowd of talkers: else a louder voice may say another word.
FEW_TALKERS_SNR_DB = 3.0


def check_making(words: ClipSet, noises: NoisePool, *, seed: int, workers: int) -> None:
    """Raise ``ConfigError`` unless fresh clips can be made of words and noises of one rate, by a seed and processes."""
    if noises.sample_rate != words.sample_rate:
        raise ConfigError(f"the words have {words.sample_rate} Hz, the noises {noises.sample_rate} Hz")
    if seed < 0 or workers < 0:
        raise ConfigError(f"seed and workers must be 0 or more, got {seed} and {workers}")


def in_noise(
    window: Samples, spoken: tuple[int, int], noises: NoisePool, augment: Augmentation, generator: np.random.Generator
) -> Samples:
    """Return speech in noise and through the channel, as often and as hard as an augmentation says.

    Args:
        window: a clip; it is changed.
        spoken: from where to where the speech lies in it; it may reach beyond it.
        noises: at the rate of the clip.
        augment: how hard.
        generator: decides everything.
    """
    rate = noises.sample_rate
    if generator.random() < augment.noise_probability:
        snr_db = generator.uniform(*augment.snr_db)
        fewest = 1 if snr_db >= FEW_TALKERS_SNR_DB else CROWD
        under_clip = generator.random() < augment.noise_under_clip_only
        first, last = (max(spoken[0], 0), min(spoken[1], len(window))) if under_clip else (0, len(window))
        noise = noises.draw(last - first, generator, fewest_talkers=fewest)
        window[first:last] += noise * active_snr_gain(window, snr_db, rate)
    return augment.transmit(window, rate, generator)


@dataclass(repr=False, eq=False)
class AugmentedClips:
    """Words in memory, from which every epoch makes new harder ones.

    A clip draws everything from a generator of its own (seed, epoch, index): voice, microphone, room, place in the
    window, noise and SNR, channel. So an epoch is the same whenever it is asked for, and a training that resumes gets
    the clips that it would have got. The SNR is that of the word's active power and the noise's mean power.

    Args:
        words: trimmed.
        negatives: recordings of other words; without any, negatives are fragments and noise.
        talk: recordings of speech without any of the words, of any length; ``shares.pieces`` of it are negatives.
        noises: what noise is drawn from.
        augmentation: how hard.
        shares: how many clips are negatives; their label is the number of words of the vocabulary.
        speaker_power: a speaker with n clips is drawn in proportion to n to this power; see ``balanced_epoch``.
        seed: 0 or more.
        workers: processes that make an epoch's clips; 0 makes them in this one. The clips do not depend on it.

    Raises:
        ConfigError: if words and noises have different rates, seed or workers are below 0, or as ``Negatives``.

    >>> from aurora_resnet.corpora.samples import read_samples
    >>> from aurora_resnet.clips.clip_set import load_clips
    >>> from aurora_resnet.runtime.models import load_model
    >>> clips = load_clips(read_samples().filter(speakers="samples/flite-awb"), load_model("compact").facts)
    >>> speech = [waveform.numpy() for waveform in clips.waveforms]
    >>> pool = NoisePool(speech[:2], [speech], sample_rate=8000, generator=np.random.default_rng(0))
    >>> corpus = AugmentedClips(clips, [], pool, seed=0)
    >>> first, again, second = corpus.epoch(0), corpus.epoch(0), corpus.epoch(1)
    >>> torch.equal(first.waveforms[0], again.waveforms[0]), torch.equal(first.waveforms[0], second.waveforms[0])
    (True, False)
    >>> len(first), int((first.labels == 11).sum())
    (28, 6)
    """

    words: ClipSet
    negatives: Sequence[Samples]
    noises: NoisePool
    _: KW_ONLY
    talk: Sequence[Samples] = ()
    augmentation: Augmentation = field(default_factory=Augmentation)
    shares: NegativeShares = field(default_factory=NegativeShares)
    speaker_power: float = 1.0
    seed: int
    workers: int = 0

    def __post_init__(self) -> None:
        check_making(self.words, self.noises, seed=self.seed, workers=self.workers)
        self.sample_rate = self.words.sample_rate
        self._negatives = Negatives(self.words, self.negatives, self.noises, self.shares, talk=self.talk)
        self.has_negatives = len(self._negatives) > 0
        self._chosen: tuple[int, npt.NDArray[np.int64]] | None = None  # of the last epoch asked for

    def __len__(self) -> int:
        return len(self.words) + len(self._negatives)

    def epoch(self, number: int) -> ClipSet:
        """Return the clips of an epoch: its words in their order, then the negatives.

        Args:
            number: 0 or more.
        """
        return self.part(number, range(len(self)))

    def part(self, number: int, rows: Collection[int]) -> ClipSet:
        """Return an epoch of which only some clips are made; see ``PartialSource``."""
        ordered = sorted(rows)
        made = dict(zip(ordered, make_all(partial(self.make, number), ordered, self.workers), strict=True))
        waveforms = tuple(torch.from_numpy(made[row]) if row in made else SILENCE for row in range(len(self)))
        words, negatives = self.words.part(self.chosen(number).tolist()), len(self._negatives)
        utterances = words.utterances + (Utterance(Path("negative"), (), ""),) * negatives
        none_of_the_words = torch.full((negatives,), len(words.vocabulary), device="cpu")
        labels = torch.cat((words.labels, none_of_the_words))
        return replace(words, utterances=utterances, labels=labels, waveforms=waveforms)

    def chosen(self, epoch: int) -> npt.NDArray[np.int64]:
        """Return which words an epoch takes."""
        if self._chosen is None or self._chosen[0] != epoch:
            speakers = [utterance.speaker for utterance in self.words.utterances]
            self._chosen = epoch, balanced_epoch(speakers, self.speaker_power, self.seed, epoch)
        return self._chosen[1]

    def make(self, epoch: int, index: int) -> Samples:
        """Return one clip of an epoch, as long as the window."""
        generator = np.random.default_rng([self.seed, epoch, index])
        if index < len(self.words):
            speech: Samples | None = self.words.waveforms[self.chosen(epoch)[index]].numpy()
        else:
            speech = self._negatives.draw(generator)
        augment, rate = self.augmentation, self.sample_rate
        if speech is None:
            return augment.transmit(self._negatives.noise_window(generator), rate, generator)
        speech, spoken = augment.speak(speech, rate, generator)
        window, start = self._place(speech, spoken, generator)
        return in_noise(window, (start, start + spoken), self.noises, augment, generator)

    def _place(self, speech: Samples, spoken: int, generator: np.random.Generator) -> tuple[Samples, int]:
        """Put the speech anywhere in the window; return where it begins (below 0 if its beginning is missed)."""
        window = np.zeros(self.words.clip_samples, dtype=np.float32)
        start = int(generator.uniform(0, 1) * (len(window) - spoken))  # negative if the word is longer
        if generator.random() < self.augmentation.cut_off_probability:
            missed = int(spoken * generator.uniform(0, 0.1))
            start = -missed if generator.random() < 0.5 else len(window) - spoken + missed
        begin, end = max(start, 0), min(start + len(speech), len(window))
        window[begin:end] = speech[begin - start : end - start]
        return window, start
