"""What a training file says about data, and how it is loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.noisy import NoisyClips
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.sources.aurora2 import SCENES
from aurora_resnet.corpora.splits import check_speakers_disjoint, split_speakers
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.noisy_corpus.scenes import read_noise_scenes
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.training.augmented_data import AugmentSource


@dataclass(frozen=True)
class Source:
    """Part of a corpus to train on."""

    corpus: str
    """``KIND:PATH``, the path relative to ``data.root``."""
    split: str | None = None
    """Split of the corpus; none takes all of it."""
    where: dict[str, str] = field(default_factory=dict)
    """Attributes that the recordings must have, as in ``{ set = "train-multi" }`` of an Aurora-2 tree."""
    without_speakers: tuple[str, ...] = ()
    """Speakers to leave out, for instance test speakers of a corpus without such a split."""
    validation_share: float = 0.0
    """Share of the clips whose speakers are held out to choose the best epoch."""


@dataclass(frozen=True)
class NoiseSource:
    """Noise to mix into the training clips, other noise in every epoch."""

    folder: str
    """Folder with one sub-folder a scene, or a TOML file that maps them, relative to ``data.root``."""
    scenes: tuple[str, ...] = SCENES["train-multi"]
    snrs_db: tuple[float, ...] = (20.0, 15.0, 10.0, 5.0)
    clean_share: float = 0.2
    """Share of the clips that stay without noise."""
    channel: str = "g712"
    noisy_validation: bool = False
    """Whether validation clips get the channel and noise too, once and the same in every run."""


@dataclass(frozen=True)
class DataConfig:
    """What to train on."""

    train: tuple[Source, ...]
    root: str = "."
    """Folder that the corpora's paths start from, relative to the working directory."""
    share: float = 1.0
    """Share of the training clips to learn from, drawn by their names: a smaller share is part of a larger one."""
    noise: NoiseSource | None = None
    """Noise for the training clips, and for validation if it says so."""
    augment: AugmentSource | None = None
    """Everything that makes the clips harder, noise included, and sounds that are no digit."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ConfigError(f"data.share must lie above 0 and up to 1, got {self.share}")
        if self.noise and self.augment:
            raise ConfigError("data.augment mixes noise itself; leave data.noise out")


def load_data(config: DataConfig) -> tuple[Corpus, Corpus]:
    """Return (training corpus, validation corpus), isolated words only, speakers disjoint.

    Raises:
        CorpusError: if a corpus cannot be read or has no such recordings.
        SpeakerLeakError: if a speaker stands on both sides.
    """
    train, validation = Corpus("train", ()), Corpus("validation", ())
    for source in config.train:
        kind, _, path = source.corpus.partition(":")
        corpus = load_corpus(f"{kind}:{Path(config.root) / Path(path).expanduser()}" if path else f"{kind}:").filter(
            isolated=True
        )
        if source.split is not None:
            corpus = corpus.filter(split=source.split)
        for name, value in source.where.items():
            corpus = corpus.filter(**{name: value})  # type: ignore[arg-type]  # an attribute's name
        if source.without_speakers:
            left_out = set(source.without_speakers)
            missing = left_out - set(corpus.speakers)
            if missing:
                raise ConfigError(f"{source.corpus} has no speaker {', '.join(sorted(missing))} to leave out")
            corpus = corpus.filter(speakers=set(corpus.speakers) - left_out)
        if source.validation_share:
            corpus, held_out = split_speakers(corpus, source.validation_share, seed=0)
            validation = validation + held_out
        train = train + corpus
    kept = _drawn(train, config.share)
    train, validation = Corpus("train", kept), Corpus("validation", validation.utterances)
    if len(validation):
        check_speakers_disjoint(train=train, validation=validation)
    return train, validation


def _drawn(corpus: Corpus, share: float) -> tuple[Utterance, ...]:
    """Return a share of the utterances in their order, at least two."""
    drawn = sorted(corpus, key=lambda utterance: hashlib.sha256(utterance.path.name.encode()).digest())
    kept = set(drawn[: max(2, round(share * len(corpus)))])
    return tuple(utterance for utterance in corpus if utterance in kept)


def add_noise(clips: ClipSet, source: NoiseSource, root: str | Path, seed: int) -> NoisyClips:
    """Return the clips with fresh noise for every epoch.

    Raises:
        ConfigError: for a scene that the mapping makes of speech, or that does not exist.
        CorpusError: if a scene has no recordings.
    """
    scenes = read_noise_scenes(Path(root) / source.folder)
    scenes.check_needed(source.scenes)
    made = sorted(set(source.scenes) & set(scenes.talkers))
    if made:
        raise ConfigError(f"data.noise takes recordings; {', '.join(made)} would be made of speech (see make-noisy)")
    noises = {}
    for scene in source.scenes:
        for path in scenes.recordings[scene]:
            samples, rate = read_audio(path)
            noises[f"{scene}/{path.name}"] = resample(samples, rate, clips.sample_rate)
    return NoisyClips(clips, noises, source.snrs_db, seed=seed, channel=source.channel, clean_share=source.clean_share)
