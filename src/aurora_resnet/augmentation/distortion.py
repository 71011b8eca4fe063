r"""What a telephone does to a waveform: companding, clipping and a narrow, uneven band.

G.711 (ITU-T, 1988) rounds the compressed waveform to 8 bits. The compression, for :math:`|x| \le 1`, is

.. math::

    F_\mu(x) = \mathrm{sgn}(x) \frac{\ln(1 + \mu |x|)}{\ln(1 + \mu)}, \quad \mu = 255; \qquad
    F_A(x) = \mathrm{sgn}(x) \begin{cases}
        \frac{A |x|}{1 + \ln A} & |x| < 1/A \\ \frac{1 + \ln(A |x|)}{1 + \ln A} & \text{otherwise}
    \end{cases}, \quad A = 87.6.

The standard's tables follow these curves in straight pieces; as an augmentation the curves serve as well.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

MU = 255.0
A = 87.6


def mu_law(samples: Samples) -> Samples:
    """Return a waveform after 8-bit mu-law coding and decoding; what exceeds 1 is clipped.

    >>> coded = mu_law(np.array([0.5, -0.01, 0.0], np.float32))
    >>> bool(np.all(np.abs(coded - [0.5, -0.01, 0.0]) <= [0.02, 0.0005, 0.0001]))
    True
    """
    x = np.clip(samples, -1.0, 1.0)
    levels = np.round(127 * np.log1p(MU * np.abs(x)) / math.log1p(MU)) / 127
    return (np.sign(x) * np.expm1(levels * math.log1p(MU)) / MU).astype(np.float32)


def a_law(samples: Samples) -> Samples:
    """Return a waveform after 8-bit A-law coding and decoding; what exceeds 1 is clipped.

    >>> coded = a_law(np.array([0.5, -0.01], np.float32))
    >>> bool(np.all(np.abs(coded - [0.5, -0.01]) <= [0.02, 0.0005]))
    True
    """
    x = np.clip(samples, -1.0, 1.0)
    scale = 1 + math.log(A)
    size = np.abs(x)
    compressed = np.where(size < 1 / A, A * size, 1 + np.log(np.maximum(A * size, 1.0))) / scale
    levels = np.round(127 * compressed) / 127
    expanded = np.where(levels < 1 / scale, levels * scale, np.exp(levels * scale - 1)) / A
    return (np.sign(x) * expanded).astype(np.float32)


def quantize(samples: Samples, bits: int) -> Samples:
    """Return a waveform rounded to linear PCM of so many bits; what exceeds full scale is clipped.

    Args:
        samples: waveform in [-1, 1].
        bits: 2 or more.

    >>> quantize(np.array([0.3, -0.3, 2.0], np.float32), 3).tolist()
    [0.25, -0.25, 0.75]
    """
    if bits < 2:
        raise ConfigError(f"bits must be 2 or more, got {bits}")
    steps = 2 ** (bits - 1)
    rounded: Samples = (np.clip(np.round(samples * steps), -steps, steps - 1) / steps).astype(np.float32)
    return rounded


def clip_peaks(samples: Samples, share: float) -> Samples:
    """Return a waveform with everything above ``share`` of its peak cut off, as an overdriven input does.

    >>> clip_peaks(np.array([0.25, -1.0, 0.75], np.float32), 0.5).tolist()
    [0.25, -0.5, 0.5]
    """
    if not 0 < share <= 1:
        raise ConfigError(f"share must lie in 0..1 and not be 0, got {share}")
    limit = share * float(np.abs(samples).max(initial=0.0))
    return np.clip(samples, -limit, limit)


def filter_spectrum(samples: Samples, frequencies: npt.ArrayLike, gains_db: npt.ArrayLike, sample_rate: int) -> Samples:
    """Return a waveform through a zero-phase filter given by points, straight in dB over frequency.

    The filter is circular: pad what must not wrap around. Bands, tilts and microphones are all made of it.

    Args:
        samples: waveform ``[N]``.
        frequencies: rising, in Hz; outside them the first and the last gain hold.
        gains_db: one for each frequency.
        sample_rate: in Hz.

    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    >>> round(float(np.abs(filter_spectrum(tone, [500, 1500], [0, -40], 8000)).max()), 3)
    0.1
    """
    grid = np.fft.rfftfreq(len(samples), 1 / sample_rate)
    points, heights = (np.asarray(values, dtype=np.float64) for values in (frequencies, gains_db))
    gains = (10 ** (np.interp(grid, points, heights) / 20)).astype(np.float32)
    # SciPy keeps single precision, which is twice as fast.
    return np.asarray(irfft(rfft(samples.astype(np.float32)) * gains, len(samples)), dtype=np.float32)
