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

from __future__ import annotations

import numpy as np
from scipy.fft import next_fast_len
from scipy.signal import resample

from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import ConfigError

FRAME = 256
HOP = 64
_WINDOW = np.hanning(FRAME + 1)[:-1]


def change_speed(samples: Samples, factor: float) -> Samples:
    """Return a waveform played ``factor`` times as fast, band-limited.

    The factor is met to a few per cent, longer waveforms to less than one: the FFT is fast at certain lengths only.

    Args:
        samples: waveform ``[N]``.
        factor: 0.5 to 2.

    Shape: ``[N] -> [about N / factor]``.

    >>> 6300 < len(change_speed(np.zeros(8000, np.float32), 1.25)) < 6500
    True
    """
    _check(factor)
    # Zeros on the right keep the start from wrapping into the end.
    padded = next_fast_len(len(samples) + FRAME)
    length = next_fast_len(round(padded / factor))
    resampled = resample(np.pad(samples, (0, padded - len(samples))), length)
    shortened: Samples = resampled[: max(1, round(len(samples) * length / padded))].astype(np.float32)
    return shortened


def change_tempo(samples: Samples, factor: float) -> Samples:
    """Return a waveform ``factor`` times as fast at the same pitch.

    Args:
        samples: waveform ``[N]``.
        factor: 0.5 to 2.

    Shape: ``[N] -> [round(N / factor)]``.

    >>> change_tempo(np.zeros(800, np.float32), 0.8).shape
    (1000,)
    """
    _check(factor)
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

    Shape: ``[N] -> [about N]``.

    >>> 7900 < len(change_pitch(np.zeros(8000, np.float32), 1.2)) < 8100
    True
    """
    return change_speed(change_tempo(samples, 1 / factor), factor)


def _check(factor: float) -> None:
    if not 0.5 <= factor <= 2:
        raise ConfigError(f"factor must lie in 0.5..2, got {factor}")
