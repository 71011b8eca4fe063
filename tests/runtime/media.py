"""Recordings as phones and browsers write them, made with PyAV."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = 16_000
SIXTEEN_BITS = {"wavpack": "s16p", "tta": "s16"}  # their first format has 8
GLOBAL_HEADER = 1 << 22


def encode(
    av: Any,
    path: Path,
    container: str,
    codec: str,
    steps: npt.NDArray[np.int16],
    rate: int = RATE,
    channels: int = 1,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a recording ``[N]``, the same in all channels, as PyAV encodes it."""
    layout = {1: "mono", 2: "stereo", 8: "7.1"}[channels]
    with av.open(str(path), "w", format=container, options=options or {}) as file:
        stream = file.add_stream(codec, rate=rate, layout=layout)
        if codec in SIXTEEN_BITS:
            stream.codec_context.format = SIXTEEN_BITS[codec]
        if container in ("asf", "wav"):
            stream.codec_context.flags |= GLOBAL_HEADER
            stream.codec_context.bit_rate = 64_000
        convert = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate)
        for start in range(0, len(steps), rate):
            packed = np.repeat(steps[start : start + rate], channels)[None]
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
            frame.sample_rate, frame.pts = rate, start
            for part in convert.resample(frame):
                file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path
