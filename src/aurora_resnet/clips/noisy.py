"""Multi-condition training without a tree: other noise in every epoch."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import ClassVar

import numpy as np
import torch

from aurora_resnet.audio.channels import CHANNEL_RATE, apply_channel, g712
from aurora_resnet.audio.levels import active_speech_level
from aurora_resnet.audio.mixing import MixRecord, mix_drawn_noise
from aurora_resnet.clips.clip_set import ClipSet
from aurora_resnet.clips.source import SILENCE
from aurora_resnet.runtime.audio.waveform import Samples, check_samples
from aurora_resnet.runtime.errors import AudioError, ConfigError, CorpusError


@dataclass(repr=False, eq=False)
class NoisyClips:
    """Clean clips in memory, from which every epoch makes new noisy ones.

    A clip draws, from a generator of its own (seed, epoch, index), whether it stays clean, a noise, an SNR and a
    segment of the noise. So an epoch is the same whenever it is asked for, and a run that resumes gets the clips
    that it would have got.

    Args:
        clips: clean training speech at 8 kHz.
        noises: waveforms at 8 kHz by name, all as likely.
        snrs_db: SNRs, all as likely.
        seed: 0 or more.
        channel: what speech and noise pass, a key of ``CHANNELS``.
        clean_share: share of the clips that pass the channel without noise; Aurora-2 has one of five conditions.

    Raises:
        ConfigError: for clips of another rate, no noise, no SNR, an unknown channel or a share outside 0 to 1.
        CorpusError: if clips have no active speech level.

    >>> from aurora_resnet.corpora.samples import read_samples, sample_noises
    >>> from aurora_resnet.runtime.audio.reading import read_audio
    >>> from aurora_resnet.clips.clip_set import load_clips
    >>> from aurora_resnet.runtime.models import load_model
    >>> clips = load_clips(read_samples().filter(speakers="samples/flite-awb"), load_model("compact").facts)
    >>> pink = read_audio(sample_noises()["pink"])[0]
    >>> corpus = NoisyClips(clips, {"pink": pink}, [20, 10], seed=0)
    >>> first, again, second = corpus.epoch(0), corpus.epoch(0), corpus.epoch(1)
    >>> torch.equal(first.waveforms[0], again.waveforms[0]), torch.equal(first.waveforms[0], second.waveforms[0])
    (True, False)
    """

    clips: ClipSet
    noises: Mapping[str, Samples]
    snrs_db: Sequence[float]
    _: KW_ONLY
    seed: int
    channel: str = "g712"
    clean_share: float = 0.2
    has_negatives: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.sample_rate = rate = self.clips.sample_rate
        if rate != CHANNEL_RATE:
            raise ConfigError(f"noise is mixed at {CHANNEL_RATE} Hz, the clips have {rate} Hz; load them at 8 kHz")
        noises, snrs = self.noises, list(self.snrs_db)
        if not noises or not snrs or not all(math.isfinite(snr_db) for snr_db in snrs):
            raise ConfigError(f"expected noises and finite SNRs, got {len(noises)} noises and the SNRs {snrs}")
        if not 0 <= self.clean_share <= 1 or self.seed < 0:
            got = f"{self.clean_share} and {self.seed}"
            raise ConfigError(f"clean_share must be 0 to 1 and the seed 0 or more, got {got}")
        apply_channel(self.channel, np.zeros(1, dtype=np.float32), CHANNEL_RATE)  # raises if there is none
        self.noises = {name: check_samples(noises[name], f"noise '{name}'") for name in sorted(noises)}
        self._check_levels()

    def __len__(self) -> int:
        return len(self.clips)

    def epoch(self, number: int) -> ClipSet:
        """Return the clips of an epoch, in the order of the clean ones.

        Args:
            number: 0 or more.

        Raises:
            AudioError: if the noises are silent.
        """
        return self.part(number, range(len(self.clips)))

    def part(self, number: int, rows: Collection[int]) -> ClipSet:
        """Return an epoch of which only some clips are made; see ``PartialSource``."""
        waveforms = (
            torch.from_numpy(self.mix(number, index)[0]) if index in rows else SILENCE
            for index in range(len(self.clips))
        )
        return replace(self.clips, waveforms=tuple(waveforms))

    def mix(self, epoch: int, index: int) -> tuple[Samples, str, MixRecord | None]:
        """Return one clip of an epoch, the name of its noise and how it was mixed; ``""`` and None if it is clean.

        Raises:
            AudioError: if the noises are silent.
        """
        generator = np.random.default_rng([self.seed, epoch, index])
        speech: Samples = self.clips.waveforms[index].numpy()
        if generator.random() < self.clean_share:
            return apply_channel(self.channel, speech, CHANNEL_RATE), "", None
        snr_db = self.snrs_db[int(generator.integers(len(self.snrs_db)))]
        names, read, channel = list(self.noises), self.noises.__getitem__, self.channel

        def draw() -> str:
            return names[int(generator.integers(len(names)))]

        mixture, record, name = mix_drawn_noise(speech, draw, read, snr_db, generator=generator, channel=channel)
        return mixture, name, record

    def _check_levels(self) -> None:
        problems = []
        for utterance, waveform in zip(self.clips.utterances, self.clips.waveforms, strict=True):
            try:
                active_speech_level(g712(waveform.numpy(), CHANNEL_RATE), CHANNEL_RATE)
            except AudioError as error:
                problems.append(f"{utterance.path}: {error}")
        if problems:
            raise CorpusError(f"{len(problems)} clips cannot be mixed at an SNR, the first: {problems[0]}")
