"""What a stranger sends is decoded within limits or refused with a reason."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.sound_files import SoundBytes
from aurora_resnet.runtime.errors import AudioError
from aurora_resnet.web import upload
from tests.runtime.media import encode

Encode = Callable[..., bytes]


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3"])
def test_the_usual_formats_are_decoded(encoded: Encode, container: str) -> None:
    time = np.arange(24_000) / 48_000
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    samples, rate = upload.decode_upload(encoded(tone, container=container))
    assert rate == 48_000
    assert len(samples) == pytest.approx(len(tone), abs=2400)  # MP3 fills its last frame
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * rate / len(samples) == pytest.approx(440, abs=3)


def test_thirty_seconds_pass_and_more_is_refused_without_decoding(
    encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_minute = np.zeros(30 * 8000, dtype=np.float32)
    assert len(upload.decode_upload(encoded(half_minute, 8000))[0]) == len(half_minute)
    hour = encoded(np.zeros(3600 * 1000, dtype=np.float32), 1000, "FLAC")
    assert len(hour) < upload.MAX_BYTES / 50  # what is small to send may be large to decode
    monkeypatch.setattr(upload, "read_audio", lambda *_: pytest.fail("decoded"))
    with pytest.raises(AudioError, match=r"may last 30 s, this one lasts 3600\.0 s"):
        upload.decode_upload(hour)


@pytest.mark.parametrize(("shape", "rate"), [((100, 9), 8000), ((100,), 200_000)], ids=["channels", "rate"])
def test_unusual_channels_and_rates_are_refused(encoded: Encode, shape: tuple[int, ...], rate: int) -> None:
    data = encoded(np.zeros(shape, dtype=np.float32), rate)
    read_audio(SoundBytes(data, "it would be readable"))
    with pytest.raises(AudioError, match="may have 8 channels and 192,000 Hz"):
        upload.decode_upload(data)


def test_what_is_allowed_in_length_rate_and_channels_is_not_allowed_in_all_at_once(
    encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = encoded(np.zeros((8 * 192_000, 8), dtype=np.float32), 192_000, "FLAC")
    assert len(bomb) < upload.MAX_BYTES / 10
    monkeypatch.setattr(upload, "read_audio", lambda *_: pytest.fail("decoded"))
    with pytest.raises(AudioError, match=r"may have 12,000,000 samples in all .*, this one has 12,288,000; send one"):
        upload.decode_upload(bomb)


def test_what_decodes_to_more_than_its_header_promises_is_refused(
    encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "read_audio", lambda *_: (np.zeros(31 * 8000, dtype=np.float32), 8000))
    with pytest.raises(AudioError, match=r"may last 30 s, this one lasts 31\.0 s"):
        upload.decode_upload(encoded(np.zeros(8000, dtype=np.float32), 8000))


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_255, 44_100, 44_101, 48_000, 88_200, 191_999, 192_000])
def test_all_rates_pass(encoded: Encode, rate: int) -> None:
    assert upload.decode_upload(encoded(np.zeros(100, dtype=np.float32), rate))[1] == rate


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(100), b"RIFF\x10\x00\x00\x00WAVEfmt "])
def test_what_is_no_sound_is_named_so(data: bytes) -> None:
    with pytest.raises(AudioError, match="'the recording'"):
        upload.decode_upload(data)


@given(st.binary(min_size=1, max_size=20), st.integers(0, 200), st.sampled_from(["WAV", "FLAC", "OGG", "MP3"]))
def test_damage_ends_in_a_waveform_or_in_our_own_error(
    encoded: Encode, damage: bytes, place: int, container: str
) -> None:
    data = bytearray(encoded(np.zeros(2000, dtype=np.float32), 8000, container))
    data[place : place + len(damage)] = damage
    try:
        samples, rate = upload.decode_upload(bytes(data))
    except AudioError:
        return
    assert len(samples) <= upload.MAX_SECONDS * rate


def test_what_browsers_record_is_decoded_within_the_same_limits(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    tone = (16000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)).astype(np.int16)
    samples, rate = upload.decode_upload(encode(av, tmp_path / "a.m4a", "ipod", "aac", tone).read_bytes())
    assert rate == 16000
    assert len(samples) == pytest.approx(16000, abs=1100)
    long = encode(av, tmp_path / "b.webm", "webm", "libopus", np.zeros(60 * 48_000, np.int16), 48_000).read_bytes()
    assert len(long) < upload.MAX_BYTES / 10
    with pytest.raises(AudioError, match=r"may last 30 s, this one lasts 30\.\d s or more"):
        upload.decode_upload(long)


def test_a_client_is_told_nothing_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av")
    phone = encode(av, tmp_path / "a.m4a", "ipod", "aac", np.zeros(16000, np.int16)).read_bytes()
    monkeypatch.setitem(sys.modules, "av", None)
    for data in (
        phone,
        bytes(range(256)) * 9,
        b"\xff\xff" + bytes(99),
        b"<p>404</p>",
        phone[:200],
        b"RIFF1234WAVEfmt ",
    ):
        with pytest.raises(AudioError) as error:
            upload.decode_upload(data)
        assert "frombuffer" not in str(error.value)
        assert "RawFormat" not in str(error.value)
