"""Sound files against what was written into them, and everything that is refused."""

import struct
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.reading import SoundFile, audio_info, read_audio
from aurora_resnet.runtime.audio.sound_files import RawFormat, SoundBytes
from aurora_resnet.runtime.errors import AudioError

SHARED = Path(__file__).parents[2] / "../shared"
READERS: list[Callable[[Path], object]] = [audio_info, read_audio, lambda path: list(audio_info(path).blocks())]


def noise(n: int, seed: int = 0) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, n)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """One second of noise, mono, 8 kHz, 16 bits, with the plain header of 44 bytes."""
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(8000), 8000, subtype="PCM_16")
    return path


# Reading what is sound


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        (".wav", "PCM_16", 2**-15),
        (".wav", "PCM_24", 2**-23),
        (".wav", "PCM_U8", 2**-7),
        (".wav", "FLOAT", 1e-7),
        (".wav", "DOUBLE", 1e-7),
        (".wav", "ULAW", 0.02),
        (".flac", "PCM_16", 2**-15),
        (".flac", "PCM_24", 2**-23),
    ],
)
def test_every_sample_format_gives_the_same_waveform(
    tmp_path: Path, suffix: str, subtype: str, tolerance: float
) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, noise(5000), 11025, subtype=subtype)
    samples, rate = read_audio(path)
    assert samples.dtype == np.float32
    assert rate == 11025
    np.testing.assert_allclose(samples, noise(5000), atol=tolerance)


@pytest.mark.parametrize("suffix", [".ogg", ".mp3"])
def test_lossy_formats_keep_a_tone(tmp_path: Path, suffix: str) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, tone, 16000)
    samples, rate = read_audio(path)
    assert (len(samples), rate) == (16000, 16000)
    assert np.corrcoef(samples, tone)[0, 1] > 0.99


@pytest.mark.parametrize("channels", [2, 5])
def test_channels_are_averaged(tmp_path: Path, channels: int) -> None:
    each = noise(3000)[:, None] + 0.3 * noise(3000 * channels, seed=1).reshape(3000, channels)
    path = tmp_path / "a.wav"
    soundfile.write(path, each, 8000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path)[0], each.mean(axis=1), atol=1e-6)
    assert vars(audio_info(path)) == vars(SoundFile(path, 8000, 3000))


@pytest.mark.parametrize(("byte_order", "dtype"), [("big", ">i2"), ("little", "<i2")])
def test_headerless_pcm_is_read_in_either_byte_order(tmp_path: Path, byte_order: str, dtype: str) -> None:
    steps = np.array([0, 1, -1, 256, 32767, -32768])
    path = tmp_path / "FAK_1B.08"
    path.write_bytes(steps.astype(dtype).tobytes())
    raw = RawFormat(8000, byte_order)  # type: ignore[arg-type]
    samples, rate = read_audio(path, raw=raw)
    np.testing.assert_array_equal(samples, steps / 32768)
    assert rate == 8000


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_part_equals_the_slice_of_the_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, noise(32000), 16000)
    whole, _ = read_audio(path)
    part, _ = read_audio(path, start_seconds=0.75, duration_seconds=0.5)
    np.testing.assert_allclose(part, whole[12000:20000], atol=1e-5)
    rest, _ = read_audio(path, start_seconds=1.5, duration_seconds=10.0)
    np.testing.assert_allclose(rest, whole[24000:], atol=1e-5)


@pytest.mark.parametrize("start", [-0.1, 1.0, 5.0, float("nan"), float("inf")])
def test_a_start_outside_the_file_is_refused(wav: Path, start: float) -> None:
    with pytest.raises(AudioError, match=r"start_seconds must lie from 0 to before the end at 1\.000"):
        read_audio(wav, start_seconds=start)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_an_empty_part_is_refused(wav: Path, seconds: float) -> None:
    with pytest.raises(AudioError, match="duration_seconds must be above 0"):
        read_audio(wav, duration_seconds=seconds)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 3000), block=st.integers(1, 4000))
def test_blocks_joined_are_the_whole(tmp_path_factory: pytest.TempPathFactory, n: int, block: int) -> None:
    path = tmp_path_factory.mktemp("blocks") / "a.wav"
    soundfile.write(path, noise(n), 1000, subtype="FLOAT")
    blocks = list(audio_info(path).blocks(block / 1000))
    assert [len(b) for b in blocks] == [block] * (n // block) + [n % block] * (n % block > 0)
    np.testing.assert_array_equal(np.concatenate(blocks), noise(n).astype(np.float32))


def test_silence_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(100), 8000)
    np.testing.assert_array_equal(read_audio(path)[0], np.zeros(100))


