"""Which byte of a 16-bit sample comes first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from aurora_resnet.errors import CorpusError

ByteOrder = Literal["big", "little"]

FILES = 64
BYTES = 32_000
CLEAR = 2.0
"""How many times rougher the wrong reading of a file must be for the file to count."""


def detect_byte_order(paths: Sequence[Path]) -> ByteOrder:
    """Tell the byte order of headerless 16-bit PCM files from their samples.

    Speech x(n) moves slowly against its full scale; read with its bytes swapped, the low byte leads and
    nearly every step is a jump. So the reading with the smaller mean square step, mean (x(n) - x(n-1))^2, is
    the right one: for loud speech because the other one is noise of full scale, for faint speech because the
    other one is 256 times as loud. Up to 64 files, spread over the list, are asked; those whose readings
    differ by less than a factor of 2 (silence, noise of full scale) abstain.

    Args:
        paths: files of one corpus.

    Raises:
        CorpusError: if all abstain, or some files clearly say one thing and some the other.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "FAC_1A.08"
    >>> wave = 3000 * np.sin(0.3 * np.arange(4000))
    >>> _ = file.write_bytes(wave.astype(">i2").tobytes())
    >>> detect_byte_order([file])
    'big'
    """
    stride = max(1, -(-len(paths) // FILES))  # rounded up
    votes: dict[ByteOrder, list[Path]] = {"big": [], "little": []}
    for path in paths[::stride]:
        with path.open("rb") as stream:
            data = stream.read(BYTES)
        data = data[: len(data) // 2 * 2]
        big, little = (_mean_square_step(np.frombuffer(data, dtype)) for dtype in (">i2", "<i2"))
        if little > CLEAR * big:
            votes["big"].append(path)
        elif big > CLEAR * little:
            votes["little"].append(path)
    if votes["big"] and votes["little"]:
        raise CorpusError(
            f"the byte orders are mixed: {votes['big'][0]} looks big-endian, {votes['little'][0]} little-endian; "
            "make them one, or give byte_order"
        )
    if not (votes["big"] or votes["little"]):
        first = paths[0] if paths else "no file"
        raise CorpusError(f"{first} and others: the byte order cannot be heard (silence?); give byte_order")
    return "big" if votes["big"] else "little"


def _mean_square_step(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> float:
    steps = np.diff(samples.astype(np.float64))
    return float(np.mean(steps**2)) if steps.size else 0.0
