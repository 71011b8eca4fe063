"""Cut the silence before and after a word."""

import numpy as np

from aurora_resnet.audio.levels import frame_powers
from aurora_resnet.runtime.audio.waveform import Samples


def trim_silence(
    samples: Samples, sample_rate: int, *, range_db: float = 35.0, margin_seconds: float = 0.05
) -> Samples:
    """Return the stretch from the first to the last 10 ms frame within ``range_db`` of the loudest one.

    Args:
        samples: waveform ``[N]``.
        sample_rate: in Hz.
        range_db: how far below the loudest frame a sound still counts, above 0.
        margin_seconds: kept on both sides, as far as there is sound.

    Returns:
        A view of the samples; all of them if they are silent.

    >>> word = np.r_[np.zeros(8000), np.full(4000, 0.5), np.zeros(8000)].astype(np.float32)
    >>> trim_silence(word, 8000).shape
    (4800,)
    """
    frame = max(1, sample_rate // 100)
    powers = frame_powers(samples, frame)
    loudest = float(powers.max(initial=0.0))
    if loudest == 0:
        return samples
    loud = np.flatnonzero(powers >= loudest * 10 ** (-range_db / 10))
    margin = round(margin_seconds * sample_rate)
    return samples[max(0, loud[0] * frame - margin) : (loud[-1] + 1) * frame + margin]
