"""Headerless samples against the formulas of ITU-T G.711, code by code."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.encodings import (
    ENCODINGS,
    SUBTYPES,
    Encoding,
    check_encoding,
    decode_samples,
    sample_bytes,
)
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError

ALL_BYTES = bytes(range(256))
ALL_WORDS = np.arange(-(2**15), 2**15, dtype="<i2").tobytes()


def by_formula(data: bytes, encoding: str) -> Samples:
    """G.711: of a code, turned round as it is sent, exponent ``e`` and mantissa ``m``; full scale is 16 bits."""
    if encoding == "pcm16":
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(2**15)
    codes = np.frombuffer(data, np.uint8).astype(np.int64)
    codes = ~codes & 0xFF if encoding == "mulaw" else codes ^ 0x55
    exponent, mantissa = codes >> 4 & 7, codes & 15
    steps = (2 * mantissa + 33 << exponent) - 33
    negative = codes & 0x80 != 0
    if encoding == "alaw":
        steps = np.where(exponent == 0, 4 * mantissa + 2, 2 * (2 * mantissa + 33 << np.maximum(exponent - 1, 0)))
        negative = ~negative
    return (np.where(negative, -steps, steps) * 4 / 2**15).astype(np.float32)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_code_means_what_its_formula_says(encoding: Encoding) -> None:
    data = ALL_WORDS if encoding == "pcm16" else ALL_BYTES
    decoded = decode_samples(data, encoding)
    assert decoded.dtype == np.float32
    assert len(decoded) == len(data) // sample_bytes(encoding)
    np.testing.assert_array_equal(decoded, by_formula(data, encoding))


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_a_telephone_tone_survives_its_eight_bits(encoding: Encoding) -> None:
    """libsndfile encodes; a code of G.711 is off by at most a 32nd of a sample, or half of the smallest step."""
    tone = 0.9 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    buffer = io.BytesIO()
    soundfile.write(buffer, tone, 8000, format="RAW", subtype=SUBTYPES[encoding])
    error = np.abs(decode_samples(buffer.getvalue(), encoding) - tone)
    assert np.all(error <= np.maximum(np.abs(tone) / 31, 2**-11))


@given(data=st.binary(max_size=300), encoding=st.sampled_from(ENCODINGS))
def test_any_whole_number_of_samples_is_decoded(data: bytes, encoding: Encoding) -> None:
    whole = data[: len(data) // sample_bytes(encoding) * sample_bytes(encoding)]
    decoded = decode_samples(whole, encoding)
    assert len(decoded) == len(whole) // sample_bytes(encoding)
    assert np.all(np.abs(decoded) <= 1)


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_a_file_of_eight_bit_codes_is_read_as_its_bytes_are(tmp_path: Path, encoding: Encoding) -> None:
    path = tmp_path / "call.raw"
    path.write_bytes(ALL_BYTES + ALL_BYTES[:1])  # an odd number is whole here
    raw = RawFormat(8000, encoding=encoding)
    samples, rate = read_audio(path, raw=raw)
    assert rate == 8000
    np.testing.assert_array_equal(samples, decode_samples(path.read_bytes(), encoding))


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(AudioError, match="3 bytes are no whole number of 16-bit samples"):
        decode_samples(b"abc", "pcm16")


@pytest.mark.parametrize("name", ["ulaw", "PCM16", "", "pcm24"])
def test_another_name_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(AudioError, match=f"'{name}' is no encoding.*expected pcm16, mulaw, alaw"):
        check_encoding(name)
    with pytest.raises(AudioError, match="is no encoding"):
        decode_samples(b"ab", name)  # type: ignore[arg-type]
    with pytest.raises(AudioError, match="is no encoding"):
        RawFormat(8000, encoding=name)  # type: ignore[arg-type]
