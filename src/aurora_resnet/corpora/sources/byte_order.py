"""Which byte of a 16-bit sample comes first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from aurora_resnet.runtime.errors import CorpusError

ByteOrder = Literal["big", "little"]

FILES = 64
BYTES = 32_000
#: How many times better one reading must be for a file to count.
CLEAR = 2.0
#: Share of the files that may say the opposite of the rest by chance; more means a mixed corpus.
STRAYS = 0.1


def detect_byte_order(paths: Sequence[Path]) -> ByteOrder:
    """Return the byte order of headerless 16-bit PCM files from their samples.

    Up to 64 files, spread over the list, are read both ways and asked in turn, each until one answers:

    1. Low bytes that are all zero (recordings of 8 bits): their swapped reading never leaves 0 to 255 and so
       never swings below zero, as sound does.
    2. Roughness, mean (x(n) - x(n-1))^2 / var x: speech moves slowly; swapped, the low byte leads and nearly
       every step is a jump. The smoother reading is the right one.
    3. Loudness, var x: a faint recording keeps its shape when swapped but becomes about 256 times as loud, and
       noise becomes noise of full scale. The fainter reading is the right one.

    Files whose readings differ by less than a factor of 2 (silence, noise of full scale) abstain.

    Args:
        paths: files of one corpus.

    Raises:
        CorpusError: if all abstain, or more than a tenth of the answers contradict the rest.

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
        if order := _vote(path):
            votes[order].append(path)
    big, little = votes["big"], votes["little"]
    if not (big or little):
        first = paths[0] if paths else "no file"
        raise CorpusError(
            f"{first}: the byte order of this corpus is not clear (silence?); give byte_order, or aurora2-be: or -le:"
        )
    if min(len(big), len(little)) > STRAYS * (len(big) + len(little)):
        raise CorpusError(
            f"the byte orders are mixed: {big[0]} looks big-endian, {little[0]} little-endian; "
            "make them one, or give byte_order, or aurora2-be: or -le:"
        )
    return "big" if len(big) > len(little) else "little"


def _vote(path: Path) -> ByteOrder | None:
    with path.open("rb") as stream:
        data = stream.read(BYTES)
    data = data[: len(data) // 2 * 2]
    big, little = (np.frombuffer(data, dtype).astype(np.float64) for dtype in (">i2", "<i2"))
    if len(big) < 2:
        return None
    if big.min() < 0 and little.min() >= 0 and little.max() <= 255:
        return "big"
    if little.min() < 0 and big.min() >= 0 and big.max() <= 255:
        return "little"
    for measure in (_roughness, np.var):
        of_big, of_little = float(measure(big)), float(measure(little))
        if of_little > CLEAR * of_big:
            return "big"
        if of_big > CLEAR * of_little:
            return "little"
    return None


def _roughness(samples: npt.NDArray[np.float64]) -> float:
    variance = float(np.var(samples))
    return float(np.mean(np.diff(samples) ** 2)) / variance if variance else 0.0
