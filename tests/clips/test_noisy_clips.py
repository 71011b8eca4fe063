from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from aurora_resnet.audio.channels import g712
from aurora_resnet.audio.levels import active_speech_level
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.noisy import NoisyClips
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError, CorpusError

RATE = 8000
SNRS = (20.0, 5.0, -5.0)


def clip_set(count: int = 40, rate: int = RATE) -> ClipSet:
    generator = np.random.default_rng(0)
    waveforms = tuple(
        torch.from_numpy((0.05 * generator.standard_normal(int(generator.integers(2000, 6000)))).astype(np.float32))
        for _ in range(count)
    )
    utterances = tuple(Utterance(Path(f"{i}.wav"), ("one",), "me") for i in range(count))
    return ClipSet(utterances, torch.ones(count, dtype=torch.int64), rate, RATE, waveforms)


def noises() -> dict[str, Samples]:
    generator = np.random.default_rng(1)
    t = np.arange(3 * RATE) / RATE
    return {
        "hiss": (0.02 * generator.standard_normal(3 * RATE)).astype(np.float32),
        "hum": (0.1 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32),
    }


def corpus(seed: int = 3, **changes: float) -> NoisyClips:
    return NoisyClips(clip_set(), noises(), SNRS, seed=seed, **changes)  # type: ignore[arg-type]


def data(clips: ClipSet) -> list[bytes]:
    return [waveform.numpy().tobytes() for waveform in clips.waveforms]


def test_an_epoch_is_the_same_whenever_it_is_asked_for_and_others_differ() -> None:
    first = corpus(clean_share=0.0)
    epochs = [data(first.epoch(number)) for number in (0, 1, 2)]
    again = corpus(clean_share=0.0)
    assert [data(again.epoch(number)) for number in (2, 0)] == [epochs[2], epochs[0]]
    assert not set(epochs[0]) & set(epochs[1])
    assert not set(epochs[1]) & set(epochs[2])
    assert not set(data(corpus(4, clean_share=0.0).epoch(0))) & set(epochs[0])


def test_an_epoch_keeps_everything_but_the_waveforms() -> None:
    made = corpus()
    clean = made.clips
    before = data(clean)
    epoch = made.epoch(0)
    assert (epoch.utterances, epoch.sample_rate, epoch.clip_samples) == (clean.utterances, RATE, RATE)
    assert torch.equal(epoch.labels, clean.labels)
    assert [len(w) for w in epoch.waveforms] == [len(w) for w in clean.waveforms]
    assert data(clean) == before
    assert all(w.dtype == torch.float32 for w in epoch.waveforms)


def test_the_noise_lies_at_the_snr_drawn() -> None:
    made = corpus(clean_share=0.0)
    drawn = set()
    for index, waveform in enumerate(made.clips.waveforms):
        mixture, name, record = made.mix(0, index)
        assert record is not None
        drawn.add((name, record.snr_db))
        sent = g712(waveform.numpy(), RATE)
        added = mixture * max(1.0, record.peak) - sent
        level_db = active_speech_level(sent, RATE).level_db
        snr_db = level_db - 10 * np.log10(np.mean(added.astype(np.float64) ** 2))
        assert snr_db == pytest.approx(record.snr_db, abs=0.05)
    assert drawn == {(name, snr) for name in ("hiss", "hum") for snr in SNRS}


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_clean_share_passes_the_channel_only(share: float) -> None:
    made = corpus(clean_share=share)
    clean = 0
    for epoch in range(5):
        for index, waveform in enumerate(made.clips.waveforms):
            mixture, _, record = made.mix(epoch, index)
            if record is None:
                clean += 1
                np.testing.assert_array_equal(mixture, g712(waveform.numpy(), RATE))
    spread = 4 * np.sqrt(200 * share * (1 - share))  # four standard deviations of the binomial
    assert abs(clean - 200 * share) <= spread


def test_a_silent_stretch_is_drawn_again() -> None:
    half = np.concatenate([np.zeros(20_000, np.float32), noises()["hiss"]])
    made = NoisyClips(clip_set(), {"half": half}, SNRS, seed=0, clean_share=0.0)
    assert all(made.mix(0, index)[2] is not None for index in range(40))


def test_bad_arguments_are_refused() -> None:
    good = clip_set(2)
    for clips, some, snrs, more in (
        (clip_set(2, 16_000), noises(), SNRS, {}),
        (good, {}, SNRS, {}),
        (good, noises(), (), {}),
        (good, noises(), (float("nan"),), {}),
        (good, noises(), SNRS, {"channel": "g71"}),
        (good, noises(), SNRS, {"clean_share": 1.5}),
        (good, noises(), SNRS, {"seed": -1}),
    ):
        with pytest.raises(ConfigError):
            NoisyClips(clips, some, snrs, **({"seed": 0} | more))
    silent = ClipSet(good.utterances, good.labels, RATE, RATE, (torch.zeros(800), good.waveforms[1]))
    with pytest.raises(CorpusError, match=r"1 clips cannot be mixed at an SNR, the first: 0\.wav"):
        NoisyClips(silent, noises(), SNRS, seed=0)
