"""A mono waveform in [-1, 1] becomes a sound file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.audio.waveform import check_sample_rate, check_samples
from aurora_resnet.runtime.errors import AudioError


def write_audio(
    samples: npt.ArrayLike, path: str | Path, sample_rate: int, *, durable: bool = True, new: bool = False
) -> None:
    """Write a mono waveform as 16-bit WAV or FLAC, whole or not at all.

    Samples are rounded to the nearest of the 65,536 steps, so what was read from a 16-bit file is written
    back bit for bit. Nothing is scaled or clipped.

    Args:
        samples: floating-point, shape ``[N]``, within [-1, 1]; silence is allowed.
        path: ends in ``.wav`` or ``.flac``; its folder is created if needed.
        sample_rate: Hz.
        durable: as for ``atomic_path``.
        new: as for ``atomic_path``: no file is overwritten.

    Raises:
        FileExistsError: with ``new``, if there is such a file.
        AudioError: for another suffix, samples that are unusable or beyond [-1, 1], an absurd rate, or when
            the file cannot be written.

    >>> import tempfile
    >>> from aurora_resnet.runtime.audio.reading import read_audio
    >>> file = Path(tempfile.mkdtemp()) / "a.flac"
    >>> write_audio(np.array([0.0, 0.5, -1.0]), file, 16000)
    >>> read_audio(file)
    (array([ 0. ,  0.5, -1. ], dtype=float32), 16000)
    """
    path = Path(path)
    if path.suffix.lower() not in (".wav", ".flac"):
        raise AudioError(f"'{path}': expected a name that ends in .wav or .flac, got '{path.suffix}'")
    rate = check_sample_rate(sample_rate, f"'{path}'")
    waveform = check_samples(samples, f"'{path}'")
    peak = float(np.abs(waveform).max())
    if peak > 1:
        raise AudioError(f"'{path}': samples must lie in [-1, 1], the peak is {peak:.4g}; lower the level first")
    steps = np.clip(np.rint(waveform * 32768), -32768, 32767).astype(np.int16)
    try:
        with atomic_path(path, durable=durable, new=new) as temporary:
            soundfile.write(temporary, steps, rate, subtype="PCM_16")
    except (OSError, soundfile.LibsndfileError) as error:
        if new and isinstance(error, FileExistsError):
            raise
        # libsndfile's own text names the temporary file.
        reason = error.error_string if isinstance(error, soundfile.LibsndfileError) else error
        raise AudioError(f"'{path}' cannot be written: {reason}") from error
