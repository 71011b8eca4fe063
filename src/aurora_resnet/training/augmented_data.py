"""What a training file says about augmentation, and how its sounds are loaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.augmentation.noise_pool import NoisePool, NoiseShares
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.clips.augmented import AugmentedClips, NegativeShares
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.checking import SOUND_SUFFIXES, check_folder
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError, CorpusError

LONGEST_NOISE_SECONDS = 60.0
SENTENCE_WORDS = 12
"""Words of unknown speakers, so many to a talker of a babble."""


@dataclass(frozen=True)
class SoundFiles:
    """Sound files of a folder and its sub-folders."""

    folder: str
    """Relative to ``data.root``."""
    match: str = ""
    """Regular expression that must be found in a file's name."""
    repeat: int = 1
    """How often each file counts, for few good recordings beside many others."""


@dataclass(frozen=True)
class AugmentSource:
    """Fresh, harder copies of the words in every epoch, and sounds that are no digit."""

    noises: tuple[SoundFiles, ...]
    others: tuple[SoundFiles, ...] = ()
    """Words that are no digits."""
    validation_noises: tuple[SoundFiles, ...] = ()
    """Noise for a second, noisy copy of the validation clips, none of it among ``noises``."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    negative_shares: NegativeShares = field(default_factory=NegativeShares)
    noise_shares: NoiseShares = field(default_factory=NoiseShares)
    workers: int = 2
    """Processes that make an epoch's clips, before it begins; the clips do not depend on it."""


def find_sounds(sources: Sequence[SoundFiles], root: str | Path) -> list[Path]:
    """Return the files, sorted within each source.

    Raises:
        ConfigError: for a pattern that is no regular expression.
        CorpusError: if a folder does not exist or has no such file.
    """
    found: list[Path] = []
    for source in sources:
        folder = check_folder(Path(root) / Path(source.folder).expanduser(), "a folder of sound files")
        try:
            pattern = re.compile(source.match)
        except re.error as error:
            raise ConfigError(f"match '{source.match}' is not a regular expression: {error}") from error
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SOUND_SUFFIXES and pattern.search(p.name))
        if not files:
            wanted = f" whose name matches '{source.match}'" if source.match else ""
            raise CorpusError(f"{folder}: expected sound files{wanted}, found none")
        found += files * source.repeat
    return found


def read_sounds(paths: Sequence[Path], sample_rate: int, seconds: float) -> list[Samples]:
    """Read the most energetic ``seconds`` of each file.

    Raises:
        AudioError: if a file cannot be read.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(lambda path: read_clip(path, sample_rate, seconds), paths))


def trim_words(clips: ClipSet) -> ClipSet:
    """Return the clips without the silence around the words."""
    trimmed = (trim_silence(waveform.numpy(), clips.sample_rate) for waveform in clips.waveforms)
    return replace(clips, waveforms=tuple(torch.from_numpy(waveform.copy()) for waveform in trimmed))


def augment_clips(clips: ClipSet, source: AugmentSource, root: str | Path, seed: int) -> AugmentedClips:
    """Return the training clips with everything that a file asks for.

    Raises:
        ConfigError: for a pattern that is no regular expression.
        CorpusError: if sounds are missing.
        AudioError: if a file cannot be read.
    """
    rate, words = clips.sample_rate, trim_words(clips)
    heard = read_sounds(find_sounds(source.others, root), rate, clips.clip_samples / rate)
    others = [trim_silence(word, rate) for word in heard]
    talkers = _talkers(words) + [others[i : i + SENTENCE_WORDS] for i in range(0, len(others), SENTENCE_WORDS)]
    pool = _pool(source.noises, talkers, source, root, rate, seed)
    return AugmentedClips(
        words,
        others,
        pool,
        augmentation=source.augmentation,
        shares=source.negative_shares,
        seed=seed,
        workers=source.workers,
    )


def noisy_validation(clips: ClipSet, source: AugmentSource, root: str | Path, seed: int) -> ClipSet:
    """Return the validation clips followed by a noisy copy of each, the same in every run.

    Without ``validation_noises`` the clips alone.
    """
    if not source.validation_noises:
        return clips
    words = trim_words(clips)
    pool = _pool(source.validation_noises, _talkers(words), source, root, clips.sample_rate, seed)
    shares = replace(source.negative_shares, of_epoch=0.0)
    noisy = AugmentedClips(words, [], pool, augmentation=source.augmentation, shares=shares, seed=seed).epoch(0)
    return replace(
        clips,
        utterances=clips.utterances + noisy.utterances,
        labels=torch.cat((clips.labels, noisy.labels)),
        waveforms=clips.waveforms + noisy.waveforms,
    )


def _talkers(clips: ClipSet) -> list[list[Samples]]:
    speakers: dict[str, list[Samples]] = {}
    for utterance, waveform in zip(clips.utterances, clips.waveforms, strict=True):
        speakers.setdefault(utterance.speaker, []).append(waveform.numpy())
    return [speakers[speaker] for speaker in sorted(speakers)]


def _pool(
    noises: Sequence[SoundFiles],
    talkers: Sequence[Sequence[Samples]],
    source: AugmentSource,
    root: str | Path,
    sample_rate: int,
    seed: int,
) -> NoisePool:
    return NoisePool(
        read_sounds(find_sounds(noises, root), sample_rate, LONGEST_NOISE_SECONDS),
        talkers,
        sample_rate=sample_rate,
        generator=np.random.default_rng(seed),
        shares=source.noise_shares,
    )
