"""WAV files whose headers state lengths that are not theirs: on the disk, in memory and through a pipe."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.reading import audio_info, read_audio
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.audio.sound_files import SoundBytes, open_sound
from aurora_resnet.runtime.audio.wav_headers import PCM, read_header
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError

STEPS = np.random.default_rng(0).integers(-9000, 9000, 4001, dtype=np.int16)
SAMPLES = (STEPS / 2**15).astype(np.float32)


def wav(form: str = "WAV", subtype: str = "PCM_16", steps: np.ndarray = STEPS) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, steps, 8000, format=form, subtype=subtype)
    return buffer.getvalue()


def with_lengths(data: bytes, riff: int | None, samples: int | None) -> bytes:
    changed = bytearray(data)
    at = data.index(b"data") + 4
    for place, length in ((4, riff), (at, samples)):
        if length is not None:
            changed[place : place + 4] = struct.pack("<I", length)
    return bytes(changed)


def heard(data: bytes, tmp_path: Path) -> Samples:
    """Read it from the disk and from memory, which must be the same."""
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    samples, rate = read_audio(SoundBytes(data, "a pipe"))
    assert rate == 8000
    np.testing.assert_array_equal(read_audio(path)[0], samples)
    assert audio_info(path).frames == len(samples)
    return samples


PLACEHOLDERS = [0, 0x7FFFFFFF, 0x80000000, 0x7FFFF000, 0x7FFFEFFE, 0x7F000000, 0xFFFFFFFF, 0xFFFFFFFF - 36]


@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
@pytest.mark.parametrize("riff", [0, 36, None, 0xFFFFFFFF])
@pytest.mark.parametrize("samples", PLACEHOLDERS)
def test_a_placeholder_means_to_the_end(tmp_path: Path, form: str, riff: int | None, samples: int) -> None:
    np.testing.assert_array_equal(heard(with_lengths(wav(form), riff, samples), tmp_path), SAMPLES)


@pytest.mark.parametrize("riff", [0, 8, 36, 0x80000000, 0xFFFFFFFF])
def test_the_length_of_the_whole_does_not_matter(tmp_path: Path, riff: int) -> None:
    np.testing.assert_array_equal(heard(with_lengths(wav(), riff, None), tmp_path), SAMPLES)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT", "ULAW"])
def test_other_samples_than_those_of_16_bits_too(tmp_path: Path, subtype: str) -> None:
    data = wav(subtype=subtype, steps=STEPS[:4000] / 2**15)
    np.testing.assert_array_equal(heard(with_lengths(data, 0, 0), tmp_path), heard(data, tmp_path))


@given(cut=st.integers(1, 4000))
def test_a_plausible_length_that_is_not_there_is_a_cut_file(cut: int) -> None:
    data = wav()
    with pytest.raises(AudioError, match=r"is cut off: its header promises 8002 bytes of samples, \d+ are there"):
        read_audio(SoundBytes(data[: len(data) - cut], "a pipe"))


@pytest.mark.parametrize("promised", [2, 2000, 7000])
def test_a_length_that_is_short_is_said(tmp_path: Path, promised: int) -> None:
    with pytest.raises(AudioError, match=rf"promises {promised} bytes of samples, but {8002 - promised} more follow"):
        heard(with_lengths(wav(), None, promised), tmp_path)


def test_chunks_behind_the_samples_padding_and_a_little_rubbish_do_no_harm(tmp_path: Path) -> None:
    chunk = b"LIST" + struct.pack("<I", 5) + b"INFO!\0" + b"id3 " + struct.pack("<I", 1000) + bytes(range(250)) * 4
    odd = wav(subtype="PCM_U8")  # 4001 bytes, and one more to make them even
    for behind in (chunk, bytes(5000), b"\n", chunk[:-300]):
        np.testing.assert_array_equal(heard(wav() + behind, tmp_path), SAMPLES)
        np.testing.assert_array_equal(heard(odd + behind, tmp_path), heard(odd, tmp_path))


def test_chunks_before_the_samples_do_no_harm(tmp_path: Path) -> None:
    data = wav()
    junk = b"JUNK" + struct.pack("<I", 33) + b"data" * 8 + b"!\0"
    for riff, samples in ((None, None), (0, 0), (36, 0x80000000)):
        mended = with_lengths(data, riff, samples)
        np.testing.assert_array_equal(heard(mended[:12] + junk + mended[12:], tmp_path), SAMPLES)


def test_no_samples_are_none_even_with_chunks_behind_them() -> None:
    empty = wav(steps=STEPS[:0])
    for data in (empty, empty + b"LIST" + struct.pack("<I", 4) + b"INFO"):
        with pytest.raises(AudioError, match="holds no samples"):
            read_audio(SoundBytes(data, "a pipe"))


@pytest.mark.parametrize("riff", [0, None])
def test_the_file_is_closed_and_can_be_sought_in(tmp_path: Path, riff: int | None) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(with_lengths(wav(), riff, 0))
    with open_sound(path) as file:
        assert isinstance(file, soundfile.SoundFile)
        file.seek(3000)
        np.testing.assert_array_equal(file.read(dtype="float32"), SAMPLES[3000:])
        file.seek(0)
        np.testing.assert_array_equal(file.read(dtype="float32"), SAMPLES)


@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
@pytest.mark.parametrize("samples", [None, *PLACEHOLDERS])
def test_the_header_of_a_stream_says_what_follows(form: str, samples: int | None) -> None:
    stream = io.BytesIO(with_lengths(wav(form), 0 if samples == 0 else None, samples))
    header = read_header(stream.read)
    assert header is not None
    assert header[1:5] == (PCM, 1, 8000, 16)
    assert header.data_length == (8002 if samples is None else samples)
    np.testing.assert_array_equal(np.frombuffer(stream.read(), "<i2"), STEPS)


def test_raw_samples_are_not_read_as_mp3() -> None:
    """libsndfile takes what begins with -1 for MPEG audio, and half of it for a sound."""
    rng = np.random.default_rng(1)
    for size in (3, 300, 3000):
        for first in (-1, -257, -513, -1025, -1281):
            steps = (size * rng.standard_normal(4000)).astype("<i2")
            steps[0] = first
            with pytest.raises(AudioError, match=r"np.frombuffer\(data, np.int16\)"):
                open_recording(steps.tobytes())
