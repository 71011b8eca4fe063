"""Noise from formulas: coloured, modulated, hum, tones, knocks and calls, each with an RMS of 1; bursts of noise."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

LOWEST_HZ = 20.0
#: Rows and columns of the telephone's keys (ITU-T Q.23); a key is one tone of each.
DTMF_HZ = ((697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0))


def coloured_noise(length: int, slope: float, *, sample_rate: int, generator: np.random.Generator) -> Samples:
    """Return Gaussian noise whose power density falls as ``f ** -slope`` above 20 Hz, with nothing below.

    Args:
        length: samples, at least 1.
        slope: 0 is white, 1 pink, 2 brown, -1 blue.
        sample_rate: in Hz.
        generator: draws the noise.

    >>> noise = coloured_noise(8000, 1.0, sample_rate=8000, generator=np.random.default_rng(0))
    >>> round(float(np.square(noise).mean()), 3)
    1.0
    """
    frequencies = np.fft.rfftfreq(length, 1 / sample_rate)
    weights = np.maximum(frequencies, LOWEST_HZ) ** (-slope / 2) * (frequencies >= LOWEST_HZ)
    return unit_rms(np.fft.irfft(np.fft.rfft(generator.standard_normal(length)) * weights, length))


def modulate(
    noise: Samples, rate_hz: float, depth: float, *, sample_rate: int, generator: np.random.Generator
) -> Samples:
    """Return noise that swells and fades at random, about ``rate_hz`` times a second.

    Speech has most of its modulation between 2 and 8 Hz.

    Args:
        noise: waveform ``[N]``.
        rate_hz: above 0.
        depth: 0 leaves the noise as it is, 1 lets it fade to nothing.
        sample_rate: in Hz.
        generator: draws the swells.

    >>> steady = np.ones(8000, np.float32)
    >>> swelling = modulate(steady, 4.0, 1.0, sample_rate=8000, generator=np.random.default_rng(0))
    >>> round(float(np.square(swelling).mean()), 3), float(swelling.min()) < 0.2 < 1.3 < float(swelling.max())
    (1.0, True)
    """
    if not rate_hz > 0 or not 0 <= depth <= 1:
        raise ConfigError(f"rate_hz > 0 and 0 <= depth <= 1 are needed, got {rate_hz} and {depth}")
    seconds = len(noise) / sample_rate
    knots = generator.random(max(4, round(2 * rate_hz * seconds) + 2))
    envelope = np.interp(np.linspace(0, len(knots) - 1, len(noise)), np.arange(len(knots)), knots)
    return unit_rms(noise * (1 - depth + depth * envelope))


def hum(length: int, mains_hz: float, *, sample_rate: int, generator: np.random.Generator) -> Samples:
    """Return mains hum: 50 or 60 Hz with harmonics to half the sample rate, of random strength and phase.

    >>> buzz = hum(8000, 50.0, sample_rate=8000, generator=np.random.default_rng(0))
    >>> spectrum = np.abs(np.fft.rfft(buzz))
    >>> set((np.flatnonzero(spectrum > 1e-3 * spectrum.max()) % 50).tolist())
    {0}
    """
    harmonics = np.arange(1, int(sample_rate / 2 / mains_hz) + 1)
    strengths = generator.random(len(harmonics)) / harmonics ** generator.uniform(0.3, 1.5)
    return tones(length, list(mains_hz * harmonics), strengths, sample_rate=sample_rate, generator=generator)


def tones(
    length: int,
    frequencies: Sequence[float],
    strengths: npt.ArrayLike,
    *,
    sample_rate: int,
    generator: np.random.Generator,
) -> Samples:
    """Return a sum of sines of random phase.

    >>> tone = tones(8000, [1000.0], [3.0], sample_rate=8000, generator=np.random.default_rng(0))
    >>> round(float(np.abs(tone).max()), 2)
    1.41
    """
    time = np.arange(length) / sample_rate
    total = np.zeros(length)
    for frequency, strength in zip(frequencies, np.asarray(strengths, dtype=np.float64), strict=True):
        total += strength * np.sin(2 * np.pi * frequency * time + generator.uniform(0, 2 * np.pi))
    return unit_rms(total)


def knocks(length: int, per_second: float, *, sample_rate: int, generator: np.random.Generator) -> Samples:
    """Return clicks and knocks: bursts of noise that die away in 2 to 60 ms, at random times; one at least.

    >>> taps = knocks(8000, 3.0, sample_rate=8000, generator=np.random.default_rng(0))
    >>> float(np.median(np.abs(taps))) < 0.1
    True
    """
    total = np.zeros(length)
    for _ in range(max(1, int(generator.poisson(per_second * length / sample_rate)))):
        start = int(generator.integers(length))
        decay = generator.uniform(0.002, 0.06) * sample_rate
        burst = np.arange(min(length - start, int(7 * decay) + 1))
        pitch = np.cos(2 * np.pi * generator.uniform(100, sample_rate / 2) * burst / sample_rate)
        rough = generator.uniform(0, 1)
        shape = rough * generator.standard_normal(len(burst)) + (1 - rough) * pitch
        total[start : start + len(burst)] += generator.uniform(0.2, 1) * shape * np.exp(-burst / decay)
    return unit_rms(total)


def call(length: int, *, sample_rate: int, generator: np.random.Generator) -> Samples:
    """Return a call as of an animal, a horn or a baby: harmonics of a gliding pitch, louder about some resonances.

    The pitch lies about 90 to 1200 Hz, trembles by up to 5 %, and goes through 2 to 5 random points; half of the calls
    are breathy, two fifths swell.

    >>> cry = call(8000, sample_rate=8000, generator=np.random.default_rng(0))
    >>> round(float(np.square(cry).mean()), 3)
    1.0
    """
    time, nyquist = np.arange(length) / sample_rate, sample_rate / 2
    points = generator.normal(np.log(generator.uniform(90, 1200)), 0.25, int(generator.integers(2, 6)))
    pitch = np.exp(np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(points)), points))
    pitch *= 1 + generator.uniform(0, 0.05) * np.sin(2 * np.pi * generator.uniform(3, 30) * time)
    phase = 2 * np.pi * np.cumsum(pitch) / sample_rate
    centres = generator.uniform(200, 0.95 * nyquist, int(generator.integers(1, 5)))
    widths, tilt = generator.uniform(60, 500, len(centres)), generator.uniform(0, 1.5)
    total = np.zeros(length)
    for harmonic in range(1, min(40, int(nyquist / pitch.min())) + 1):
        frequency = harmonic * pitch
        gain = 0.03 + (1 / (1 + ((frequency[:, None] - centres) / widths) ** 2)).sum(axis=1)
        sine = np.sin(harmonic * phase + generator.uniform(0, 2 * np.pi))
        total += harmonic**-tilt * gain * (frequency < nyquist) * sine
    sound = unit_rms(total)
    if generator.random() < 0.5:
        breath = coloured_noise(length, generator.uniform(-0.5, 1.5), sample_rate=sample_rate, generator=generator)
        sound = unit_rms(sound + np.float32(generator.uniform(0, 1)) * breath)
    if generator.random() < 0.4:
        rate_hz, depth = float(np.exp(generator.uniform(0.5, 4))), generator.random()
        sound = modulate(sound, rate_hz, depth, sample_rate=sample_rate, generator=generator)
    return sound


def burst(noise: Samples, *, sample_rate: int, generator: np.random.Generator) -> Samples:
    """Return a stretch of noise as long as a word, at most that of the noise, between silence or softer noise.

    It lasts 0.12 to 0.8 s, begins within 3 to 100 ms, ends within 10 to 300 ms, and has an RMS of 1 meanwhile; the
    softer noise lies 8 to 45 dB below.

    Args:
        noise: waveform ``[N]``, at least 0.12 s.
        sample_rate: in Hz.
        generator: decides everything.

    >>> bark = burst(np.ones(8000, np.float32), sample_rate=8000, generator=np.random.default_rng(3))
    >>> bool((np.abs(bark) > 0.5).mean() < 0.8)
    True
    """
    whole = len(noise)
    length = min(whole, int(generator.uniform(0.12, 0.8) * sample_rate))
    start, place = int(generator.integers(whole - length + 1)), np.arange(length)
    rise, fall = (generator.uniform(*seconds) * sample_rate for seconds in ((0.003, 0.1), (0.01, 0.3)))
    shape = np.minimum(1, np.minimum((place + 1) / rise, (length - place) / fall))
    total = np.zeros(whole, np.float32)
    total[start : start + length] = unit_rms((noise[start : start + length] * shape).astype(np.float32))
    if generator.random() < 0.6:
        soft = coloured_noise(whole, generator.uniform(0, 2), sample_rate=sample_rate, generator=generator)
        total += np.float32(10 ** (generator.uniform(-45, -8) / 20)) * soft
    return total


def unit_rms(samples: npt.NDArray[np.floating[Any]]) -> Samples:
    """Scale to an RMS of 1, computed in the precision of the samples; silence stays silence.

    >>> unit_rms(np.array([3.0, -3.0])).tolist(), unit_rms(np.zeros(2)).tolist()
    ([1.0, -1.0], [0.0, 0.0])
    """
    power = float(np.square(samples).mean()) if len(samples) else 0.0
    scaled: Samples = (samples / samples.dtype.type(np.sqrt(power)) if power > 0 else samples).astype(np.float32)
    return scaled
