r"""Several channels become one: their mean, after those of opposite sign were turned round.

A cable with swapped wires gives the second channel the opposite sign, and the mean of the two is nothing. The signs
:math:`s_c = \pm 1` are those for which the mean carries the most power: those of the strongest eigenvector of the
channels' covariance (the first principal component). A silent channel takes no part, a noisy one as much as any.

Nothing waits for the future: time runs in steps of 0.1 s from the first sample on, and the signs of a step are decided
by what came up to its end, recent seconds weighing most. Once chosen, they stay until others would make the mean twice
as strong. So a stream, a file read in blocks and an array give the same samples. Slow changes below about 100 Hz (an
offset, rumble) say nothing about the sign of speech and do not count.
"""

import numpy as np
import numpy.typing as npt

from .waveform import Samples, channel_samples, check_int32_scale

STEP_SECONDS = 0.1
MEMORY_STEPS = 20
#: A mean over so long holds what is slow, and little of speech.
SLOW_SECONDS = 0.005
#: How many times the power of the mean other signs must give.
TURN = 2.0


def step_frames(sample_rate: int) -> int:
    """Return the number of frames in a step."""
    return max(1, round(STEP_SECONDS * sample_rate))


class Downmix:
    """Make one channel of several, block after block.

    Args:
        channels: number of them, at least 1.
        sample_rate: Hz.

    >>> speech = np.sin(np.arange(100, dtype=np.float32))
    >>> bool(np.all(Downmix(2, 1000).mix(np.stack([speech, -speech], axis=1)) == speech))
    True
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        self._step = step_frames(sample_rate)
        self._slow = max(1, round(SLOW_SECONDS * sample_rate))
        self._covariance = np.zeros((channels, channels))
        self._signs = np.zeros(channels)  # 0 is undecided, as long as a channel is silent

    def mix(self, block: npt.NDArray[np.float32]) -> Samples:
        """Return the next samples ``[n]``.

        Args:
            block: ``[n, C]``, whole steps (``step_frames``), but for the last block of all.
        """
        if block.shape[1] == 1:
            return block[:, 0]
        mixed = np.empty(len(block), np.float32)
        for start in range(0, len(block), self._step):
            step = block[start : start + self._step]
            self._decide(step)
            signs = np.where(self._signs == 0, 1, self._signs).astype(np.float32)
            mixed[start : start + len(step)] = (step * signs).mean(axis=1)
        return mixed

    def _decide(self, step: npt.NDArray[np.float32]) -> None:
        fast = _without_slow(step.astype(np.float64), self._slow)
        self._covariance = (1 - 1 / MEMORY_STEPS) * self._covariance + fast.T @ fast
        sounding = self._covariance.diagonal() > 0
        if not sounding.any():
            return
        strongest = np.linalg.eigh(self._covariance)[1][:, -1]
        best = np.where(sounding, np.where(strongest < 0, -1.0, 1.0), 0.0)
        known = self._signs != 0
        if best[known] @ self._signs[known] < 0 or (not known.any() and best[sounding.argmax()] < 0):
            best = -best  # both say the same; the fewer channels turn, the better
        new = np.where(known, self._signs, best)
        self._signs = best if self._power(best) > TURN * self._power(new) else new

    def _power(self, signs: npt.NDArray[np.float64]) -> float:
        return float(signs @ self._covariance @ signs)


def mono_waveform(recording: npt.ArrayLike, sample_rate: int, what: str) -> Samples:
    """Return samples in memory, of any usual sample type and number of channels, as one channel.

    Args:
        recording: see ``channel_samples``.
        sample_rate: Hz.
        what: whose samples they are, for the message.

    Returns:
        The waveform, shape ``[N]``. A mono float32 array is returned as it is, not copied.

    Raises:
        AudioError: as ``channel_samples``; also for int32 samples, none of which goes beyond what int16 holds.

    >>> mono_waveform(np.array([[16384, -16384], [-32768, 32767], [0, 8192]], np.int16), 8000, "microphone").round(3)
    array([ 0.5  , -1.   , -0.125], dtype=float32)
    """
    samples = channel_samples(recording, what)
    if getattr(recording, "dtype", None) == np.int32:
        check_int32_scale(float(np.abs(samples).max()), what)
    return Downmix(samples.shape[1], sample_rate).mix(samples)


def _without_slow(step: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    """Take off the mean around each frame, where there is one; in a shorter step, that of all."""
    if len(step) <= width:
        centred: npt.NDArray[np.float64] = step - step.mean(axis=0)
        return centred
    sums = np.concatenate((np.zeros((1, step.shape[1])), np.cumsum(step, axis=0)))
    means = (sums[width:] - sums[:-width]) / width
    slow: npt.NDArray[np.float64] = step[width // 2 : width // 2 + len(means)] - means
    return slow
