r"""Speech in a simulated room, or on a line that echoes.

A room answers an impulse with the direct sound, a few early reflections and a tail that dies away. Statistical
room acoustics (Polack 1988; Lehmann and Johansson, *Diffuse Reverberation Model for Efficient Image-Source
Simulation*, 2010) takes the tail for Gaussian noise under an exponential,

.. math::

    h[n] = \delta[n] + g \, w[n] \, e^{-6.91 \, n / (f_s T_{60})}, \qquad n \ge n_0,

whose energy falls by 60 dB in :math:`T_{60}`; :math:`g` sets the ratio of direct to reverberant energy.
"""

import math

import numpy as np
import scipy  # its parts, which take a second, are imported where they are used

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

FIRST_REFLECTION_SECONDS = 0.002
EARLY_SECONDS = 0.05
EARLY_DENSITY = 0.15  # share of the samples that carry a reflection before the tail becomes dense


def room_response(
    reverberation_seconds: float, direct_to_reverberant_db: float, *, sample_rate: int, generator: np.random.Generator
) -> Samples:
    """Draw the impulse response of a room; its first sample is the direct sound, 1.

    Args:
        reverberation_seconds: time in which the tail falls by 60 dB, above 0 (a living room has about 0.4 s).
        direct_to_reverberant_db: energy of the direct sound over that of everything after it.
        sample_rate: in Hz.
        generator: draws the reflections.

    Returns:
        The response ``[n]``, as long as the reverberation time.

    Raises:
        ConfigError: for a reverberation time that is not above the first reflection's 2 ms.

    >>> response = room_response(0.4, 6.0, sample_rate=8000, generator=np.random.default_rng(0))
    >>> len(response), float(response[0]), round(-10 * math.log10(float(np.square(response[1:]).sum())), 3)
    (3200, 1.0, 6.0)
    """
    first = math.ceil(FIRST_REFLECTION_SECONDS * sample_rate)
    length = round(reverberation_seconds * sample_rate)
    if not length > first:
        raise ConfigError(
            f"reverberation_seconds must exceed {FIRST_REFLECTION_SECONDS} s, got {reverberation_seconds} s"
        )
    tail = generator.standard_normal(length) * np.exp(-3 * math.log(10) * np.arange(length) / length)
    early = min(length, round(EARLY_SECONDS * sample_rate))
    tail[first + 1 : early] *= generator.random(max(early - first - 1, 0)) < EARLY_DENSITY
    tail[:first] = 0
    response = tail * math.sqrt(10 ** (-direct_to_reverberant_db / 10) / np.square(tail).sum())
    response[0] = 1
    return response.astype(np.float32)


def reverberate(samples: Samples, response: Samples) -> Samples:
    """Return a waveform as a room gives it back, tail included.

    Shape: ``[N]`` and ``[n]`` give ``[N + n - 1]``.

    >>> reverberate(np.array([1, 2], np.float32), np.array([1, 0, 0.5], np.float32)).tolist()
    [1.0, 2.0, 0.5, 1.0]
    """
    wet: Samples = scipy.signal.fftconvolve(samples, response).astype(np.float32)
    return wet


def add_echo(samples: Samples, delay_seconds: float, level_db: float, sample_rate: int) -> Samples:
    """Return a waveform and one copy of itself, later and softer, as a telephone line gives it back.

    Shape: ``[N] -> [N + round(delay_seconds * sample_rate)]``.

    >>> add_echo(np.array([1, 2], np.float32), 0.5, -20.0, 4).astype(float).round(2).tolist()
    [1.0, 2.0, 0.1, 0.2]
    """
    delay = round(delay_seconds * sample_rate)
    echoed = np.pad(samples, (0, delay))
    echoed[delay:] += np.float32(10 ** (level_db / 20)) * samples
    return echoed
