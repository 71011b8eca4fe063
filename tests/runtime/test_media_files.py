"""What PyAV reads is compared with the samples that were encoded; hostile files end in our error."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from aurora_resnet.runtime.audio.kinds import SOUND_SUFFIXES, may_be_headerless
from aurora_resnet.runtime.audio.reading import audio_info, read_audio
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.audio.sound_files import SoundBytes, open_sound
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError
from tests.runtime.media import RATE, encode

TONE = (16000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.int16)

LOSSLESS = [
    ("ipod", "alac", "m4a"),
    ("matroska", "flac", "mka"),
    ("wv", "wavpack", "wv"),
    ("tta", "tta", "tta"),
    ("ogg", "flac", "oga"),
]
LOSSY = [
    ("ipod", "aac", "m4a", RATE),
    ("mp4", "aac", "mp4", RATE),
    ("mov", "aac", "mov", RATE),
    ("webm", "libopus", "webm", 48_000),
    ("3gp", "libopencore_amrnb", "3gp", 8_000),
    ("amr", "libopencore_amrnb", "amr", 8_000),
    ("adts", "aac", "aac", RATE),
    ("asf", "wmav2", "wma", RATE),
    ("flv", "libmp3lame", "flv", 22_050),
    ("avi", "libmp3lame", "avi", RATE),
    ("ac3", "ac3", "ac3", 32_000),
    ("wav", "wmav2", "wav", RATE),
]


@pytest.fixture
def av() -> Any:
    return pytest.importorskip("av")


def tone_of(samples: Samples, rate: int) -> float:
    """Return the frequency of a tone in Hz."""
    return float(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax()) * rate / len(samples)


@pytest.mark.parametrize(("container", "codec", "suffix"), LOSSLESS)
def test_lossless_files_give_the_samples_that_were_encoded(
    av: Any, tmp_path: Path, container: str, codec: str, suffix: str
) -> None:
    path = encode(av, tmp_path / f"a.{suffix}", container, codec, TONE)
    expected = TONE.astype(np.float32) / 2**15
    samples, rate = read_audio(path)
    assert rate == RATE
    np.testing.assert_array_equal(samples, expected)
    assert audio_info(path).frames == len(TONE)
    np.testing.assert_array_equal(read_audio(SoundBytes(path.read_bytes(), "a"))[0], expected)
    np.testing.assert_array_equal(audio_info(path).read(8000, 4000), expected[8000:12000])
    np.testing.assert_array_equal(np.concatenate(list(audio_info(path).blocks(0.1))), expected)


@pytest.mark.parametrize(("container", "codec", "suffix", "rate"), LOSSY)
def test_what_phones_and_browsers_record_is_read_from_paths_bytes_and_file_objects(
    av: Any, tmp_path: Path, container: str, codec: str, suffix: str, rate: int
) -> None:
    steps = (16000 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)).astype(np.int16)
    path = encode(av, tmp_path / f"a.{suffix}", container, codec, steps, rate)
    assert path.suffix in SOUND_SUFFIXES
    with path.open("rb") as file:
        recordings = [open_recording(each) for each in (path, path.read_bytes(), file)]
    for recording in recordings:
        assert recording.sample_rate == rate
        assert recording.frames == pytest.approx(len(steps), rel=0.15)
        assert tone_of(np.concatenate(list(recording.blocks())), rate) == pytest.approx(440, abs=5)


@pytest.mark.parametrize("channels", [2, 8])
def test_channels_become_one(av: Any, tmp_path: Path, channels: int) -> None:
    path = encode(av, tmp_path / "a.mka", "matroska", "flac", TONE, channels=channels)
    with open_sound(path) as file:
        assert file.channels == channels
    np.testing.assert_allclose(read_audio(path)[0], TONE / 2**15, atol=1e-4)


def test_a_long_file_is_read_in_part(av: Any, tmp_path: Path) -> None:
    steps = np.tile(TONE, 70)
    path = encode(av, tmp_path / "a.mka", "matroska", "flac", steps)
    recording = open_recording(path)
    assert recording.frames == len(steps)
    np.testing.assert_array_equal(recording.read(len(steps) - 100, 100), steps[-100:] / np.float32(2**15))


@pytest.mark.parametrize(("container", "codec", "suffix", "rate"), LOSSY)
def test_without_pyav_one_sentence_says_what_to_do(
    av: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, container: str, codec: str, suffix: str, rate: int
) -> None:
    path = encode(av, tmp_path / f"a.{suffix}", container, codec, TONE, rate)
    monkeypatch.setitem(sys.modules, "av", None)
    for recording in (path, path.read_bytes()):
        with pytest.raises(AudioError, match=r"pip install av; or convert it: ffmpeg -i IN OUT\.wav"):
            open_recording(recording)


def test_video_without_sound_is_refused(av: Any, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            file.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        file.mux(stream.encode(None))
    with pytest.raises(AudioError, match="holds no sound"):
        open_recording(tmp_path / "a.mp4")


def test_a_cut_file_is_refused_where_its_header_promises_more(av: Any, tmp_path: Path) -> None:
    whole = encode(av, tmp_path / "a.m4a", "ipod", "aac", TONE).read_bytes()
    with pytest.raises(
        AudioError, match="it is damaged or no sound file"
    ):  # what says where the sound is, is at the end
        open_recording(whole[: len(whole) // 2])
    whole = encode(av, tmp_path / "b.m4a", "ipod", "aac", TONE, options={"movflags": "faststart"}).read_bytes()
    assert open_recording(whole).frames > 0.9 * len(TONE)
    with pytest.raises(AudioError, match=r"cut off(: it should last 1\.\d+ s| near sample)"):
        open_recording(whole[: len(whole) // 2])


def test_damage_ends_in_our_error(av: Any, tmp_path: Path) -> None:
    """Bytes of files are changed at random; each is read or refused, and nothing else happens."""
    rng = np.random.default_rng(0)
    kinds = [("ipod", "aac", RATE), ("webm", "libopus", 48_000), ("flv", "libmp3lame", 22_050), ("asf", "wmav2", RATE)]
    read = refused = 0
    for container, codec, rate in kinds:
        whole = encode(av, tmp_path / "a", container, codec, TONE[:4000], rate).read_bytes()
        for _ in range(60):
            data = bytearray(whole)
            for position in rng.integers(0, len(data), size=rng.integers(1, 30)):
                data[position] = rng.integers(256)
            try:
                list(open_recording(bytes(data)).blocks())
                read += 1
            except AudioError:
                refused += 1
    assert read + refused == 240
    assert refused > 20


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXTINF:1,\n{}\n", "file {}\n"])
@pytest.mark.parametrize("suffix", ["m4a", "mp4", "m3u8"])
def test_lists_open_no_other_file(tmp_path: Path, text: str, suffix: str) -> None:
    soundfile.write(tmp_path / "secret.wav", TONE, RATE)
    (tmp_path / f"a.{suffix}").write_text(text.format(tmp_path / "secret.wav"))
    with pytest.raises(AudioError, match="it is damaged or no sound file"):
        open_recording(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize(
    "data", [b"<!doctype html><p>404</p>", b"\x89PNG\r\n\x1a\n" + bytes(90), b"PK\x03\x04" + bytes(90)]
)
def test_what_is_no_sound_is_not_called_headerless(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(AudioError, match="it is damaged or no sound file") as error:
        open_recording(tmp_path / "a.wav")
    assert "RawFormat" not in str(error.value)
    assert not may_be_headerless(data[:64])


def test_mp3_in_wav_is_read_though_its_header_counts_the_padding(av: Any, tmp_path: Path) -> None:
    data = bytearray(encode(av, tmp_path / "a.wav", "wav", "libmp3lame", np.tile(TONE, 3)).read_bytes())
    at = data.find(b"fact") + 8
    stated = int.from_bytes(data[at : at + 4], "little") + 1500
    data[at : at + 4] = stated.to_bytes(4, "little")
    samples, rate = read_audio(SoundBytes(bytes(data), "call"))
    assert len(samples) < stated
    assert tone_of(samples, rate) == pytest.approx(440, abs=5)
    with pytest.raises(AudioError, match="cut off"):
        read_audio(SoundBytes(bytes(data[: len(data) // 2]), "call"))


def test_all_that_libsndfile_writes_has_an_ending_of_a_recording(tmp_path: Path) -> None:
    """Each of its formats, under its usual name, is found in a folder and read."""
    usual = {"AIFF": "aiff", "AU": "au", "CAF": "caf", "W64": "w64", "RF64": "rf64", "NIST": "sph", "VOC": "voc"}
    usual |= {"IRCAM": "sf", "PAF": "paf", "PVF": "pvf", "AVR": "avr", "SVX": "svx", "HTK": "htk", "FLAC": "flac"}
    for name, suffix in usual.items():
        path = tmp_path / f"a.{suffix}"
        soundfile.write(path, TONE, RATE, format=name, subtype="PCM_16")
        assert path.suffix in SOUND_SUFFIXES
        assert open_recording(path).frames == len(TONE)
    assert {".wav", ".mp3", ".ogg", ".opus", ".oga", ".aif", ".aifc", ".snd"} <= SOUND_SUFFIXES


def test_memory_objects_are_not_changed(av: Any, tmp_path: Path) -> None:
    data = encode(av, tmp_path / "a.m4a", "ipod", "aac", TONE).read_bytes()
    stream = io.BytesIO(data)
    assert open_recording(stream).frames == open_recording(stream).frames  # rewound
