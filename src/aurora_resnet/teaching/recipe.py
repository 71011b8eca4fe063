"""How a user's own words are learnt: from what, how long, how hard, and beside which other sounds."""

from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt

from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.augmentation.noise_pool import NoisePool
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.bounds import Between, configuration
from aurora_resnet.clips.augmented import AugmentedClips
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.clips.source import RepeatedEpochs
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.config import Distillation, TrainingConfig
from aurora_resnet.training.data import SoundFiles
from aurora_resnet.training.sounds import LONGEST_NOISE_SECONDS, find_sounds, read_sounds, talkers_of, trim_words

#: Lengths of clips to choose from, whole steps of 40 ms; what starts from shorter ones works on longer ones too.
CLIP_SECONDS = (1.0, 1.6, 2.0, 3.0)
#: What a clip has beyond the longest usual word.
ROOM = 1.05
#: Of backbones, by the model's name, that forget at the head's rate what they learnt; see docs/own-words.md.
BACKBONE_RATES = {"resnet50": 0.003}
#: Of the other words in training, those that the user recorded, at least.
OWN_SHARE = 0.5


@configuration(kw_only=True)
class TeachConfig:
    """What ``teach`` does; the defaults were chosen on Speech Commands' words, see docs/own-words.md.

    >>> TeachConfig(epochs=0)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: epochs must lie from 1 to 10000, got 0
    """

    #: Where to start: a shipped name or a checkpoint.
    init: str = "compact"
    epochs: Annotated[int, Between(1, 10_000)] = 20
    #: Of the optimiser, about as many at least: of few recordings an epoch has several harder copies each.
    steps: Annotated[int, Between(1, 1_000_000)] = 600
    batch_size: Annotated[int, Between(2, 4096)] = 32
    learning_rate: Annotated[float, Between(0, 10, above=True)] = 0.05
    #: If not given, what ``BACKBONE_RATES`` says of the model, else that of the head.
    backbone_learning_rate: Annotated[float, Between(0, 10, above=True)] | None = None
    #: Compute the network in bfloat16, as ``TrainingConfig`` says: faster where the processor has units for it.
    bfloat16: bool = False
    #: So many groups of speakers are held out in turn, for the estimate, the calibration and the threshold.
    groups: Annotated[int, Between(2, 20)] = 2
    #: Epochs whose harder copies differ; they take turns, and the teacher answers each copy once.
    distinct_epochs: Annotated[int, Between(1, 1000)] = 4
    #: The threshold refuses at most this share of the held-out words.
    words_refused: Annotated[float, Between(0, 1, below=True)] = 0.03
    #: Share of the clips of an epoch that are none of the words.
    negatives: Annotated[float, Between(0, 0.9)] = 0.25
    #: Length of the clips; by default as long as the words need.
    clip_seconds: Annotated[float, Between(0, 60, above=True)] | None = None
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(snr_db=(0.0, 30.0), noise_probability=0.7))
    seed: Annotated[int, Between(0, 2**31)] = 0

    def copies(self, clips: int) -> int:
        """Return how many harder copies of each recording an epoch has.

        >>> [TeachConfig().copies(clips) for clips in (50, 200, 1000)]
        [14, 4, 1]
        """
        return max(1, round(self.steps * self.batch_size * (1 - self.negatives) / (self.epochs * clips)))

    def training(self, model: str) -> TrainingConfig:
        """Return how the network is trained.

        Args:
            model: its name in the zoo.

        >>> [TeachConfig().training(model).backbone_learning_rate for model in ("compact", "resnet50")]
        [None, 0.003]
        """
        return TrainingConfig(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            backbone_learning_rate=self.backbone_learning_rate or BACKBONE_RATES.get(model),
            schedule="one_cycle",
            warmup_fraction=0.2,
            weight_decay=1e-4,
            label_smoothing=0.05,
            distillation=Distillation(weight=0.5),
            gradient_clip=5.0,
            random_position=False,  # the clips fill the window
            bfloat16=self.bfloat16,
            spec_augment=SpecAugment(probability=0.5, time_width=10, frequency_width=8),
            seed=self.seed,
        )


def fitting_clip_seconds(words: ClipSet, least: float) -> float:
    """Return a clip length that holds nearly all words whole.

    Args:
        words: read at a clip length that cuts none of them.
        least: seconds, what the network started with.
    """
    needed = ROOM * usual_seconds(words)
    lengths = sorted({least, *(each for each in CLIP_SECONDS if each > least)})
    return next((each for each in lengths if each >= needed), lengths[-1])


def usual_seconds(words: ClipSet) -> float:
    """Return the length that nearly all words have at most, without the silence around them."""
    seconds = [len(trim_silence(w.numpy(), words.sample_rate)) / words.sample_rate for w in words.waveforms]
    return float(np.quantile(seconds, 0.95))


class CommonSounds:
    """What is none of the words, whoever the user is: noises, and what the sample voices say unless the model knows it.

    Args:
        config: of the network.
        noises: folders of sound files without a word, beside the noises in the package.
    """

    def __init__(self, config: RecognizerConfig, noises: Sequence[str | Path] = ()) -> None:
        rate = config.sample_rate
        own = find_sounds([SoundFiles(str(folder)) for folder in noises], ".")
        self.noises = read_sounds([*sample_noises().values(), *own], rate, LONGEST_NOISE_SECONDS)
        voices = load_clips(read_samples().filter(split="train"), replace(config, vocabulary=DIGITS))
        voices = trim_words(voices)
        spoken = zip(voices.utterances, voices.waveforms, strict=True)
        self.words: list[Samples] = [w.numpy() for u, w in spoken if u.word not in config.vocabulary]
        self.talkers = talkers_of(voices)


def group_clips(
    words: ClipSet,
    negatives: Sequence[Samples],
    sounds: CommonSounds,
    config: TeachConfig,
    group: int,
    copies: npt.NDArray[np.int64],
) -> RepeatedEpochs:
    """Return the training clips of one group of recordings: harder copies of its words, and negatives.

    Args:
        words: of the group, as they were recorded.
        negatives: recordings of none of the words, of the group's.
        sounds: of all users.
        config: how hard.
        group: number of the group, which draws apart from the rest.
        copies: of each recording in an epoch, ``[n]``.
    """
    rate, trimmed = words.sample_rate, trim_words(words)
    several = trimmed.part(np.repeat(np.arange(len(trimmed)), copies))
    shared = sounds.words[group :: config.groups]
    repeat = 1 if not negatives else max(1, round(OWN_SHARE / (1 - OWN_SHARE) * len(shared) / len(negatives)))
    seed = config.seed * config.groups + group
    talkers = [*sounds.talkers, [waveform.numpy() for waveform in trimmed.waveforms]]
    pool = NoisePool(sounds.noises, talkers, sample_rate=rate, generator=np.random.default_rng(seed))
    other = [trim_silence(sound, rate) for sound in negatives] * repeat + shared
    shares = NegativeShares(of_epoch=config.negatives, words=0.6, fragments=0.2, noise=0.2)
    augmented = AugmentedClips(several, other, pool, augmentation=config.augmentation, shares=shares, seed=seed)
    return RepeatedEpochs(augmented, config.distinct_epochs)
