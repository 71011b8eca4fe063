r"""Add noise to speech at a signal-to-noise ratio; every SNR of the library is one of the three defined here.

- ``mean_snr_gain``: power of the speech over that of the noise, both means over the whole signals. With these powers
  :math:`P_s` and :math:`P_n` and an SNR of :math:`R` dB, the noise is multiplied by
  :math:`\sqrt{P_s / P_n \cdot 10^{-R / 10}}`.
- ``active_snr_gain``: the same with the power of the active frames of the speech (``active_power``), for noise of RMS
  1: quick, for thousands of clips an epoch.
- ``mix_at_snr``: the definition of the Aurora-2 protocol, in five steps, those of its tool (FaNT) at its defaults:

1. Copies of speech and noise are filtered with G.712, for measuring only.
2. S is the active level (ITU-T P.56) of the filtered speech, N the RMS level of the filtered noise segment.
3. The speech and the noise themselves pass the channel that the test set asks for.
4. The segment starts at a random place of the noise; a noise shorter than the speech is looped.
5. The segment is multiplied by 10^((S - SNR - N) / 20) and added. If the sum exceeds full scale, all of it is
   divided by its peak.

The segment passes the filters as a part of the noise: what stands around it in the (looped) noise goes in
with it and is cut off again, so that no filter starts from rest inside the mixture.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from aurora_resnet.audio.channels import CHANNEL_RATE, apply_channel, g712
from aurora_resnet.audio.levels import active_power, active_speech_level, rms_level_db
from aurora_resnet.runtime.audio.waveform import Samples, check_samples
from aurora_resnet.runtime.decision import AUDIBLE
from aurora_resnet.runtime.errors import AudioError, ConfigError

CONTEXT = 400  # samples (50 ms) on each side of the segment: more than any channel's filter remembers
QUIETEST_NOISE_DB = 20 * math.log10(AUDIBLE)
#: How many segments are drawn before the noises count as silent.
DRAWS = 20

Noise = TypeVar("Noise")
Power = TypeVar("Power", bound=Any)  # of a number, an array or a tensor


@dataclass(frozen=True)
class MixRecord:
    """How a mixture was made; levels in dB re full scale, of the G.712-filtered copies."""

    snr_db: float  # as asked for
    gain_db: float  # on the noise
    offset: int  # first sample of the segment in the noise
    speech_level_db: float  # S: active level of the speech
    noise_level_db: float  # N: RMS level of the segment, before the gain
    overload: bool  # the sum exceeded full scale and was divided by its peak
    peak: float  # largest magnitude of the sum, before that division


def mix_at_snr(
    speech: Samples,
    noise: Samples,
    snr_db: float,
    *,
    sample_rate: int,
    generator: np.random.Generator,
    channel: str = "g712",
    offset: int | None = None,
) -> tuple[Samples, MixRecord]:
    """Add a random segment of the noise to the speech.

    Args:
        speech: waveform ``[N]``, at 8 kHz.
        noise: waveform of any length, at the same rate.
        snr_db: active level of the speech over RMS level of the noise, both within the G.712 band, in dB.
        sample_rate: of both, in Hz; the levels are defined at 8000.
        generator: draws where the segment starts.
        channel: the channel that both pass, a key of ``aurora_resnet.audio.channels.CHANNELS``.
        offset: start the segment at this sample of the noise and draw nothing.

    Returns:
        The mixture ``[N]``, within [-1, 1] if it had to be divided by its peak, and the record of the mixing.

    Raises:
        AudioError: if the speech has no active level, the noise segment is silent, one of them is empty or
            not finite, or the rate is not 8 kHz.
        ConfigError: if the SNR is not finite, the offset is not within the noise or the channel is unknown.

    >>> generator = np.random.default_rng(7)
    >>> speech = 0.1 * np.sin(2 * np.pi * np.arange(8000) / 8).astype(np.float32)
    >>> noise = 0.01 * generator.standard_normal(24_000, dtype=np.float32)
    >>> mixture, record = mix_at_snr(speech, noise, 10.0, sample_rate=8000, generator=generator)
    >>> mixture.shape, round(record.speech_level_db - record.noise_level_db - record.gain_db, 6)
    ((8000,), 10.0)
    """
    speech = check_samples(speech, "speech")
    check_samples(noise[:1], "noise")  # the rest only where it is used: a noise may last for hours
    if not math.isfinite(snr_db):
        raise ConfigError(f"snr_db must be a finite number of dB, not {snr_db}; clean speech needs no mixing")
    if offset is None:
        # the whole segment lies within the noise where it can; a looped noise may start anywhere
        starts = noise.size - speech.size + 1 if noise.size >= speech.size else noise.size
        offset = int(generator.integers(starts))
    elif not 0 <= offset < noise.size:
        raise ConfigError(f"offset must be within the noise, 0 to {noise.size - 1}, not {offset}")

    around = np.arange(offset - CONTEXT, offset + speech.size + CONTEXT)
    segment = check_samples(noise.take(around, mode="wrap"), "noise")
    inner = slice(CONTEXT, CONTEXT + speech.size)
    speech_g712 = g712(speech, sample_rate)
    segment_g712 = g712(segment, sample_rate)
    speech_level_db = active_speech_level(speech_g712, sample_rate).level_db
    noise_level_db = _noise_level_db(segment_g712[inner], offset)

    if channel == "g712":  # the copies are the real ones
        speech_sent, segment_sent = speech_g712, segment_g712
    else:
        speech_sent = apply_channel(channel, speech, sample_rate)
        segment_sent = apply_channel(channel, segment, sample_rate)
    gain_db = speech_level_db - snr_db - noise_level_db
    mixture = speech_sent + 10 ** (gain_db / 20) * segment_sent[inner].astype(np.float64)
    peak = float(np.abs(mixture).max())
    overload = peak > 1.0
    if overload:
        mixture /= peak
    record = MixRecord(snr_db, gain_db, offset, speech_level_db, noise_level_db, overload, peak)
    return mixture.astype(np.float32), record


def mix_drawn_noise(
    speech: Samples,
    draw: Callable[[], Noise],
    read: Callable[[Noise], Samples],
    snr_db: float,
    *,
    generator: np.random.Generator,
    channel: str,
) -> tuple[Samples, MixRecord, Noise]:
    """Mix speech at 8 kHz with a noise that is drawn, and drawn again where the segment is silent.

    Args:
        speech: waveform ``[N]``.
        draw: returns a noise, in whatever form.
        read: returns the waveform of a noise.
        snr_db: as for ``mix_at_snr``.
        generator: draws where the segment starts.
        channel: as for ``mix_at_snr``.

    Returns:
        What ``mix_at_snr`` returns, and the noise.

    Raises:
        AudioError: if the speech has no active level, or no draw can be mixed.
    """
    active_speech_level(g712(speech, CHANNEL_RATE), CHANNEL_RATE)  # what fails below is the noise's fault
    for left in reversed(range(DRAWS)):
        noise = draw()
        try:
            mixed = mix_at_snr(
                speech, read(noise), snr_db, sample_rate=CHANNEL_RATE, generator=generator, channel=channel
            )
        except AudioError as error:
            if not left:
                raise AudioError(f"{noise}, after {DRAWS} draws: {error}") from None
            continue
        return *mixed, noise
    raise AssertionError("the last draw returns or raises")


def mean_snr_gain(speech_power: Power, noise_power: Power, snr_db: float) -> Power:
    """Return the gain of a noise, by the mean powers of speech and noise; numbers, arrays or tensors.

    >>> mean_snr_gain(4.0, 1.0, 20.0)
    0.2
    """
    gain: Power = (speech_power / noise_power / 10 ** (snr_db / 10)) ** 0.5
    return gain


def active_snr_gain(speech: Samples, snr_db: float, sample_rate: int) -> np.float32:
    """Return the gain of a noise of an RMS of 1, by the active power of the speech.

    >>> float(active_snr_gain(np.full(800, 0.5, np.float32), 0.0, 8000))
    0.5
    """
    return np.float32(np.sqrt(active_power(speech, sample_rate) * 10 ** (-snr_db / 10)))


def _noise_level_db(segment: Samples, offset: int) -> float:
    """Return the RMS level of the segment; an error if it is silence, which no gain turns into noise."""
    level_db = rms_level_db(segment) if segment.any() else -math.inf
    if level_db < QUIETEST_NOISE_DB:
        raise AudioError(
            f"the noise is silent ({level_db:.0f} dB re full scale) in the {segment.size} samples from "
            f"{offset}; take another noise, or cut the silence out of this one"
        )
    return level_db
