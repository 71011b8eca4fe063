"""Where in a recording the word is: the loudest stretch, unless it is but a click, a burst or a gust.

A word lasts, and has a vowel. The stretch of most energy is taken as it is if its energy is spread over 80 ms or more
and some of it is in frames that may be a vowel. If not, the frames around its loudest one are left out, and the loudest
stretch of the rest is looked at, and so on. If none is found that stands out of the noise, it is the first one after
all. So recordings without such bangs are cut where their energy is greatest, to the sample, others to 10 ms.

A frame may be a vowel where neighbouring samples, 1/8 ms apart, are alike: :math:`E(x_{t+1} - x_t)^2 < E x_t^2`, which
is a tone below 1.3 kHz; white noise has twice its power there. Tones are removed before, see ``tones``, and an offset
and a slope of each frame, so that beeps, wind and hum are no energy.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from .reading import Recording
from .tones import ToneCut
from .waveform import Samples

FRAME_SECONDS = 0.01
LAG_SECONDS = 1 / 8000
#: Least number of frames that hold ``SPREAD`` of the energy of a word.
WORD_FRAMES = 8
SPREAD = 0.9
#: Least share of the energy that is in frames that may be a vowel.
VOWEL_SHARE = 0.15
#: How many times the power of the noise the frames of another stretch must have, 10 dB.
ABOVE_FLOOR = 10.0
#: What is 25 dB below the loudest frame of a bang is no part of it any more.
BELOW_PEAK = 10**-2.5
MOST_BANGS = 500


def most_energetic_start(blocks: Iterable[Samples], length: int) -> int:
    """Return where the first stretch of ``length`` samples with the most energy begins; 0 in silence.

    The energy of every stretch of ``L`` samples is a difference of two running sums, ``E[i] = C[i + L] - C[i]`` with
    ``C[i] = x[0]^2 + ... + x[i - 1]^2`` in float64. ``C`` is continued from block to block by the same additions, so a
    file read in blocks gives the very stretch that the whole array gives.

    Args:
        blocks: the waveform, in blocks of any size, of at least ``length`` samples together.
        length: number of samples, at least 1.

    >>> most_energetic_start([np.array([0.0, 0.1], np.float32), np.array([0.9, 0.3, 0.0], np.float32)], 2)
    2
    """
    best_energy, best_start = -1.0, 0
    running = np.zeros(1)  # C[first], C[first + 1], ...
    first = 0
    for block in blocks:
        energies = np.concatenate((running[-1:], np.square(block, dtype=np.float64)))
        running = np.concatenate((running, np.cumsum(energies)[1:]))
        stretches = running[length:] - running[:-length]  # E[first], E[first + 1], ...
        if len(stretches):
            loudest = int(np.argmax(stretches))
            if stretches[loudest] > best_energy:
                best_energy, best_start = float(stretches[loudest]), first + loudest
            first += len(stretches)
            running = running[len(stretches) :]
    return best_start


def word_start(recording: Recording, length: int) -> int:
    """Return the first sample of the stretch in which the word is.

    Args:
        recording: at least as long as the stretch.
        length: of the stretch in samples, at least 1.

    >>> from aurora_resnet.runtime.audio.reading import SamplesInMemory
    >>> signal = np.zeros(12000, np.float32)
    >>> signal[100:110] = 1.0
    >>> signal[8000:] = 0.05 * np.sin(np.arange(4000) / 3) * np.sin(np.arange(4000) ** 1.2 / 5)
    >>> word_start(SamplesInMemory(signal, 8000), 4000)
    8000
    """
    loudest = most_energetic_start(recording.blocks(), length)
    frame = max(2, round(FRAME_SECONDS * recording.sample_rate))
    lag = max(1, round(LAG_SECONDS * recording.sample_rate))
    window = length // frame
    if window < 2 * WORD_FRAMES:
        return loudest
    found = recording.read(loudest, length)
    powers, vowels = _frames([found], recording.sample_rate, frame, lag)
    other = powers.sum() * frame < 0.5 * np.square(found, dtype=np.float64).sum()
    if len(powers) < window or (not other and _is_word(powers, vowels, least=0.0)):
        return loudest
    powers, vowels = _frames(recording.blocks(), recording.sample_rate, frame, lag)
    left = powers.copy()
    floor = ABOVE_FLOOR * float(np.quantile(powers, 0.25))
    for _ in range(MOST_BANGS):
        sums = np.concatenate(([0.0], np.cumsum(left, dtype=np.float64)))
        stretches = sums[window:] - sums[:-window]
        at = int(np.argmax(stretches))
        if stretches[at] <= 0:
            break
        if _is_word(left[at : at + window], vowels[at : at + window], least=floor):
            return at * frame
        peak = at + int(np.argmax(left[at : at + window]))
        quiet = np.flatnonzero(powers < BELOW_PEAK * powers[peak])
        place = int(np.searchsorted(quiet, peak))
        left[quiet[place - 1] if place else 0 : quiet[place] + 1 if place < len(quiet) else len(left)] = 0
    return loudest


def _is_word(powers: Samples, vowels: npt.NDArray[np.bool_], *, least: float) -> bool:
    """Tell whether the frames of a stretch may be a word.

    Args:
        powers: of the frames.
        vowels: which of them may be a vowel.
        least: power that ``WORD_FRAMES`` of the vowels must have.
    """
    total = powers.sum()
    voiced = np.sort(np.where(vowels, powers, 0))[::-1]
    if voiced.sum() < VOWEL_SHARE * total or voiced[WORD_FRAMES - 1] <= least:
        return False
    ordered = np.sort(powers)[::-1]
    return int(np.searchsorted(np.cumsum(ordered), SPREAD * total)) + 1 >= WORD_FRAMES


def _without_tones(blocks: Iterable[Samples], sample_rate: int) -> Iterator[Samples]:
    cut = ToneCut(sample_rate)
    for block in blocks:
        yield cut.push(block)
    yield cut.flush()


def _frames(blocks: Iterable[Samples], sample_rate: int, frame: int, lag: int) -> tuple[Samples, npt.NDArray[np.bool_]]:
    """Return the power of every whole frame, without tones and what is slow, and whether it may be a vowel."""
    slope = np.linspace(-1, 1, frame)
    slope /= np.sqrt(np.square(slope).sum())
    powers, vowels = [], []
    rest = np.zeros(0, np.float32)
    for block in _without_tones(blocks, sample_rate):
        signal = np.concatenate((rest, block))
        whole = len(signal) // frame * frame
        rest = signal[whole:]
        frames = signal[:whole].reshape(-1, frame).astype(np.float64)
        frames = frames - frames.mean(axis=1, keepdims=True)
        frames = frames - (frames @ slope)[:, None] * slope
        power = np.square(frames).mean(axis=1)
        changes = np.square(frames[:, lag:] - frames[:, :-lag]).mean(axis=1)
        powers.append(power.astype(np.float32))
        vowels.append(changes < power)
    return np.concatenate(powers), np.concatenate(vowels)
