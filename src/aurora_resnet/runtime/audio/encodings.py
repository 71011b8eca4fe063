"""What the bytes of headerless audio mean: linear PCM of 16 bits, and the 8-bit codes of telephony (ITU-T G.711)."""

import io
from functools import cache
from typing import Literal, get_args

import numpy as np
import soundfile

from ..errors import AudioError, did_you_mean
from .waveform import Samples

Encoding = Literal["pcm16", "mulaw", "alaw"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
#: What libsndfile calls them.
SUBTYPES: dict[Encoding, str] = {"pcm16": "PCM_16", "mulaw": "ULAW", "alaw": "ALAW"}


def check_encoding(encoding: str) -> Encoding:
    """Return the name of an encoding if there is one.

    Raises:
        AudioError: for another name.
    """
    if encoding in ENCODINGS:
        return encoding
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
    return _meanings(encoding)[np.frombuffer(data, np.uint8)]


@cache
def _meanings(encoding: Encoding) -> Samples:
    """Return the sample that each of the 256 codes of a byte means."""
    raw = {"format": "RAW", "subtype": SUBTYPES[encoding], "channels": 1, "samplerate": 8000}
    samples: Samples = soundfile.read(io.BytesIO(bytes(range(256))), dtype="float32", **raw)[0]
    return samples
