"""The way from a recording to a clip against trying every stretch, and within little memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.runtime.audio.clips import fit_length, make_clip, place, read_clip
from aurora_resnet.runtime.audio.low_cut import cut_low
from aurora_resnet.runtime.audio.reading import SamplesInMemory, open_file, read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.audio.word_search import most_energetic_start
from aurora_resnet.runtime.errors import AudioError

# Sixteenths: their squares and sums are exact in float64, so that equal stretches are exactly equal.
sixteenths = st.lists(st.integers(-16, 16), min_size=1, max_size=60).map(
    lambda numerators: np.array(numerators, dtype=np.float32) / 16
)


def loudest_by_trying_all(samples: npt.NDArray[np.float32], length: int) -> int:
    energies = [
        sum(float(x) ** 2 for x in samples[start : start + length]) for start in range(len(samples) - length + 1)
    ]
    return energies.index(max(energies))


@given(samples=sixteenths, data=st.data())
def test_the_most_energetic_stretch_is_the_one_that_trying_all_finds(samples: Samples, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, len(samples)))
    assert most_energetic_start([samples], length) == loudest_by_trying_all(samples, length)


@given(samples=sixteenths, data=st.data())
def test_the_stretch_does_not_depend_on_the_blocks(samples: Samples, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, len(samples)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(samples)), max_size=8)))
    assert most_energetic_start(np.split(samples, cuts), length) == loudest_by_trying_all(samples, length)


@given(samples=sixteenths, room=st.integers(1, 80), position=st.floats(0, 1))
def test_a_waveform_lies_at_its_position_in_the_window(samples: Samples, room: int, position: float) -> None:
    window = place(samples, np.zeros(room, np.float32), position)
    free = room - len(samples)
    start = int(free * position)
    if free >= 0:
        expected = np.concatenate((np.zeros(start), samples, np.zeros(free - start)))
    else:
        expected = samples[-start : -start + room]
    np.testing.assert_array_equal(window, expected)


@given(samples=sixteenths, length=st.integers(1, 80))
def test_fit_length_gives_the_length_and_either_pads_or_cuts(samples: Samples, length: int) -> None:
    before = samples.copy()
    clip = fit_length(samples, length)
    assert clip.shape == (length,)
    assert clip.dtype == np.float32
    n = len(samples)
    if n <= length:
        left = (length - n) // 2
        np.testing.assert_array_equal(clip, [0] * left + samples.tolist() + [0] * (length - n - left))
    else:
        start = loudest_by_trying_all(samples, length)
        np.testing.assert_array_equal(clip, samples[start : start + length])
    clip[:] = 9
    np.testing.assert_array_equal(samples, before)


@given(samples=sixteenths, length=st.integers(1, 80))
def test_fitting_twice_is_fitting_once(samples: Samples, length: int) -> None:
    once = fit_length(samples, length)
    np.testing.assert_array_equal(fit_length(once, length), once)


def test_silence_is_allowed_and_cut_at_its_start() -> None:
    assert most_energetic_start([np.zeros(100, np.float32)], 10) == 0
    np.testing.assert_array_equal(fit_length(np.zeros(100), 10), np.zeros(10))


def test_a_slightly_louder_stretch_is_found_far_behind_the_start() -> None:
    """The running sum is 175,000 there and must resolve 0.01, which float32 does not."""
    samples = np.full(1_000_000, 0.5, dtype=np.float32)
    samples[700_000:700_100] = 0.5001
    assert most_energetic_start([samples], 100) == 700_000


@pytest.mark.parametrize("length", [0, -1])
def test_a_length_below_one_is_refused(length: int) -> None:
    with pytest.raises(AudioError, match=f"at least 1 sample, got {length}"):
        fit_length(np.zeros(10), length)
    with pytest.raises(AudioError, match=f"at least 1 sample, got {length}"):
        make_clip(SamplesInMemory(np.zeros(10, np.float32), 8000), 8000, length)


def test_unusable_samples_are_refused() -> None:
    with pytest.raises(AudioError, match="fit_length: some samples are NaN"):
        fit_length(np.array([np.inf]), 3)
    with pytest.raises(AudioError, match="fit_length: expected one dimension"):
        fit_length(np.zeros((2, 3)), 3)


@settings(deadline=None)
@given(
    seconds=st.floats(0.01, 3.0),
    from_rate=st.sampled_from([8000, 16000, 11025, 44100]),
    clip_seconds=st.sampled_from([0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_a_clip_says_where_it_was_cut(seconds: float, from_rate: int, clip_seconds: float, seed: int) -> None:
    """What the clip holds is the recording from where it says on, resampled; beyond the ends it is silent."""
    rng = np.random.default_rng(seed)
    frames = max(1, round(seconds * from_rate))
    loudness = np.interp(np.arange(frames), np.linspace(0, frames, 9), rng.uniform(0.1, 1, 9))
    samples = (loudness * rng.uniform(-1, 1, frames)).astype(np.float32)
    rate, length = 8000, round(clip_seconds * 8000)
    clip = make_clip(SamplesInMemory(samples, from_rate), rate, length)
    assert clip.samples.shape == (length,)
    assert clip.recording_seconds == frames / from_rate
    if frames > clip_seconds * from_rate:
        start = clip.start_seconds * from_rate
        assert start == pytest.approx(round(start))
        stretch = samples[round(start) : round(start) + round(clip_seconds * from_rate)]
        expected = cut_low(resample(stretch, from_rate, rate), rate)
        np.testing.assert_array_equal(clip.samples, fit_length(expected, length))
    else:
        whole = cut_low(resample(samples, from_rate, rate), rate)
        before = -round(clip.start_seconds * rate)
        np.testing.assert_array_equal(clip.samples[before : before + len(whole)], whole)
        assert np.count_nonzero(clip.samples) <= len(whole)
        assert abs(2 * before + len(whole) - length) <= 1


@pytest.mark.parametrize("frames", [79_999, 80_000, 80_001])  # about the block that is read at once
def test_a_file_and_its_samples_give_the_same_clip(tmp_path: Path, frames: int) -> None:
    steps = np.random.default_rng(0).integers(-9000, 9000, frames, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", steps, 8000)
    of_file = make_clip(open_file(tmp_path / "a.wav"), 8000, 8000)
    of_samples = make_clip(SamplesInMemory((steps / 2**15).astype(np.float32), 8000), 8000, 8000)
    np.testing.assert_array_equal(of_file.samples, of_samples.samples)
    assert (of_file.start_seconds, of_file.recording_seconds) == (of_samples.start_seconds, frames / 8000)


@pytest.mark.parametrize("seconds", [0.4, 25.0])  # shorter and longer than the blocks in which files are read
@pytest.mark.parametrize("sample_rate", [8000, 16000, 11025])
def test_read_clip_equals_cutting_the_whole_waveform(tmp_path: Path, seconds: float, sample_rate: int) -> None:
    rng = np.random.default_rng(0)
    envelope = np.interp(np.linspace(0, 1, 50 * 8000), np.linspace(0, 1, 40), rng.uniform(0, 0.9, 40))
    file = tmp_path / "a.flac"
    soundfile.write(file, envelope * rng.uniform(-1, 1, len(envelope)), 8000)
    whole, rate = read_audio(file)
    expected = cut_low(resample(fit_length(whole, round(seconds * rate)), rate, sample_rate), sample_rate)
    np.testing.assert_array_equal(read_clip(file, sample_rate, seconds), expected)


@settings(max_examples=15, deadline=None)
@given(burst=st.integers(0, 25 * 1000 - 300))
def test_read_clip_finds_a_burst_wherever_it_lies(tmp_path_factory: pytest.TempPathFactory, burst: int) -> None:
    samples = np.zeros(25 * 1000)
    samples[burst : burst + 300] = 0.5
    file = tmp_path_factory.mktemp("burst") / "a.wav"
    soundfile.write(file, samples, 1000)
    np.testing.assert_array_equal(read_clip(file, 1000, 0.3), cut_low(np.full(300, 0.5, np.float32), 1000))


def test_of_equally_loud_stretches_in_different_blocks_the_first_is_read(tmp_path: Path) -> None:
    samples = np.zeros(25 * 1000)
    samples[2000:2100], samples[22_000:22_100] = 0.5, -0.5
    file = tmp_path / "a.wav"
    soundfile.write(file, samples, 1000)
    np.testing.assert_array_equal(read_clip(file, 1000, 0.1), cut_low(np.full(100, 0.5, np.float32), 1000))


@pytest.mark.parametrize("clip_seconds", [0.5, 0.6, 100.0, float("inf")])
def test_a_shorter_file_comes_whole(tmp_path: Path, clip_seconds: float) -> None:
    samples = np.random.default_rng(0).integers(-20000, 20000, 4000) / 32768
    file = tmp_path / "a.wav"
    soundfile.write(file, (samples * 2**15).astype(np.int16), 8000)
    np.testing.assert_array_equal(read_clip(file, 8000, clip_seconds), cut_low(samples.astype(np.float32), 8000))
    assert read_clip(file, 16000, clip_seconds).shape == (8000,)


def test_a_silent_file_gives_silence(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    soundfile.write(file, np.zeros(16000), 8000)
    np.testing.assert_array_equal(read_clip(file, 16000, 1.0), np.zeros(16000))


def test_headerless_files_are_read_in_their_byte_order(tmp_path: Path) -> None:
    steps = np.zeros(3000, dtype=">i2")
    steps[1000:2000] = np.random.default_rng(0).integers(-1000, 1000, 1000)
    file = tmp_path / "a.08"
    file.write_bytes(steps.tobytes())
    clip = read_clip(file, 8000, 0.375, raw=RawFormat(8000, "big"))
    np.testing.assert_array_equal(clip, cut_low((steps / 2**15).astype(np.float32), 8000))


def test_an_mp3_whose_length_is_overestimated_is_cut_all_the_same(tmp_path: Path) -> None:
    """Without its Xing tag a quiet beginning makes libsndfile expect ten times the length."""
    samples = np.random.default_rng(0).standard_normal(48000) * 0.1 * np.linspace(0, 1, 48000) ** 4
    file = tmp_path / "a.mp3"
    soundfile.write(file, samples, 16000, bitrate_mode="VARIABLE", compression_level=0.5)
    mpeg = file.read_bytes()
    file.write_bytes(mpeg[mpeg.index(mpeg[:2], 4) :])  # drop the first frame, which is the tag
    whole, _ = read_audio(file)
    assert 48000 <= len(whole) < 51000
    assert soundfile.info(file).frames > 100_000
    clip = read_clip(file, 16000, 0.5)
    np.testing.assert_allclose(clip, cut_low(fit_length(whole, 8000), 16000), atol=1e-3)
    np.testing.assert_array_equal(read_clip(file, 16000, 5.0), cut_low(whole, 16000))


@pytest.mark.parametrize("clip_seconds", [0.0, -1.0, float("nan")])
def test_absurd_clip_lengths_are_refused(tmp_path: Path, clip_seconds: float) -> None:
    with pytest.raises(AudioError, match="clip_seconds must be a number above 0"):
        read_clip(tmp_path / "a.wav", 8000, clip_seconds)


def test_absurd_rates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="read_clip: the sample rate"):
        read_clip(tmp_path / "a.wav", 0, 1.0)


def test_a_file_of_hours_needs_the_memory_of_the_clip_alone(tmp_path: Path) -> None:
    rate, seconds = 8000, 2 * 3600
    file = tmp_path / "long.wav"
    soundfile.write(file, np.zeros(1, dtype=np.int16), rate)
    header = bytearray(file.read_bytes()[:44])
    n_bytes = 2 * rate * seconds
    header[4:8] = (36 + n_bytes).to_bytes(4, "little")
    header[40:44] = n_bytes.to_bytes(4, "little")
    tones = np.sin(np.arange(rate) / 2) * np.sin(np.arange(rate) / 9)
    burst = np.rint(8192 * (tones + 0.2 * np.random.default_rng(0).standard_normal(rate))).astype("<i2")
    with file.open("wb") as stream:  # zeros that are never written take no room on the disk
        stream.write(header)
        stream.seek(44 + 2 * rate * 5000)
        stream.write(burst.tobytes())
        stream.truncate(44 + n_bytes)
    resample(np.zeros(10), rate, 16000)  # designs the filter, which stays in memory
    tracemalloc.start()
    try:
        clip = read_clip(file, 16000, 1.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.sqrt(np.square(clip[2000:-2000]).mean()) == pytest.approx(np.std(burst / 32768), rel=0.05)
    decoded = 4 * rate * seconds
    assert peak < decoded / 20


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize(("overdriven_db", "clipped"), [(0, False), (10, True), (30, True)])
def test_a_recording_cut_off_at_its_peaks_is_known(rate: int, overdriven_db: int, clipped: bool) -> None:
    time = np.arange(rate) / rate
    voice = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 9)) * np.hanning(rate)
    loud = np.clip(voice / abs(voice).max() * 10 ** (overdriven_db / 20), -1, 1).astype(np.float32)
    recording = SamplesInMemory(0.4 * loud, rate)
    assert make_clip(recording, 8000, 8000).clipped is clipped
    assert (
        make_clip(SamplesInMemory(np.concatenate((np.zeros(rate, np.float32), loud)), rate), 8000, 8000).clipped
        is clipped
    )
