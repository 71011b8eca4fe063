"""Loading the sounds that a training file names, and making training and validation clips of them."""

import math
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from aurora_resnet.audio.trimming import trim_silence
from aurora_resnet.augmentation.noise_pool import NoisePool
from aurora_resnet.clips.augmented import AugmentedClips
from aurora_resnet.clips.clip_set import ClipSet, join_clips
from aurora_resnet.clips.noisy import NoisyClips
from aurora_resnet.clips.source import ClipSource
from aurora_resnet.corpora.checking import LeftOut, check_folder
from aurora_resnet.noisy_corpus.scenes import read_noise_scenes
from aurora_resnet.runtime.audio.clips import read_clip
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError, CorpusError
from aurora_resnet.training.data import AugmentSource, SceneNoise, SoundFiles

LONGEST_NOISE_SECONDS = 60.0
#: Words of unknown speakers, so many to a talker of a babble.
SENTENCE_WORDS = 12
#: Whatever the training's seed, so that trainings are compared on the same clips.
VALIDATION_SEED = 0


def training_clips(clips: ClipSet, augment: AugmentSource, root: str | Path, *, seed: int) -> ClipSource:
    """Return what makes other training clips in every epoch, as a training file says.

    Args:
        clips: the words as they were recorded.
        augment: how they get harder.
        root: folder that the sounds' paths start from.
        seed: of the training.

    Raises:
        ConfigError: for scenes that are made of speech.
        CorpusError: if sounds are missing.
        AudioError: if a file cannot be read.
    """
    if augment.scene_noise is not None:
        return add_noise(clips, augment.scene_noise, root, seed)
    return augment_clips(clips, augment, root, seed)


def validation_clips(clips: ClipSet, augment: AugmentSource, root: str | Path) -> ClipSet:
    """Return the clips that choose the best epoch, the same in every run whatever its seed.

    With ``validation_noises`` they are followed by a noisy copy of each, with ``noisy_validation`` they are all noisy.

    Args:
        clips: the held-out words as they were recorded.
        augment: how training clips get harder.
        root: folder that the sounds' paths start from.

    Raises:
        ConfigError: for scenes that are made of speech.
        CorpusError: if sounds are missing.
        AudioError: if a file cannot be read.
    """
    scenes = augment.scene_noise
    if scenes is not None:
        return add_noise(clips, scenes, root, VALIDATION_SEED).epoch(0) if scenes.noisy_validation else clips
    if not augment.validation_noises:
        return clips
    alone = replace(augment.held_out(replace(augment.negative_shares, of_epoch=0.0)), workers=0)
    return join_clips([clips, augment_clips(clips, alone, root, VALIDATION_SEED).epoch(0)])


def add_noise(clips: ClipSet, source: SceneNoise, root: str | Path, seed: int) -> NoisyClips:
    """Return clips with noise of Aurora-2's scenes.

    Raises:
        ConfigError: for a scene that the mapping makes of speech.
        CorpusError: if a scene has no recordings.
        AudioError: if a file cannot be read.
    """
    scenes = read_noise_scenes(Path(root) / source.folder)
    scenes.check_needed(source.scenes)
    made = sorted(set(source.scenes) & set(scenes.talkers))
    if made:
        raise ConfigError(f"scene_noise takes recordings; {', '.join(made)} would be made of speech (see make-noisy)")
    noises = {}
    for scene in source.scenes:
        for path in scenes.recordings[scene]:
            samples, rate = read_audio(path)
            noises[f"{scene}/{path.name}"] = resample(samples, rate, clips.sample_rate)
    return NoisyClips(clips, noises, source.snrs_db, seed=seed, channel=source.channel, clean_share=source.clean_share)


def augment_clips(clips: ClipSet, source: AugmentSource, root: str | Path, seed: int) -> AugmentedClips:
    """Return clips with everything that ``[data.augment]`` asks for, in noise of recordings and of talkers.

    Raises:
        CorpusError: if sounds are missing.
        AudioError: if a file cannot be read.
    """
    rate, words = clips.sample_rate, trim_words(clips)
    recordings = read_sounds(find_sounds(source.negatives, root), rate, clips.clip_samples / rate)
    negatives = [trim_silence(word, rate) for word in recordings]
    return AugmentedClips(
        words,
        negatives,
        noise_pool(words, negatives, source, root, seed),
        talk=read_sounds(find_sounds(source.talk, root), rate, math.inf),
        augmentation=source.augmentation,
        shares=source.negative_shares,
        speaker_power=source.speaker_power,
        seed=seed,
        workers=source.workers,
    )


def noise_pool(
    words: ClipSet, negatives: Sequence[Samples], source: AugmentSource, root: str | Path, seed: int
) -> NoisePool:
    """Return the noise of a training: its recordings, and talkers who say words and negatives.

    Raises:
        CorpusError: if recordings are missing.
        AudioError: if a file cannot be read.
    """
    sentences = [list(negatives[i : i + SENTENCE_WORDS]) for i in range(0, len(negatives), SENTENCE_WORDS)]
    talkers, rate = talkers_of(words) + sentences, words.sample_rate
    recordings = read_sounds(find_sounds(source.noises, root), rate, LONGEST_NOISE_SECONDS)
    generator = np.random.default_rng(seed)
    return NoisePool(recordings, talkers, sample_rate=rate, generator=generator, shares=source.noise_shares)


def find_sounds(sources: Sequence[SoundFiles], root: str | Path) -> list[Path]:
    """Return the files, sorted within each source; hidden ones are not taken.

    Raises:
        CorpusError: if a folder does not exist or has no such file.
    """
    found: list[Path] = []
    for source in sources:
        folder = check_folder(Path(root) / Path(source.folder).expanduser(), "a folder of sound files")
        pattern = re.compile(source.match)
        named = sorted(path for path in folder.rglob("*") if pattern.search(path.name))
        shown = (path for path in named if not any(part[0] == "." for part in path.relative_to(folder).parts))
        files = LeftOut().recordings(folder, shown)
        if not files:
            wanted = f" whose name matches '{source.match}'" if source.match else ""
            raise CorpusError(f"{folder}: expected sound files{wanted}, found none")
        found += files * source.repeat
    return found


def read_sounds(paths: Sequence[Path], sample_rate: int, seconds: float) -> list[Samples]:
    """Read the ``seconds`` of each file with the word in it, at ``sample_rate`` Hz; a file named twice is read once.

    Raises:
        AudioError: if a file cannot be read.
    """
    different = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(max_workers=4) as pool:
        sounds = dict(
            zip(different, pool.map(lambda path: read_clip(path, sample_rate, seconds), different), strict=True)
        )
    return [sounds[path] for path in paths]


def trim_words(clips: ClipSet) -> ClipSet:
    """Return the clips without the silence around the words."""
    trimmed = (trim_silence(waveform.numpy(), clips.sample_rate) for waveform in clips.waveforms)
    return replace(clips, waveforms=tuple(torch.from_numpy(waveform.copy()) for waveform in trimmed))


def talkers_of(clips: ClipSet) -> list[list[Samples]]:
    """Return the words of each speaker, in the order of the names."""
    speakers: dict[str, list[Samples]] = {}
    for utterance, waveform in zip(clips.utterances, clips.waveforms, strict=True):
        speakers.setdefault(utterance.speaker, []).append(waveform.numpy())
    return [speakers[speaker] for speaker in sorted(speakers)]
