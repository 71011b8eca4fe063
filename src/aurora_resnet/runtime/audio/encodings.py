r"""What the bytes of headerless audio mean: linear PCM of 16 bits, and the 8-bit codes of telephony.

G.711 (ITU-T, 1988) codes a sample as sign, three bits of exponent :math:`e` and four of mantissa :math:`m`. With the
bits turned round as the standard sends them, mu-law means :math:`\pm((2 m + 33) \, 2^e - 33)` of 8159 steps, and A-law
:math:`\pm(2 m + 1)` of 4096 for :math:`e = 0`, else :math:`\pm(2 m + 33) \, 2^{e - 1}`. Full scale is 1, as libsndfile
reads such files: both are brought to 16 bits first.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from ..errors import AudioError, did_you_mean
from .waveform import Samples

Encoding = Literal["pcm16", "mulaw", "alaw"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)


def _mu_law_table() -> Samples:
    codes = ~np.arange(256) & 0xFF
    exponent, mantissa = codes >> 4 & 7, codes & 15
    steps = (2 * mantissa + 33 << exponent) - 33
    return (np.where(codes & 0x80, -steps, steps) * 4 / 2**15).astype(np.float32)


def _a_law_table() -> Samples:
    codes = np.arange(256) ^ 0x55
    exponent, mantissa = codes >> 4 & 7, codes & 15
    steps = np.where(exponent == 0, 2 * mantissa + 1, 2 * mantissa + 33 << np.maximum(exponent - 1, 0))
    return (np.where(codes & 0x80, steps, -steps) * 8 / 2**15).astype(np.float32)


_TABLES = {"mulaw": _mu_law_table(), "alaw": _a_law_table()}


def check_encoding(encoding: str) -> Encoding:
    """Return the name of an encoding if there is one.

    Raises:
        AudioError: for another name.
    """
    for known in ENCODINGS:
        if encoding == known:
            return known
    hint = did_you_mean(encoding, ENCODINGS)
    raise AudioError(f"'{encoding}' is no encoding{hint}; expected {', '.join(ENCODINGS)}")


def sample_bytes(encoding: Encoding) -> int:
    """Return how many bytes a sample takes.

    >>> sample_bytes("pcm16"), sample_bytes("mulaw")
    (2, 1)
    """
    return 2 if encoding == "pcm16" else 1


def decode_samples(data: bytes, encoding: Encoding) -> Samples:
    """Return the samples of headerless mono audio, full scale 1.

    Args:
        data: whole samples; of ``pcm16`` the low byte comes first.
        encoding: what a sample is.

    Raises:
        AudioError: for another encoding, or half a sample at the end.

    >>> decode_samples(bytes([0x80, 0xFF, 0x00]), "mulaw")
    array([ 0.9803467,  0.       , -0.9803467], dtype=float32)
    """
    check_encoding(encoding)
    if len(data) % sample_bytes(encoding):
        raise AudioError(f"{len(data)} bytes are no whole number of 16-bit samples; some are missing or too many")
    if encoding == "pcm16":
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(2**15)
    samples: Samples = _TABLES[encoding][np.frombuffer(data, np.uint8)]
    return samples