@pytest.mark.shared
def test_real_recordings_are_read() -> None:
    folder = SHARED / "data"
    if not folder.exists():
        pytest.skip("needs the real recordings in ../shared")
    recording = folder / "fsdd/recordings/7_theo_0.wav"
    with wave.open(str(recording)) as reference:
        steps = np.frombuffer(reference.readframes(reference.getnframes()), dtype="<i2")
    samples, rate = read_audio(recording)
    assert rate == 8000
    np.testing.assert_array_equal(samples, steps / 32768)
    ogg = min((folder / "noise/esc10").rglob("*.ogg"))
    assert audio_info(ogg).seconds == pytest.approx(5, abs=0.1)
    assert read_audio(ogg)[0].shape == (audio_info(ogg).frames,)


# Refusing what is not: the message names the file


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file '{}'"),
        (b"", "'{}' is empty"),
        (b"These are words, not sound.\n" * 50, "'{}' cannot be read as WAV, FLAC, Ogg or MP3"),
        (b"PK\x03\x04" + bytes(500), "'{}' cannot be read as WAV, FLAC, Ogg or MP3"),
        (b"RIFF\x24\x00\x00\x00WAVE", "'{}' cannot be read as WAV"),
        (b"fLaC", "'{}' cannot be read as WAV, FLAC"),
    ],
)
def test_what_is_no_sound_file_is_refused(
    tmp_path: Path, reader: Callable[[Path], object], content: bytes | None, message: str
) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioError) as caught:
        reader(path)
    assert message.format(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is no regular file but a folder; expected a sound file"):
        read_audio(tmp_path)


def test_a_headerless_name_without_its_format_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(100))
    with pytest.raises(AudioError, match="headerless PCM needs its RawFormat"):
        read_audio(path)
    assert len(read_audio(path, raw=RawFormat(8000, "big"))[0]) == 50


@pytest.mark.parametrize("kept", [11, 20, 30, 40])
def test_a_cut_header_is_refused(wav: Path, kept: int) -> None:
    wav.write_bytes(wav.read_bytes()[:kept])
    with pytest.raises(AudioError, match="cannot be read as WAV"):
        read_audio(wav)


@pytest.mark.parametrize(("position", "field"), [(12, b"xxxx"), (20, b"\x77\x77"), (22, b"\0\0"), (8, b"EVAW")])
def test_a_corrupt_header_is_refused(wav: Path, position: int, field: bytes) -> None:
    content = bytearray(wav.read_bytes())
    content[position : position + len(field)] = field
    wav.write_bytes(content)
    with pytest.raises(AudioError, match=r"cannot be read as WAV|is not read|is damaged"):
        read_audio(wav)


@pytest.mark.parametrize("rate", [0, 1, 999, 1_000_001, 2_000_000_000])
def test_an_absurd_rate_in_the_header_is_refused(wav: Path, rate: int) -> None:
    content = bytearray(wav.read_bytes())
    content[24:28] = struct.pack("<I", rate)
    wav.write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.wav'.*(rate in its header is 0|the sample rate must be)"):
        read_audio(wav)


@pytest.mark.parametrize("suffix", [".wav", ".ogg"])
def test_a_file_without_samples_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, np.zeros(0), 8000)
    with pytest.raises(AudioError, match="holds no samples"):
        audio_info(path)


