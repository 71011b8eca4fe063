"""A recording becomes a clip: shorter ones are centred and padded, of longer ones the word is cut out."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import AudioError
from .prepared import prepare
from .reading import Recording, SamplesInMemory, open_file  # noqa: F401  # the doctest takes one
from .sound_files import RawFormat
from .waveform import Samples, check_sample_rate, check_samples
from .word_search import most_energetic_start, word_start

#: What is as soft as 64 steps of 16 bits is flat at its peaks because of its steps.
NEAR_PEAK, CLIPPED_SHARE, SOFTEST_PEAK = 0.95, 0.01, 2.0**-9


@dataclass(frozen=True, eq=False)
class Clip:
    """The input of a model for a recording.

    Attributes:
        samples: at the model's rate, of the model's length, ``[N]``.
        start_seconds: where in the recording the clip begins; below 0 where a shorter recording was centred in silence.
        recording_seconds: length of the whole recording.
        clipped: whether the recording was cut off at its peaks there, by a microphone or an amplifier at its limit.
    """

    samples: Samples = field(repr=False)
    start_seconds: float
    recording_seconds: float
    clipped: bool = False


def make_clip(recording: Recording, sample_rate: int, length: int) -> Clip:
    """Return the clip of a recording, as ``read_clip`` reads it, at its exact length.

    Args:
        recording: of any rate and length.
        sample_rate: of the clip in Hz.
        length: of the clip in samples.

    Raises:
        AudioError: as the recording's reading; or if rate or length are absurd.

    >>> clip = make_clip(SamplesInMemory(np.array([1, -1, 1, -1], np.float32), 8000), 8000, 8)
    >>> (abs(clip.samples) > 0.5).tolist(), clip.start_seconds
    ([False, False, True, True, True, True, False, False], -0.00025)
    """
    rate = check_sample_rate(sample_rate, "make_clip")
    stretch, start, clipped = _cut(recording, rate, _check_length(length) / rate)
    missing = max(0, length - len(stretch))
    return Clip(
        fit_length(stretch, length),
        start / recording.sample_rate - (missing // 2) / rate,
        recording.frames / recording.sample_rate,
        clipped,
    )


def read_clip(path: str | Path, sample_rate: int, clip_seconds: float, *, raw: RawFormat | None = None) -> Samples:
    """Read the ``clip_seconds`` of a file in which the word is, or all of a shorter one, at a given rate.

    See ``word_search`` for how the word is found. A file that is longer than 10 s is read block by block, to find the
    stretch, and then the stretch alone. Memory holds the clip, a block and three numbers for every 10 ms. Silence is
    allowed: the clip is then the file's first ``clip_seconds``. It is what ``prepared.prepare`` makes of
    it, for training, evaluation and recognition alike.

    Args:
        path: the file.
        sample_rate: Hz of the returned waveform.
        clip_seconds: length of the clip, above 0; infinity reads the whole file.
        raw: for headerless audio.

    Returns:
        The waveform; ``fit_length`` gives it its exact length.

    Raises:
        AudioError: as ``read_audio``; or if the rate or the length is absurd.

    >>> import soundfile, tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.wav"
    >>> noise = np.random.default_rng(0).uniform(-0.5, 0.5, 8000)
    >>> soundfile.write(file, np.concatenate((np.zeros(8000), noise, np.zeros(8000))), 8000)
    >>> clip = read_clip(file, 8000, 1.0)
    >>> clip.shape, round(float(clip.std()), 1)
    ((8000,), 0.3)
    """
    return read_stretch(path, sample_rate, clip_seconds, raw=raw)[0]


def read_stretch(
    path: str | Path, sample_rate: int, clip_seconds: float, *, raw: RawFormat | None = None
) -> tuple[Samples, bool]:
    """Return what ``read_clip`` does, and whether the recording is clipped there."""
    rate = check_sample_rate(sample_rate, "read_clip")
    if not clip_seconds > 0:
        raise AudioError(f"clip_seconds must be a number above 0, got {clip_seconds}")
    stretch, _, clipped = _cut(open_file(path, raw), rate, clip_seconds)
    return stretch, clipped


def fit_length(samples: npt.ArrayLike, length: int) -> Samples:
    """Return a copy of exactly ``length`` samples.

    A shorter waveform is centred between zeros (an odd zero goes to the right), a longer one is cut to its
    most energetic stretch. Silence is allowed and stays silence.

    Args:
        samples: the waveform, shape ``[N]``.
        length: number of samples wanted, at least 1.

    Raises:
        AudioError: if the samples are unusable or the length is below 1.

    >>> fit_length([1.0, 1.0], 5)
    array([0., 1., 1., 0., 0.], dtype=float32)
    >>> fit_length([0.0, 0.1, 0.9, 0.3, 0.0], 2)
    array([0.9, 0.3], dtype=float32)
    """
    waveform = check_samples(samples, "fit_length")
    if _check_length(length) < len(waveform):
        start = most_energetic_start([waveform], length)
        waveform = waveform[start : start + length]
    return place(waveform, np.zeros(length, np.float32))


def place(samples: Samples, window: Samples, position: float = 0.5) -> Samples:
    """Put a waveform into a window and return the window.

    Args:
        samples: ``[n]``.
        window: ``[N]``, silent; is changed.
        position: where in the free room the waveform lies, 0 at the left to 1 at the right. A waveform without free
            room is cut to the window in the same way.

    >>> place(np.array([1, 2], np.float32), np.zeros(4, np.float32), position=1.0)
    array([0., 0., 1., 2.], dtype=float32)
    """
    room = len(window) - len(samples)
    start = int(room * position)
    if room >= 0:
        window[start : start + len(samples)] = samples
    else:
        window[:] = samples[-start : -start + len(window)]
    return window


def is_clipped(samples: Samples) -> bool:
    """Return whether a waveform was cut off at its peaks: one sample of a hundred lies there.

    Of 820 recordings of seven corpora, as they are, no more than five of a thousand samples do; overdriven by 10 dB,
    two of a hundred and more in nineteen of twenty.

    >>> wave = np.sin(np.arange(8000)) * np.sin(np.arange(8000) / 7) * np.hanning(8000)
    >>> is_clipped(wave), is_clipped(np.clip(3 * wave, -1, 1))
    (False, True)
    """
    sizes = np.abs(samples)
    peak = sizes.max(initial=0.0)
    return bool(peak > SOFTEST_PEAK) and float((sizes >= NEAR_PEAK * peak).mean()) >= CLIPPED_SHARE


def _cut(recording: Recording, sample_rate: int, clip_seconds: float) -> tuple[Samples, int, bool]:
    """Return the ``clip_seconds`` of the word at the new rate, where in the recording they begin, if they are clipped.

    Only the samples as they were recorded tell that: filtered or resampled, a flat peak is no longer flat.
    """
    length = max(1, round(min(clip_seconds * recording.sample_rate, recording.frames)))
    start = word_start(recording, length) if length < recording.frames else 0
    recorded = recording.read(start, length)
    return prepare(recorded, recording.sample_rate, sample_rate, part=True), start, is_clipped(recorded)


def _check_length(length: int) -> int:
    if length < 1:
        raise AudioError(f"the length of a clip must be at least 1 sample, got {length}")
    return length
