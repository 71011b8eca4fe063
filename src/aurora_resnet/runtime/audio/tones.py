r"""Tones are removed: beeps, the tones of keys, of a busy line and of a fax. They are no words, and may hide one.

A stretch of 60 ms is a tone where two sinusoids of constant amplitude and frequency explain it,

.. math::

    x_t = \sum_{k=1}^{2} a_k \cos \omega_k t + b_k \sin \omega_k t + r_t, \qquad \sum r_t^2 < \theta \sum x_t^2

and what is left is noise. The frequencies are the least-squares ones: from the peaks of the spectrum, one after the
other (RELAX: Li and Stoica, *Efficient mixed-spectrum estimation*, 1996), then by Gauss-Newton steps, which tell 440
from 480 Hz in 60 ms. A steady vowel of a high voice is nearly as pure, but it glides, and what it leaves are the
harmonics above: two further sinusoids explain them, and hardly anything of noise. So a stretch that leaves next to
nothing is a tone, and one that leaves a little is one if that is noise. The tone is subtracted, so that the noise, or a
soft word, stays under it.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .waveform import Samples

HOP_SECONDS = 0.01
#: A window is so many hops long.
HOPS = 6
#: What leaves a smaller share of its power is a tone.
PURE = 0.002
#: What leaves a smaller share is one if two further sinusoids leave at least ``NOISE`` of the rest.
NEARLY_PURE, NOISE = 0.03, 0.9
#: Where the strongest lines of the spectrum have a smaller share of the power it is not worth a closer look: none of
#: the 480 windows that a closer look finds to be tones, in 160,537 of speech and sounds.
LINES, LIKELY = 8, 0.96
#: Where the peaks of the spectrum leave a larger share, the exact frequencies leave too much: in 25,710 windows of
#: speech and sounds, never less than ``NEARLY_PURE``.
FAR = 0.3
#: Power below which a window counts as silent.
SOFTEST = 2.0**-30
AT_ONCE = 512
ROUNDS = 3

Array = npt.NDArray[np.float64]


class ToneCut:
    """Take the tones off a signal that comes in blocks of any size; what comes out does not depend on them.

    What may turn out to be the beginning of a tone is held back, up to 60 ms.

    Args:
        sample_rate: Hz.

    >>> cut = ToneCut(8000)
    >>> beep = np.sin(2 * np.pi * 440 / 8000 * np.arange(960)).astype(np.float32)
    >>> [len(cut.push(step)) for step in beep.reshape(3, 320)], len(cut.flush())
    ([0, 240, 320], 400)
    """

    def __init__(self, sample_rate: int) -> None:
        self._hop = max(2, round(HOP_SECONDS * sample_rate))
        self._signal: Samples = np.zeros(0, np.float32)
        self._rest: Samples = self._signal
        self._shares: Array = np.zeros(0)

    def push(self, block: Samples) -> Samples:
        """Return the next samples, ``[n] -> [m]``."""
        hop = self._hop
        self._signal, self._rest = np.concatenate((self._signal, block)), np.concatenate((self._rest, block))
        unknown = np.full(len(self._signal) // hop - len(self._shares), np.inf)
        self._shares = np.concatenate((self._shares, unknown))
        done = _subtract(self._signal, self._rest, self._shares, hop)
        known, self._rest = self._rest[: done * hop], self._rest[done * hop :]
        self._signal, self._shares = self._signal[done * hop :], self._shares[done:]
        return known

    def flush(self) -> Samples:
        """Return the rest of the samples; there is nothing more to come."""
        return self._rest


def cut_tones(samples: Samples, sample_rate: int) -> Samples:
    """Take the tones off a whole signal, ``[N] -> [N]``.

    >>> beep = np.sin(2 * np.pi * 440 / 8000 * np.arange(800)).astype(np.float32)
    >>> round(float(abs(cut_tones(beep, 8000)).max()), 2)
    0.0
    """
    cut = ToneCut(sample_rate)
    return np.concatenate((cut.push(samples), cut.flush()))


def _subtract(signal: Samples, rest: Samples, shares: Array, hop: int) -> int:
    """Look at all windows of a signal and write into ``rest`` what the best of them leaves.

    Args:
        signal: ``[N]``.
        rest: ``[N]``, the signal without the tones that are known so far.
        shares: ``[N // hop]``, of its power that is left in each hop by the best window so far.
        hop: samples.

    Returns:
        How many windows there are.
    """
    count = max(0, len(signal) // hop - HOPS + 1)
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        part = signal[start * hop : (stop + HOPS - 1) * hop]
        windows = part[_places(stop - start, hop)].astype(np.float64)
        for place, share, left in zip(*_tones(windows), strict=True):
            at = start + int(place)
            better = np.flatnonzero(share < shares[at : at + HOPS])
            for number in better.tolist():
                rest[(at + number) * hop : (at + number + 1) * hop] = left[number * hop : (number + 1) * hop]
            shares[at + better] = share
    return count


def _tones(windows: Array) -> tuple[npt.NDArray[np.int64], Array, Array]:
    """Return which of the windows ``[n, W]`` are tones, the share of the power that is left, and what is left."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    powers = np.square(centred).mean(axis=1)
    spectrum = np.square(np.abs(np.fft.rfft(centred * _hann(windows.shape[1]))))
    lines = np.partition(spectrum, -LINES, axis=1)[:, -LINES:].sum(axis=1)
    found = np.flatnonzero((powers > SOFTEST) & (lines > LIKELY * spectrum.sum(axis=1)))
    if not len(found):
        return found, powers[found], windows[found]
    left = _left(centred[found])
    shares = np.square(left).mean(axis=1) / powers[found]
    near = shares < NEARLY_PURE
    found, left, shares = found[near], left[near], shares[near]
    again = np.square(_left(left)).sum(axis=1) / np.maximum(np.square(left).sum(axis=1), 1e-30)
    tones = (shares < PURE) | (again > NOISE)
    return found[tones], shares[tones], windows[found[tones]] - centred[found[tones]] + left[tones]


def _left(signals: Array) -> Array:
    """Return what two sinusoids leave of each signal, ``[n, W] -> [n, W]``."""
    length = signals.shape[1]
    if not len(signals):
        return signals
    time = np.arange(length) - (length - 1) / 2
    window, size = _hann(length), 4 * length
    left, omegas = signals, np.zeros((len(signals), 0))
    for _ in range(2):
        peaks = np.abs(np.fft.rfft(left * window, size))[:, 4:-1].argmax(axis=1) + 4
        omegas = np.concatenate((omegas, 2 * np.pi / size * peaks[:, None]), axis=1)
        waves = _waves(omegas, time)
        left = signals - _fitted(waves, signals)[1]
    near = np.square(left).sum(axis=1) < FAR * np.square(signals).sum(axis=1)
    left[near] = _exact(signals[near], omegas[near], waves[near], time)
    return left


def _exact(signals: Array, omegas: Array, waves: Array, time: Array) -> Array:
    """Return what is left at the least-squares frequencies, which are near those given."""
    length = signals.shape[1]
    for _ in range(ROUNDS if len(signals) else 0):
        a, b = np.split(_fitted(waves, signals)[0], 2, axis=1)
        cosines, sines = np.split(waves, 2, axis=1)
        slopes = time * (b[:, :, None] * cosines - a[:, :, None] * sines)
        steps = _fitted(np.concatenate((waves, slopes), axis=1), signals)[0][:, 4:]
        omegas = np.clip(omegas + np.clip(steps, -2 / length, 2 / length), 8 / length, np.pi - 8 / length)
        waves = _waves(omegas, time)
    return signals - _fitted(waves, signals)[1]


@lru_cache(maxsize=8)
def _hann(length: int) -> Array:
    return np.hanning(length)


@lru_cache(maxsize=8)
def _places(windows: int, hop: int) -> npt.NDArray[np.int64]:
    """Return which samples each window has, ``[windows, HOPS * hop]``."""
    return hop * np.arange(windows)[:, None] + np.arange(HOPS * hop)


def _waves(omegas: Array, time: Array) -> Array:
    """Return a cosine and a sine of each frequency, ``[n, k] -> [n, 2 k, W]``."""
    angles = omegas[:, :, None] * time
    return np.concatenate((np.cos(angles), np.sin(angles)), axis=1)


def _fitted(basis: Array, signals: Array) -> tuple[Array, Array]:
    """Return the factors ``[n, k]`` of ``[n, k, W]`` that explain most of ``[n, W]``, and their sum ``[n, W]``."""
    products = basis @ basis.transpose(0, 2, 1)
    ridge = 1e-9 * np.trace(products, axis1=1, axis2=2)[:, None, None] * np.eye(basis.shape[1])
    factors = np.linalg.solve(products + ridge, basis @ signals[:, :, None])
    return factors[:, :, 0], (factors.transpose(0, 2, 1) @ basis)[:, 0]
