"""Sounds to measure a model with: words in noise at an SNR by plain RMS, noise cut to windows, noise from formulas.

The words of a noisy set are mixed as follows; it is the simplest definition there is, not Aurora-2's
(``aurora_resnet.audio.mixing``): no filter, no measure of speech activity. A word of ``n`` samples, trimmed as its
corpus distributes it, stands in the middle of the model's window of ``L`` samples. With ``x`` the word, ``v`` a stretch
of noise cut at a random place, and ``R`` the samples on which the noise lies (all of the window, or only those of the
word),

    P_x = sum x^2 / n,    P_v = sum over R of v^2 / |R|,    y = x + v sqrt(P_x / (P_v 10^(SNR / 10))) on R.

Sums beyond full scale stay as they are: nothing is clipped and nothing is scaled.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aurora_resnet.audio.mixing import mean_snr_gain
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.runtime.models import ModelFacts
from aurora_resnet.runtime.vocabulary import DIGITS
from aurora_resnet.training.data import SoundFiles
from aurora_resnet.training.sounds import find_sounds, read_sounds

PACKET_SECONDS = 0.02
#: RMS levels of the made white noise, dB re full scale.
WHITE_LEVELS_DB = (-60, -50, -40, -30, -20, -10)


def wordless(name: str, *sources: SoundFiles, root: str | Path = ".") -> Corpus:
    """Return sound files as recordings without any word."""
    return Corpus(name, tuple(Utterance(path, (), "") for path in find_sounds(sources, root)))


def scene_corpora(sources: Sequence[SoundFiles], root: str | Path = ".") -> dict[str, Corpus]:
    """Return noise recordings by the folder in which they lie: one for each scene."""
    paths = find_sounds(sources, root)
    found: dict[str, list[Utterance]] = {}
    for path in paths:
        found.setdefault(path.parent.name, []).append(Utterance(path, (), ""))
    return {scene: Corpus(scene, tuple(utterances)) for scene, utterances in found.items()}


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


def read_whole(corpus: Corpus, sample_rate: int) -> list[Samples]:
    """Return the whole recordings of a corpus at one rate."""
    return read_sounds([utterance.path for utterance in corpus], sample_rate, math.inf)


def draw_noise(recordings: Sequence[Samples], count: int, length: int, generator: np.random.Generator) -> Tensor:
    """Cut stretches of noise: each from a recording drawn at random, at a place drawn at random.

    Args:
        recordings: of one scene; one that is shorter than a stretch is looped.
        count: number of stretches.
        length: of a stretch in samples.
        generator: draws recordings and places.

    Shape: ``[count, length]``.
    """
    stretches = np.empty((count, length), np.float32)
    for stretch in stretches:
        recording = recordings[int(generator.integers(len(recordings)))]
        start = int(generator.integers(max(1, recording.size - length + 1)))
        stretch[:] = recording.take(np.arange(start, start + length), mode="wrap")
    return torch.from_numpy(stretches)


def mix_by_rms(clips: ClipSet, noise: Tensor, snr_db: float, *, under_word_only: bool = False) -> ClipSet:
    """Add noise to words by the definition at the top.

    Args:
        clips: the words.
        noise: a stretch of a whole window for each, ``[len(clips), clips.clip_samples]``.
        snr_db: mean power of the word over mean power of the noise, in dB.
        under_word_only: the noise lies under the word alone and silence around both, as where clips are mixed before
            they are padded; otherwise it fills the window.

    Returns:
        The clips with windows of full length for waveforms.

    Raises:
        AudioError: if a word or its noise is silent.
    """
    speech = clips.batch(range(len(clips)))
    lengths = torch.tensor([min(len(waveform), clips.clip_samples) for waveform in clips.waveforms])
    if under_word_only:
        first = ((clips.clip_samples - lengths) // 2).unsqueeze(1)  # where `batch` centres the word
        place = torch.arange(clips.clip_samples).unsqueeze(0)
        noise = noise * ((place >= first) & (place < first + lengths.unsqueeze(1)))
    noise_samples = lengths if under_word_only else torch.full_like(lengths, clips.clip_samples)
    speech_power = speech.double().square().sum(1) / lengths
    noise_power = noise.double().square().sum(1) / noise_samples
    silent = ((speech_power == 0) | (noise_power == 0)).nonzero()
    if len(silent):
        path = clips.utterances[int(silent[0])].path
        raise AudioError(f"{path}: the word or the noise drawn for it is silent, so there is no SNR; leave it out")
    gain = mean_snr_gain(speech_power, noise_power, snr_db).float()
    return replace(clips, waveforms=tuple(speech + gain.unsqueeze(1) * noise))


def windows(recording: Samples, length: int) -> list[Samples]:
    """Cut a sound into whole windows, one after the other; a shorter sound is one window, centred between zeros.

    What is left at the end of a longer one is dropped.
    """
    if recording.size < length:
        return [fit_length(recording, length)]
    return [recording[start : start + length] for start in range(0, recording.size - length + 1, length)]


def cut_windows(corpus: Corpus, facts: ModelFacts) -> list[Samples]:
    """Cut the recordings of a corpus to a model's windows."""
    recordings = read_whole(corpus, facts.sample_rate)
    return [window for recording in recordings for window in windows(recording, facts.clip_samples)]


def white_noise(level_db: float, count: int, length: int, generator: np.random.Generator) -> list[Samples]:
    """Make windows of Gaussian white noise with an RMS of ``level_db`` dB re full scale on average."""
    scale = 10 ** (level_db / 20)
    return [(scale * generator.standard_normal(length)).astype(np.float32) for _ in range(count)]


def lossy(samples: Samples, rate: int, share: float, generator: np.random.Generator) -> Samples:
    """Return a recording of which a share of the packets of 20 ms is silent, each drawn by itself.

    >>> float((lossy(np.ones(160_000, np.float32), 8000, 0.1, np.random.default_rng(0)) == 0).mean().round(2))
    0.1
    """
    size = round(PACKET_SECONDS * rate)
    kept = generator.random(-(-len(samples) // size)) >= share
    return samples * np.repeat(kept, size)[: len(samples)].astype(np.float32)


def negative_clips(sounds: Sequence[Samples], facts: ModelFacts) -> ClipSet:
    """Return sounds at a model's rate and of its clips' length as negatives."""
    return ClipSet(
        utterances=tuple(Utterance(Path(str(number)), (), "") for number in range(len(sounds))),
        labels=torch.full((len(sounds),), len(facts.vocabulary)),
        sample_rate=facts.sample_rate,
        clip_samples=facts.clip_samples,
        waveforms=tuple(torch.from_numpy(sound) for sound in sounds),
        vocabulary=facts.vocabulary,
    )
