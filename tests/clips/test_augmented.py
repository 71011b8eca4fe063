from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.audio.levels import active_power
from aurora_resnet.augmentation.noise_pool import NoisePool, NoiseShares
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.clips.augmented import FEW_TALKERS_SNR_DB, AugmentedClips
from aurora_resnet.clips.clip_set import ClipSet, load_clips
from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.corpora.samples import read_samples
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.models.recognizer_model import RecognizerConfig
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import DIGITS, Vocabulary

UNTOUCHED: dict[str, Any] = {
    "speed_probability": 0.0,
    "vocoder_probability": 0.0,
    "equalizer_probability": 0.0,
    "reverberation_probability": 0.0,
    "band_probability": 0.0,
    "codec_probability": 0.0,
    "clipping_probability": 0.0,
    "cut_off_probability": 0.0,
}


@pytest.fixture(scope="module")
def clips() -> ClipSet:
    network = RecognizerConfig("cnn", MelConfig(sample_rate=8000))
    return load_clips(read_samples().filter(speakers="samples/flite-awb"), network)


@pytest.fixture(scope="module")
def pool(clips: ClipSet) -> NoisePool:
    speech = [waveform.numpy() for waveform in clips.waveforms]
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    return NoisePool([noise], [speech[:5], speech[5:]], sample_rate=8000, generator=np.random.default_rng(0))


@settings(max_examples=15)
@given(snr_db=st.floats(-5, 30), index=st.integers(0, 21))
def test_the_snr_is_reached(clips: ClipSet, pool: NoisePool, snr_db: float, index: int) -> None:
    # The same draws with noise far away leave the speech; what is left of the mixture then is the noise.
    options = {**UNTOUCHED, "gain_db": (-20.0, -20.0), "noise_probability": 1.0, "noise_under_clip_only": 0.0}
    noisy, clean = (
        AugmentedClips(clips, [], pool, augmentation=Augmentation(**options, snr_db=(snr, snr)), seed=7).make(3, index)
        for snr in (snr_db, 200.0)
    )
    if snr_db >= FEW_TALKERS_SNR_DB:  # below it other noise is drawn
        noise = noisy.astype(float) - clean
        measured = 10 * np.log10(active_power(clean, 8000) / np.square(noise).mean())
        assert measured == pytest.approx(snr_db, abs=0.1)


def test_below_the_limit_no_single_voice_is_the_noise(clips: ClipSet) -> None:
    drawn: list[int] = []

    class Pool(NoisePool):
        def draw(self, length: int, generator: np.random.Generator, *, fewest_talkers: int = 1) -> Samples:
            drawn.append(fewest_talkers)
            return super().draw(length, generator, fewest_talkers=fewest_talkers)

    speech = [waveform.numpy() for waveform in clips.waveforms]
    pool = Pool(speech[:1], [speech], sample_rate=8000, generator=np.random.default_rng(0))
    for snr_db in (-5.0, 10.0):
        augmentation = Augmentation(snr_db=(snr_db, snr_db), noise_probability=1.0)
        AugmentedClips(clips, [], pool, augmentation=augmentation, seed=0).make(0, 0)
    assert drawn == [5, 1]


def test_each_epoch_is_the_same_again_and_no_clip_depends_on_the_others(clips: ClipSet, pool: NoisePool) -> None:
    corpus = AugmentedClips(clips, [np.ones(900, np.float32)], pool, seed=1)
    first, second = corpus.epoch(0), corpus.epoch(1)
    for index in (0, 9, len(corpus) - 1):
        assert torch.equal(first.waveforms[index], torch.from_numpy(corpus.make(0, index)))
        assert not torch.equal(first.waveforms[index], second.waveforms[index])
    assert torch.equal(first.labels[: len(clips)], clips.labels)
    assert all(len(waveform) == 8000 and waveform.abs().max() <= 1 for waveform in first.waveforms)


def test_the_wanted_share_is_negatives(clips: ClipSet, pool: NoisePool) -> None:
    for share in (0.0, 0.5):
        corpus = AugmentedClips(clips, [], pool, shares=NegativeShares(of_epoch=share), seed=0)
        epoch = corpus.epoch(0)
        assert float((epoch.labels == 11).float().mean()) == share
        assert corpus.has_negatives == (share > 0)
        assert [u.words for u in epoch.utterances[len(clips) :]] == [()] * (len(corpus) - len(clips))


def test_the_label_of_negatives_is_the_number_of_the_models_words(clips: ClipSet, pool: NoisePool) -> None:
    words = Vocabulary((*DIGITS.words, "да"))
    epoch = AugmentedClips(replace(clips, vocabulary=words), [], pool, seed=0).epoch(0)
    assert int(epoch.labels.max()) == 12


def test_noise_under_the_clip_ends_with_it(clips: ClipSet, pool: NoisePool) -> None:
    options = {**UNTOUCHED, "noise_probability": 1.0, "noise_under_clip_only": 1.0, "snr_db": (0.0, 0.0)}
    window = AugmentedClips(clips, [], pool, augmentation=Augmentation(**options), seed=2).make(0, 4)
    assert np.count_nonzero(window) <= len(clips.waveforms[4])


def test_only_noise_without_other_words_or_fragments(clips: ClipSet) -> None:
    tone = np.sin(2 * np.pi * 2000 * np.arange(8000) / 8000).astype(np.float32)
    shares = NoiseShares(recorded=1, babble=0, synthetic=0, sum_of_two=0)
    speech = [waveform.numpy() for waveform in clips.waveforms]
    pool = NoisePool([tone], [speech], sample_rate=8000, generator=np.random.default_rng(0), shares=shares)
    corpus = AugmentedClips(
        clips,
        [],
        pool,
        augmentation=Augmentation(**UNTOUCHED),
        shares=NegativeShares(0.5, 0, 0, 1),
        seed=0,
    )
    for index in range(len(clips), len(corpus)):
        spectrum = np.square(np.abs(np.fft.rfft(corpus.make(0, index))))
        assert spectrum[1200:3800].sum() > 0.99 * spectrum.sum()


@pytest.mark.parametrize("arguments", [{"seed": -1}, {"seed": 0, "workers": -1}])
def test_seed_and_workers_are_not_negative(clips: ClipSet, pool: NoisePool, arguments: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="must be 0 or more"):
        AugmentedClips(clips, [], pool, **arguments)  # type: ignore[arg-type]


def test_rates_must_agree(clips: ClipSet) -> None:
    speech = [waveform.numpy() for waveform in clips.waveforms]
    pool = NoisePool(speech[:1], [speech], sample_rate=16_000, generator=np.random.default_rng(0))
    with pytest.raises(ConfigError, match="8000 Hz, the noises 16000 Hz"):
        AugmentedClips(clips, [], pool, seed=0)


def test_balance_takes_the_words_that_the_epoch_chose(clips: ClipSet, pool: NoisePool) -> None:
    two = replace(clips, utterances=tuple(replace(u, speaker="ab"[i > 0]) for i, u in enumerate(clips.utterances)))
    corpus = AugmentedClips(two, [], pool, shares=NegativeShares(of_epoch=0), speaker_power=0.0, seed=0)
    made = corpus.epoch(2)
    speakers = Counter(utterance.speaker for utterance in made.utterances)
    assert speakers["a"] == speakers["b"] == len(clips) // 2
    words = [clips.vocabulary.index(utterance.word) for utterance in made.utterances]
    assert made.labels.tolist() == words
