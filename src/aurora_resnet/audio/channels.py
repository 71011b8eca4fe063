"""What a telephone does to a sound: the channels of the Aurora-2 protocol, at 8 kHz.

- ``g712``: the band-pass of an ITU-T G.712 PCM channel (300 to 3400 Hz), as the recursive filter of the protocol's
  tool. Its phase is that filter's own.
- ``mirs``: the modified intermediate reference system of ITU-T P.830 (sending side), a telephone handset that rises
  towards 3 kHz. The protocol's tool doubles the rate, filters with a linear phase, halves the rate and removes the
  delay. With h the whole filter at 16 kHz, the output at 8 kHz is y[n] = sum_k h[2n - 2k] x[k]: one linear-phase
  filter at 8 kHz, and that is the one designed here, to the response of the tool's.
- ``none``: the sound as it is.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import scipy  # its parts, which take a second, are imported where they are used

from aurora_resnet.runtime.audio.waveform import Samples, check_samples
from aurora_resnet.runtime.errors import AudioError, ConfigError, did_you_mean

CHANNEL_RATE = 8000  # Hz; both filters are defined at this rate only

# Second-order sections b0 b1 b2 a0 a1 a2.
G712_SECTIONS = np.array(
    [
        [0.695296250, 0.695296250 * 1.97140840, 0.695296250, 1.0, 1.56814950, 0.690445310],
        [1.0, -1.99301310, 1.0, 1.0, -1.79704400, 0.830129300],
    ]
)

MIRS_GAIN_DB = -3.7  # at 1 kHz
MIRS_RESPONSE_DB: dict[float, float] = {  # Hz: dB relative to 1 kHz; held beyond both ends
    50: -45.6, 80: -34.8, 100: -28.1, 125: -21.0, 160: -13.5, 200: -9.6, 250: -6.6, 300: -4.8, 400: -3.3,
    500: -2.6, 630: -2.2, 800: -1.2, 1000: 0.0, 1250: 1.4, 1600: 3.2, 2000: 3.6, 2500: 5.0, 3000: 5.7,
    3150: 5.8, 3400: 4.3, 3500: 3.4, 3600: 2.6, 3800: 1.3,
}  # fmt: skip
MIRS_REACH = 160  # samples (20 ms) to each side of the filter's centre


def g712(samples: Samples, sample_rate: int) -> Samples:
    """Filter with the G.712 characteristic.

    Args:
        samples: waveform ``[N]`` at 8 kHz.
        sample_rate: in Hz; must be 8000.

    Returns:
        The filtered waveform ``[N]``.

    Raises:
        AudioError: if the rate is not 8 kHz.

    >>> hum = np.sin(2 * np.pi * 50 * np.arange(8000) / 8000).astype(np.float32)
    >>> bool(abs(g712(hum, 8000)[4000:]).max() < 0.2)
    True
    """
    samples = _checked(samples, sample_rate, "g712")
    return np.asarray(scipy.signal.sosfilt(G712_SECTIONS, samples.astype(np.float64)), dtype=np.float32)


def mirs(samples: Samples, sample_rate: int) -> Samples:
    """Filter with the modified IRS characteristic, without delay.

    Args:
        samples: waveform ``[N]`` at 8 kHz.
        sample_rate: in Hz; must be 8000.

    Returns:
        The filtered waveform ``[N]``.

    Raises:
        AudioError: if the rate is not 8 kHz.

    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    >>> round(float(20 * np.log10(mirs(tone, 8000)[2000:6000].max())), 1)
    -3.7
    """
    samples = _checked(samples, sample_rate, "mirs")
    filtered = scipy.signal.fftconvolve(samples.astype(np.float64), _mirs_kernel())
    return np.asarray(filtered[MIRS_REACH : MIRS_REACH + samples.size], dtype=np.float32)


def unchanged(samples: Samples, sample_rate: int) -> Samples:  # noqa: ARG001 (the signature of a channel)
    """Return a copy of the samples, at any rate: the channel ``none``.

    >>> unchanged(np.array([0.5], dtype=np.float32), 16_000)
    array([0.5], dtype=float32)
    """
    return check_samples(samples, "input of channel none").copy()


#: Name of each channel and its function of samples and sample rate.
CHANNELS: dict[str, Callable[[Samples, int], Samples]] = {"none": unchanged, "g712": g712, "mirs": mirs}


def apply_channel(name: str, samples: Samples, sample_rate: int) -> Samples:
    """Filter with the channel of that name.

    Args:
        name: a key of ``CHANNELS``.
        samples: waveform ``[N]``.
        sample_rate: in Hz.

    Raises:
        ConfigError: if no channel has that name.
        AudioError: if the channel is not defined at that rate.

    >>> apply_channel("g713", np.zeros(80, dtype=np.float32), 8000)
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.ConfigError: 'g713' is not a channel (did you mean 'g712'?); known: none, g712, mirs
    """
    if name not in CHANNELS:
        raise ConfigError(f"'{name}' is not a channel{did_you_mean(name, CHANNELS)}; known: {', '.join(CHANNELS)}")
    return CHANNELS[name](samples, sample_rate)


def _checked(samples: Samples, sample_rate: int, channel: str) -> Samples:
    if sample_rate != CHANNEL_RATE:
        raise AudioError(
            f"channel {channel} is defined at {CHANNEL_RATE} Hz, the samples have {sample_rate} Hz; "
            "resample them first (aurora_resnet.runtime.audio.resampling.resample)"
        )
    return check_samples(samples, f"input of channel {channel}")


@cache
def _mirs_kernel() -> npt.NDArray[np.float64]:
    """Design the symmetric filter ``[2 MIRS_REACH + 1]`` by weighted least squares.

    With coefficients h[-R] ... h[R] and h[-n] = h[n] the response is real,
    H(f) = h[0] + 2 sum_n h[n] cos(2 pi f n / f_s), and linear in h. Least squares on H(f) / D(f) - 1, with D
    the wanted response, makes the error the same in dB at every frequency, also where D is small. Between the
    given points D in dB runs straight over log f.
    """
    frequencies = np.arange(1.0, CHANNEL_RATE / 2 + 1, 2.0)  # Hz, much finer than f_s / 2R = 25 Hz
    wanted_db = np.interp(np.log(frequencies), np.log(list(MIRS_RESPONSE_DB)), list(MIRS_RESPONSE_DB.values()))
    wanted = 10 ** ((wanted_db + MIRS_GAIN_DB) / 20)
    delays = np.arange(MIRS_REACH + 1)
    response = np.where(delays == 0, 1, 2) * np.cos(2 * np.pi * np.outer(frequencies, delays) / CHANNEL_RATE)
    half = np.linalg.lstsq(response / wanted[:, None], np.ones_like(wanted), rcond=None)[0]
    kernel = np.concatenate([half[:0:-1], half])
    kernel.flags.writeable = False
    return kernel
