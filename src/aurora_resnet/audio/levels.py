"""How loud a sound is: RMS level, and the active level of speech by ITU-T P.56.

Levels are in dB re full scale: 0 dB is an RMS of 1, so a full-scale sine has -3.01 dB.

ITU-T P.56 (method B) measures speech without its pauses. Two cascaded one-pole smoothers make an envelope::

    p[n] = g p[n-1] + (1-g) |x[n]|,    q[n] = g q[n-1] + (1-g) p[n],    g = exp(-1 / (f_s T)),

and for each threshold c = 2^-15 ... 2^-1 the samples are counted at which q is at least c, or was within the
last H seconds (the hangover). With a(c) that count and E = sum x^2, the level of the active samples is
A(c) = 10 log10(E / a(c)), and the active speech level is A(c) at the lowest c with::

    A(c) - 20 log10(c) = M    (the margin).

Between thresholds, which are 6 dB apart, A is taken to run straight over dB. The ITU's reference software
finds the crossing by bisection; on a straight line it is a fraction of two differences.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its parts, which take a second, are imported where they are used

from aurora_resnet.runtime.audio.waveform import Samples, check_samples
from aurora_resnet.runtime.errors import AudioError

TIME_CONSTANT_SECONDS = 0.03
HANGOVER_SECONDS = 0.20
MARGIN_DB = 15.9
THRESHOLDS: tuple[float, ...] = tuple(2.0**-power for power in range(15, 0, -1))
LOWEST_LEVEL_DB = 20 * math.log10(THRESHOLDS[0]) + MARGIN_DB  # -74.4 dB: P.56 has no threshold below it


@dataclass(frozen=True)
class ActiveSpeechLevel:
    """What ``active_speech_level`` measured; the fields are tied by ``rms = level + 10 log10(activity)``."""

    level_db: float  # level of the active part, dB re full scale
    activity_factor: float  # active part of the duration, 0 to 1
    rms_level_db: float  # level of the whole, pauses included, dB re full scale


def rms_level_db(samples: Samples) -> float:
    """Return the RMS level in dB re full scale.

    Args:
        samples: waveform ``[N]``.

    Raises:
        AudioError: if all samples are zero, or there are none.

    >>> tone = np.sin(2 * np.pi * np.arange(8000) / 8).astype(np.float32)
    >>> round(rms_level_db(tone), 2)
    -3.01
    """
    samples = check_samples(samples, "sound")
    return _power_level_db(_energy(samples, "sound"), samples.size)


def frame_powers(samples: Samples, frame: int) -> Samples:
    """Return the mean power of each stretch of ``frame`` samples; zeros fill up the last one.

    Shape: ``[N] -> [N / frame, rounded up]``.

    >>> frame_powers(np.array([1, 3, 2], np.float32), 2).tolist()
    [5.0, 2.0]
    """
    padded = np.pad(samples, (0, -len(samples) % frame))
    powers: Samples = np.square(padded.reshape(-1, frame)).mean(axis=1)
    return powers


def active_power(samples: Samples, sample_rate: int) -> float:
    """Return the mean power of the 20 ms frames within 30 dB of the loudest; 0 for silence.

    A quick stand-in for ITU-T P.56 where thousands of short clips are mixed in every epoch.

    >>> active_power(np.r_[np.zeros(8000), np.full(1600, 0.5)].astype(np.float32), 8000)
    0.25
    """
    powers = frame_powers(samples, max(1, sample_rate // 50))
    loudest = float(powers.max(initial=0.0))
    return float(powers[powers >= 1e-3 * loudest].mean()) if loudest > 0 else 0.0


def active_speech_level(samples: Samples, sample_rate: int) -> ActiveSpeechLevel:
    """Measure the active speech level by ITU-T P.56, method B.

    The envelope needs some 30 ms to rise. For a sound so short or so much like a click that no threshold
    lies within the margin, all that passes the lowest threshold counts as active (P.56 does not say).

    Args:
        samples: waveform ``[N]``.
        sample_rate: in Hz.

    Raises:
        AudioError: if there is no active speech: silence, or a level below ``LOWEST_LEVEL_DB``.

    >>> tone = 0.1 * np.sin(2 * np.pi * np.arange(40_000) / 8).astype(np.float32)
    >>> pauses = np.zeros(40_000, dtype=np.float32)
    >>> measured = active_speech_level(np.concatenate([tone, pauses]), 8000)
    >>> round(measured.level_db), round(measured.rms_level_db)
    (-23, -26)
    """
    samples = check_samples(samples, "speech")
    energy = _energy(samples, "speech")
    rms_db = _power_level_db(energy, samples.size)
    g = math.exp(-1 / (sample_rate * TIME_CONSTANT_SECONDS))
    # both smoothers in one filter: ((1-g) / (1 - g z^-1))^2
    envelope = scipy.signal.lfilter([(1 - g) ** 2], [1, -2 * g, g * g], np.abs(samples, dtype=np.float64))
    hangover = round(sample_rate * HANGOVER_SECONDS)

    curve: list[tuple[float, float]] = []  # for each threshold: A(c), and A(c) - 20 log10(c) - M
    for threshold in THRESHOLDS:
        active = _active_count(envelope, threshold, hangover)
        if active == 0:
            break
        level_db = _power_level_db(energy, active)
        curve.append((level_db, level_db - 20 * math.log10(threshold) - MARGIN_DB))
        if curve[-1][1] <= 0:
            break

    if not curve or curve[0][1] < 0:
        raise AudioError(
            f"no active speech: expected more than {LOWEST_LEVEL_DB:.0f} dB re full scale, got an RMS level "
            f"of {rms_db:.0f} dB over {samples.size / sample_rate:.3f} s; raise its gain or leave it out"
        )
    level_db, excess = curve[-1]
    if excess > 0:  # never crossed
        level_db = curve[0][0]
    elif len(curve) > 1:
        below_db, below_excess = curve[-2]
        level_db = below_db + (level_db - below_db) * below_excess / (below_excess - excess)
    return ActiveSpeechLevel(level_db, min(1.0, 10 ** ((rms_db - level_db) / 10)), rms_db)


def _energy(samples: Samples, what: str) -> float:
    """Return the sum of squares; an error if it is zero."""
    # Not a dot product: BLAS would wake its threads for it, which costs more than the sum, most of all beside others.
    energy = float(np.square(samples, dtype=np.float64).sum())
    if energy == 0:
        raise AudioError(f"the {what} is silent (all {samples.size} samples are zero) and has no level; leave it out")
    return energy


def _power_level_db(energy: float, count: int) -> float:
    return 10 * math.log10(energy / count)


def _active_count(envelope: npt.NDArray[np.float64], threshold: float, hangover: int) -> int:
    """Count the samples at or above the threshold and those at most ``hangover`` samples after one.

    Each sample above stands for itself and for what follows until the next one or the end of the hangover.
    """
    above = np.flatnonzero(envelope >= threshold)
    until_next = np.diff(above, append=envelope.size)
    return int(np.minimum(until_next, hangover + 1).sum())
