"""What a training file says about data: recordings, and the noise and sounds that make them harder."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, field, fields, replace
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

from aurora_resnet.audio.channels import CHANNELS
from aurora_resnet.augmentation.noise_pool import NoiseShares
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.bounds import Between, OneOf, configuration
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.clips.string_clips import StringShares
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.aurora2 import SCENES
from aurora_resnet.corpora.splits import check_speakers_disjoint, split_speakers
from aurora_resnet.noisy_corpus.scenes import SCENE_NAMES
from aurora_resnet.runtime.errors import ConfigError, CorpusError, listed
from aurora_resnet.runtime.vocabulary import Vocabulary

T = TypeVar("T")
Share = Annotated[float, Between(0, 1)]
#: How many words a message lists.
LISTED = 20


@configuration()
class Source:
    """Part of a corpus to train on."""

    #: ``KIND:PATH``, the path relative to ``data.root``.
    corpus: str
    #: Split of the corpus; none takes all of it.
    split: str | None = None
    _: KW_ONLY
    #: Attributes that the recordings must have, as in ``{ set = "train-multi" }`` of an Aurora-2 tree.
    where: dict[str, str] = field(default_factory=dict)
    #: Speakers to leave out, for instance test speakers of a corpus without such a split.
    without_speakers: tuple[str, ...] = ()
    #: Share of the clips whose speakers are held out to choose the best epoch.
    validation_share: Annotated[float, Between(0, 1, below=True)] = 0.0
    #: Leave out recordings of words that the model does not know, instead of refusing the corpus.
    known_words_only: bool = False


@configuration()
class SoundFiles:
    """Sound files of a folder and its sub-folders."""

    #: Relative to ``data.root``.
    folder: str
    #: Regular expression that must be found in a file's name.
    match: str = ""
    _: KW_ONLY
    #: How often each file counts, for a few good recordings among many.
    repeat: Annotated[int, Between(1, 1000)] = 1

    def _misfits(self) -> Iterator[str]:
        try:
            re.compile(self.match)
        except re.error as error:
            yield f"match '{self.match}' is not a regular expression: {error}"


@configuration()
class SceneNoise:
    """Noise of Aurora-2's scenes, mixed as there: other noise in every epoch; see ``NoisyClips``."""

    #: Folder with one sub-folder a scene, or a TOML file that maps them, relative to ``data.root``.
    folder: str
    scenes: tuple[Annotated[str, OneOf(SCENE_NAMES)], ...] = SCENES["train-multi"]
    _: KW_ONLY
    snrs_db: tuple[Annotated[float, Between(-100, 100)], ...] = (20.0, 15.0, 10.0, 5.0)
    #: Share of the clips that stay without noise.
    clean_share: Share = 0.2
    channel: Annotated[str, OneOf(CHANNELS)] = "g712"
    #: Whether validation clips get the channel and noise too, once and the same in every run.
    noisy_validation: bool = False

    def _misfits(self) -> Iterator[str]:
        yield from (f"{name} must not be empty" for name in ("scenes", "snrs_db") if not getattr(self, name))


@configuration(kw_only=True)
class AugmentSource:
    """Fresh, harder copies of the words in every epoch, and negatives; see ``AugmentedClips``.

    Either ``noises`` or ``scene_noise`` is needed; with ``scene_noise`` all the rest stays away.
    """

    noises: tuple[SoundFiles, ...] = ()
    #: Recordings of words that are not in the vocabulary.
    negatives: tuple[SoundFiles, ...] = ()
    #: Recordings of any length that say none of the words; ``negative_shares.pieces`` are cut out of them.
    talk: tuple[SoundFiles, ...] = ()
    #: Noise for a second, noisy copy of the validation clips, none of it among ``noises``.
    validation_noises: tuple[SoundFiles, ...] = ()
    augmentation: Augmentation = field(default_factory=Augmentation)
    negative_shares: NegativeShares = field(default_factory=NegativeShares)
    noise_shares: NoiseShares = field(default_factory=NoiseShares)
    #: A speaker with n clips is drawn in proportion to n to this power: 1 takes every clip once an epoch, 0 takes all
    #: speakers equally often. The size of an epoch stays.
    speaker_power: Share = 1.0
    #: Processes that make an epoch's clips, before it begins; the clips do not depend on it.
    workers: Annotated[int, Between(0, 256)] = 2
    scene_noise: SceneNoise | None = None

    def held_out(self, shares: NegativeShares) -> AugmentSource:
        """Return how clips that are held out get noisy: in the noises for validation, each clip once an epoch.

        Args:
            shares: of negatives, for which there are no recordings.
        """
        return replace(
            self, noises=self.validation_noises, negatives=(), talk=(), negative_shares=shares, speaker_power=1.0
        )

    def _misfits(self) -> Iterator[str]:
        if self.scene_noise is None:
            if not self.noises:
                yield "noises or scene_noise is needed"
            return
        plain = AugmentSource(noises=self.noises or (SoundFiles("."),))
        given = [f.name for f in fields(self)[1:-1] if getattr(self, f.name) != getattr(plain, f.name)]
        if self.noises or given:
            yield f"scene_noise is mixed alone; leave out {', '.join(['noises'] * bool(self.noises) + given)}"


@configuration(kw_only=True)
class StringSource:
    """What a model of strings learns from besides the words; see ``StringClips``.

    Of ``[data.augment]`` it takes noises, augmentation, shares of noise, speaker power and workers, ``negatives`` as
    single words that are none of the vocabulary, and ``talk``. Speakers whose words are held out are held out here too:
    their recordings of strings choose the best epoch.
    """

    #: Corpora of strings, used whole; their single words are left out.
    recordings: tuple[Source, ...] = ()
    #: Folders like AN4's, whose ``words.csv`` says where each word of an utterance lies; their split ``train``.
    aligned: tuple[str, ...] = ()
    #: Recordings that say none of the words, to be recognised as such; none of them among ``talk``.
    validation_talk: tuple[SoundFiles, ...] = ()
    #: Clips of an epoch.
    size: Annotated[int, Between(2, 10_000_000)] = 6000
    shares: StringShares = field(default_factory=StringShares)