@pytest.mark.parametrize("kept", [15_000, 15_001, 16_042])
def test_a_cut_wav_is_refused_though_libsndfile_reads_it(wav: Path, kept: int) -> None:
    wav.write_bytes(wav.read_bytes()[:kept])
    assert soundfile.read(wav)[0].shape == ((kept - 44) // 2,)
    with pytest.raises(AudioError, match=f"promises 16000 bytes of samples, {kept - 44} are there"):
        audio_info(wav)


@pytest.mark.parametrize("placeholder", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_a_wav_from_a_pipe_has_no_length_and_is_read_to_its_end(wav: Path, placeholder: int) -> None:
    expected = read_audio(wav)[0]
    content = bytearray(wav.read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", placeholder)
    wav.write_bytes(content)
    np.testing.assert_array_equal(read_audio(wav)[0], expected)


def test_chunks_behind_the_samples_do_no_harm(wav: Path) -> None:
    expected = read_audio(wav)[0]
    wav.write_bytes(wav.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO")
    np.testing.assert_array_equal(read_audio(wav)[0], expected)


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_flac_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(32000), 16000)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) * 6 // 10 :]
    else:
        content[len(content) // 2 : len(content) // 2 + 500] = bytes(500)
    path.write_bytes(content)
    assert audio_info(path).frames == 32000  # the header is whole
    with pytest.raises(AudioError, match=r"a\.flac' is damaged or cut off near sample \d+ of 32000"):
        read_audio(path)


@pytest.mark.parametrize(
    ("length", "message"), [(0, "does not say how long it is"), (2**36 - 1, "damaged|do not fit in memory")]
)
def test_a_flac_whose_header_states_no_true_length_is_refused(tmp_path: Path, length: int, message: str) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(32000), 16000)
    content = bytearray(path.read_bytes())
    content[21] = content[21] & 0xF0 | length >> 32  # STREAMINFO: the last 36 of its 64 bits are the length
    content[22:26] = (length & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(AudioError, match=message):
        read_audio(path)


def test_a_cut_mp3_is_refused_when_its_tag_states_the_length(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, noise(32000), 16000)
    content = path.read_bytes()
    path.write_bytes(b"ID3\x03\0\0\0\0\x01\x00" + bytes(128) + content)
    assert len(read_audio(path)[0]) == 32000
    path.write_bytes(b"ID3\x03\0\0\0\0\x01\x00" + bytes(128) + content[: len(content) // 2])
    with pytest.raises(AudioError, match=r"a\.mp3' is cut off: its header promises 32000 samples"):
        read_audio(path)


def test_a_cut_ogg_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, noise(160_000), 16000)
    whole, _ = read_audio(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    half, _ = read_audio(path)
    assert 40_000 < len(half) < 120_000
    np.testing.assert_allclose(half[:-2048], whole[: len(half) - 2048], atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinite_samples_are_refused(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "a.wav"
    samples = noise(30_000).reshape(-1, 2)
    samples[12_345, 1] = bad
    soundfile.write(path, samples, 1000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"a\.wav': some samples are NaN or infinite"):
        read_audio(path)


def test_an_odd_number_of_bytes_is_no_raw_pcm(tmp_path: Path) -> None:
    path = tmp_path / "a.08"
    path.write_bytes(bytes(1001))
    with pytest.raises(AudioError, match="has 1001 bytes, but 16-bit PCM has two bytes a sample"):
        read_audio(path, raw=RawFormat(8000, "big"))


def test_a_raw_format_of_an_absurd_rate_is_refused() -> None:
    with pytest.raises(AudioError, match="RawFormat: the sample rate must be a whole number of Hz from 1000 to"):
        RawFormat(999, "big")


def test_an_unknown_byte_order_is_refused() -> None:
    with pytest.raises(AudioError, match="byte_order must be 'big' or 'little', got 'middle'"):
        RawFormat(8000, "middle")  # type: ignore[arg-type]


# In memory


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_bytes_give_what_their_file_gives(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, noise(16000 * 12 * channels).reshape(-1, channels), 16000)  # more than a block
    expected, rate = read_audio(path)
    samples, decoded_rate = read_audio(SoundBytes(path.read_bytes(), "a pipe"))
    assert decoded_rate == rate
    np.testing.assert_array_equal(samples, expected)


def test_a_wav_that_a_program_wrote_into_a_pipe_is_read_to_its_end(wav: Path) -> None:
    content = bytearray(wav.read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", 0xFFFFFFFF)
    np.testing.assert_array_equal(read_audio(SoundBytes(bytes(content), "a pipe"))[0], read_audio(wav)[0])


def test_a_cut_mp3_in_memory_is_refused_as_its_file_is(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, noise(32000), 16000)
    content = path.read_bytes()
    with pytest.raises(AudioError, match="'a pipe' is cut off: its header promises 32000 samples"):
        read_audio(SoundBytes(content[: len(content) // 2], "a pipe"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: b"These are words.\n" * 50, "cannot be read as WAV, FLAC, Ogg or MP3"),
        (lambda content: content[:30], "cannot be read as WAV"),
        (lambda content: content[:44], "holds no samples|promises 16000 bytes of samples, 0 are there"),
        (lambda content: content[:1000], "promises 16000 bytes of samples, 956 are there"),
        (lambda content: content[:24] + struct.pack("<I", 999) + content[28:], "the sample rate must be"),
    ],
)
def test_bytes_that_are_no_sound_are_refused(wav: Path, change: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises(AudioError, match="^'a pipe'.*(" + message + ")") as caught:
        read_audio(SoundBytes(change(wav.read_bytes()), "a pipe"))
    assert len(str(caught.value).splitlines()) == 1
