r"""One recording as several voices: speed, tempo and pitch.

*Speed* plays a recording faster: duration, pitch and formants all change (Ko et al., *Audio Augmentation for Speech
Recognition*, 2015). *Tempo* changes the duration alone, by a phase vocoder (Flanagan and Golden 1966; Laroche and
Dolson, *Improved Phase Vocoder Time-Scale Modification of Audio*, 1999): with frames :math:`X_t[k]` at a hop of
:math:`h` samples, the frames of the output are read at times :math:`s_i = r i`, their magnitudes interpolated and
their phases advanced by what the bin really turned between two frames,

.. math::

    \Delta_t[k] = \omega_k h + \mathrm{wrap}\big(\angle X_{t+1}[k] - \angle X_t[k] - \omega_k h\big), \qquad
    \phi_{i+1}[k] = \phi_i[k] + \Delta_{\lfloor s_i \rfloor}[k].

Tempo then speed by the inverse factor changes the *pitch* alone.
"""

import numpy as np

from aurora_resnet.runtime.audio.resampling import change_rate
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

SLOWEST, FASTEST = 0.5, 2.0
FRAME = 256
HOP = 64
_WINDOW = np.hanning(FRAME + 1)[:-1]


def draw_factor(low: float, high: float, generator: np.random.Generator) -> float:
    """Draw a speed, tempo or pitch evenly from a range, in whole hundredths.

    Ratios of small whole numbers are resampled three times as fast as others, and a step of 1 % is inaudible.

    >>> 0.8 <= draw_factor(0.8, 1.2, np.random.default_rng(0)) <= 1.2
    True
    """
    return min(max(round(generator.uniform(low, high), 2), low), high)


def change_speed(samples: Samples, factor: float) -> Samples:
    """Return a waveform played ``factor`` times as fast, band-limited.

    Args:
        samples: waveform ``[N]``.
        factor: 0.5 to 2.

    Shape: ``[N] -> [round(N / factor)]``, at least one sample.

    >>> change_speed(np.zeros(8000, np.float32), 1.25).shape
    (6400,)
    """
    return change_rate(samples, 1 / _checked(factor))


def change_tempo(samples: Samples, factor: float) -> Samples:
    """Return a waveform ``factor`` times as fast at the same pitch.

    Args:
        samples: waveform ``[N]``.
        factor: 0.5 to 2.

    Shape: ``[N] -> [round(N / factor)]``.

    >>> change_tempo(np.zeros(800, np.float32), 0.8).shape
    (1000,)
    """
    _checked(factor)
    padded = np.pad(samples, (FRAME // 2, FRAME + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    spectra = np.fft.rfft(frames * _WINDOW)  # [T, K]
    turn = 2 * np.pi * HOP * np.arange(FRAME // 2 + 1) / FRAME
    steps = np.diff(np.angle(spectra), axis=0) - turn
    advance = turn + steps - 2 * np.pi * np.round(steps / (2 * np.pi))  # [T - 1, K]

    wanted = max(1, round(len(samples) / factor))
    times = factor * np.arange(min(wanted // HOP + 3, int((len(spectra) - 2) / factor) + 1))
    before = times.astype(int)
    share = (times - before)[:, None]
    magnitudes = (1 - share) * np.abs(spectra[before]) + share * np.abs(spectra[before + 1])
    phases = np.angle(spectra[0]) + np.concatenate((np.zeros_like(turn)[None], np.cumsum(advance[before[:-1]], axis=0)))
    pieces = np.fft.irfft(magnitudes * np.exp(1j * phases)) * _WINDOW

    stretched = np.zeros(max(len(pieces) * HOP + FRAME, wanted + FRAME))
    for number, piece in enumerate(pieces):
        stretched[number * HOP : number * HOP + FRAME] += piece
    # Squared Hann windows at a quarter's hop add up to 1.5.
    return (stretched[FRAME // 2 : FRAME // 2 + wanted] / 1.5).astype(np.float32)


def change_pitch(samples: Samples, factor: float) -> Samples:
    """Return a waveform at ``factor`` times its pitch, of the same duration; formants move too.

    Args:
        samples: waveform ``[N]``.
        factor: 0.5 to 2.

    Shape: ``[N] -> [N]``, to within a sample.

    >>> change_pitch(np.zeros(8000, np.float32), 1.25).shape
    (8000,)
    """
    return change_speed(change_tempo(samples, 1 / factor), factor)


def _checked(factor: float) -> float:
    if not SLOWEST <= factor <= FASTEST:
        raise ConfigError(f"factor must lie in {SLOWEST}..{FASTEST}, got {factor}")
    return factor