@configuration()
class DataConfig:
    """What to train on."""

    train: tuple[Source, ...]
    #: Folder that the corpora's paths start from, relative to the working directory.
    root: str = "."
    _: KW_ONLY
    #: Share of the training clips to learn from, drawn by their names: a smaller share is part of a larger one.
    share: Annotated[float, Between(0, 1, above=True)] = 1.0
    #: Share of the training speakers to learn from, with all their clips, drawn by their names as ``share`` is.
    speaker_share: Annotated[float, Between(0, 1, above=True)] = 1.0
    #: What makes the training clips harder, noise included, and negatives; validation too, if it says so.
    augment: AugmentSource | None = None
    #: For models of strings, which need it.
    strings: StringSource | None = None

    def _misfits(self) -> Iterator[str]:
        if self.strings is not None and (self.augment is None or not self.augment.noises):
            yield "strings need augment with noises"
        if self.strings is not None and self.augment is not None and self.augment.negative_shares != NegativeShares():
            yield "augment.negative_shares are for single words; strings have shares of their own (strings.shares)"


class TrainingData(NamedTuple):
    """Recordings to learn from, those that choose the best epoch, and the vocabulary."""

    train: Corpus
    validation: Corpus
    vocabulary: Vocabulary


class TrainingClips(NamedTuple):
    """What a training learns from, what chooses the best epoch, and the latter's recordings where they are kept."""

    train: ClipSet | ClipSource
    validation: ClipSet | None
    held_out: Corpus | None = None


def load_data(config: DataConfig, vocabulary: Vocabulary | None = None) -> TrainingData:
    """Find the recordings, isolated words only, no speaker on both sides.

    Args:
        config: what to train on.
        vocabulary: of the model; ``None`` takes the words of all sources that are not ``known_words_only``.

    Raises:
        ConfigError: if there is no vocabulary to be had, or a source leaves out a speaker whom it has not.
        CorpusError: if a corpus cannot be read, has no such recordings or has words that the model does not know.
        SpeakerLeakError: if a speaker stands on both sides.

    >>> data = load_data(DataConfig((Source("samples:", split="train", validation_share=0.2),)))
    >>> len(data.train) + len(data.validation), len(data.vocabulary)
    (418, 11)
    """
    corpora = [select(source, config.root).filter(isolated=True) for source in config.train]
    if vocabulary is None:
        telling = [corpus for source, corpus in zip(config.train, corpora, strict=True) if not source.known_words_only]
        if not telling:
            raise ConfigError("known_words_only needs a vocabulary: give words, or a source without it")
        vocabulary = telling[0].merge(*telling[1:]).vocabulary()
    train, validation = Corpus("train", ()), Corpus("validation", ())
    for source, corpus in zip(config.train, corpora, strict=True):
        known = _known(corpus, source, vocabulary)
        if source.validation_share:
            known, held_out = split_speakers(known, source.validation_share, seed=0)
            validation = validation + held_out
        train = train + known
    if config.speaker_share < 1:
        train = train.filter(speakers=_drawn(train.speakers, os.fsencode, config.speaker_share))
    train = Corpus("train", _drawn(train.utterances, lambda each: os.fsencode(each.path.name), config.share))
    validation = Corpus("validation", validation.utterances)
    if len(validation):
        check_speakers_disjoint(train=train, validation=validation)
    return TrainingData(train, validation, vocabulary)


def select(source: Source, root: str) -> Corpus:
    """Return the recordings of a source, whether or not the model knows their words.

    Raises:
        ConfigError: if it leaves out a speaker whom it has not.
        CorpusError: if it cannot be read, or has no such recordings.
    """
    kind, _, path = source.corpus.partition(":")
    whole = load_corpus(f"{kind}:{Path(root) / Path(path).expanduser()}" if path else f"{kind}:")
    corpus = whole.filter(split=source.split)
    for name, value in source.where.items():
        corpus = corpus.filter(**{name: value})  # type: ignore[arg-type]  # an attribute's name
    left_out = set(source.without_speakers)
    if missing := left_out - set(corpus.speakers):
        raise ConfigError(f"{source.corpus} has no speaker {', '.join(sorted(missing))} to leave out")
    return corpus.filter(speakers=set(corpus.speakers) - left_out) if left_out else corpus


def _known(corpus: Corpus, source: Source, vocabulary: Vocabulary) -> Corpus:
    """Return the recordings of known words; refuse all other words unless the source says otherwise."""
    unknown = vocabulary.unknown(corpus.words)
    if not unknown:
        return corpus
    if not source.known_words_only:
        raise CorpusError(
            f"{source.corpus} has words that the model does not know: {listed(unknown, LISTED)}; add them to words, "
            "or leave their recordings out with known_words_only = true"
        )
    known = corpus.filter(lambda utterance: utterance.word in vocabulary)
    if not len(known):
        raise CorpusError(f"{source.corpus} has none of the model's words, but {listed(unknown, LISTED)}")
    return known


def _drawn(whole: Sequence[T], name: Callable[[T], bytes], share: float) -> tuple[T, ...]:
    """Return a share of utterances or speakers in their order, at least two."""
    drawn = sorted(whole, key=lambda each: hashlib.sha256(name(each)).digest())
    kept = set(drawn[: max(2, round(share * len(whole)))])
    return tuple(each for each in whole if each in kept)
