"""Whatever a person may hand over as a recording gives the same samples; everything else is refused with a reason."""

from __future__ import annotations

import io
import os
import threading
import tracemalloc
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from aurora_resnet.runtime.audio.reading import (
    BLOCK_SECONDS,
    Recording,
    SamplesInMemory,
    SoundFile,
    audio_info,
    open_file,
    read_audio,
)
from aurora_resnet.runtime.audio.recordings import open_recording
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError, ConfigError

RATE = 11_025


@pytest.fixture(scope="module")
def samples() -> Samples:
    """What 16 bits can hold, so that a file of them is exact."""
    steps = np.random.default_rng(0).integers(-(2**15), 2**15, 3000)
    return (steps / 2**15).astype(np.float32)


@pytest.fixture
def path(samples: Samples, tmp_path: Path) -> Path:
    file = tmp_path / "a.wav"
    soundfile.write(file, (samples * 2**15).astype(np.int16), RATE)
    return file


def whole(recording: Recording) -> Samples:
    """Read it in every way that there is, which must be the same."""
    joined = np.concatenate(list(recording.blocks()))
    np.testing.assert_array_equal(recording.read(0, recording.frames), joined)
    assert len(joined) == recording.frames
    middle = recording.frames // 2
    np.testing.assert_array_equal(recording.read(middle, 10), joined[middle : middle + 10])
    return joined


def test_files_in_any_form_give_their_samples(path: Path, samples: Samples) -> None:
    data = path.read_bytes()
    with path.open("rb") as opened:
        forms: list[Any] = [
            path,
            str(path),
            data,
            bytearray(data),
            memoryview(data),
            io.BytesIO(data),
            opened,
            {"path": str(path)},
            {"path": path, "bytes": None},
            {"bytes": data, "path": "where it came from.wav"},
            {"bytes": data, "path": None, "array": None, "sampling_rate": None},
        ]
        for form in forms:
            recording = open_recording(form)
            assert recording.sample_rate == RATE
            np.testing.assert_array_equal(whole(recording), samples)


def test_samples_in_any_form_are_the_same(samples: Samples) -> None:
    forms: list[Any] = [
        samples,
        samples.astype(np.float64),
        (samples * 2**15).astype(np.int16),
        samples.tolist(),
        np.stack([samples, samples]),
        np.stack([samples, samples], axis=1),
        samples[:, None],
    ]
    for form in forms:
        for recording in (
            open_recording(form, RATE),
            open_recording({"array": form, "sampling_rate": RATE}),
            open_recording({"array": form}, RATE),
            open_recording({"array": form, "sampling_rate": RATE, "path": "ignored.wav"}, RATE),
        ):
            assert (recording.sample_rate, recording.frames) == (RATE, len(samples))
            np.testing.assert_array_equal(whole(recording), samples)


def test_rates_may_be_numpys_or_whole_floats(samples: Samples) -> None:
    rates: list[Any] = [np.int32(RATE), np.float64(RATE), float(RATE)]
    for rate in rates:
        assert open_recording(samples, rate).sample_rate == RATE
        assert type(open_recording(samples, rate).sample_rate) is int


def test_tensors_are_taken_with_gradients_and_in_brain_floats(samples: Samples) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(samples)
    for form in (tensor, tensor.clone().requires_grad_(), tensor.double(), torch.stack([tensor, tensor])):
        np.testing.assert_array_equal(whole(open_recording(form, RATE)), samples)
    brain = tensor.bfloat16()
    np.testing.assert_array_equal(whole(open_recording(brain, RATE)), brain.float().numpy())
    steps = (tensor * 2**15).to(torch.int16)
    np.testing.assert_array_equal(whole(open_recording({"array": steps, "sampling_rate": RATE})), samples)


def test_nothing_is_copied_or_changed_without_need(samples: Samples) -> None:
    before = samples.copy()
    recording = open_recording(samples, RATE)
    assert isinstance(recording, SamplesInMemory)
    assert np.shares_memory(recording.samples, samples)
    whole(recording)
    np.testing.assert_array_equal(samples, before)


@pytest.mark.parametrize("seconds", [BLOCK_SECONDS, BLOCK_SECONDS + 0.001, 2.5 * BLOCK_SECONDS])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_long_file_stays_on_the_disk_until_it_is_read(tmp_path: Path, seconds: float, suffix: str) -> None:
    steps = np.random.default_rng(1).integers(-9000, 9000, round(seconds * 1000), dtype=np.int16)
    file = tmp_path / f"a{suffix}"
    soundfile.write(file, steps, 1000)
    recording = open_recording(file)
    assert isinstance(recording, SoundFile if seconds > BLOCK_SECONDS else SamplesInMemory)
    np.testing.assert_array_equal(whole(recording), read_audio(file)[0])
    assert "array" not in repr(recording)


def test_headerless_files_are_opened_with_their_format(tmp_path: Path) -> None:
    file = tmp_path / "a.08"
    steps = np.arange(-2000, 2000, dtype=">i2")
    file.write_bytes(steps.tobytes())
    recording = open_file(file, RawFormat(8000, "big"))
    np.testing.assert_array_equal(whole(recording), steps / 2**15)


def test_samples_of_another_scale_are_said_and_not_guessed() -> None:
    steps = np.random.default_rng(0).integers(-20_000, 20_000, 3000).astype(np.int16)
    expected = whole(open_recording(steps, RATE))
    np.testing.assert_array_equal(whole(open_recording(steps.astype(np.int32) << 16, RATE)), expected)
    np.testing.assert_array_equal(whole(open_recording(steps.data, RATE)), expected)  # it says int16
    assert not whole(open_recording(np.zeros(100, np.int32), RATE)).any()
    with pytest.raises(AudioError, match=r"of int32 samples is 2147483648, but none .* beyond 19997; .*np.int16"):
        open_recording(steps.astype(np.int32), RATE)
    for floats in (steps.astype(np.float32), {"array": steps.astype(float).tolist(), "sampling_rate": RATE}):
        with pytest.raises(AudioError, match="for 16-bit integers divide them by 32768"):
            open_recording(floats, None if isinstance(floats, dict) else RATE)
    raw = steps.tobytes()
    for data in (raw, bytearray(raw), memoryview(raw)):
        with pytest.raises(ConfigError, match=r"raw 16-bit PCM: give np.frombuffer\(data, np.int16\)"):
            open_recording(data, RATE)
        with pytest.raises(AudioError, match=r"goes in as an array, np.frombuffer\(data, np.int16\)"):
            open_recording(data)


@pytest.mark.parametrize("value", [1e20, -1e38, 101.0])
@pytest.mark.parametrize("channel", [0, 1])
def test_one_huge_sample_is_refused_in_files_and_arrays(tmp_path: Path, value: float, channel: int) -> None:
    array = np.zeros((3000, 2), np.float32)
    array[1234, channel] = value
    soundfile.write(tmp_path / "a.wav", array, RATE, subtype="FLOAT")
    for recording, rate in ((array, RATE), (array[:, channel], RATE), (tmp_path / "a.wav", None)):
        with pytest.raises(AudioError, match=r"a sample is .*, but full scale of floating-point samples is 1"):
            open_recording(recording, rate)


def test_sounds_beyond_full_scale_are_heard(tmp_path: Path) -> None:
    loud = (30 * np.random.default_rng(0).standard_normal(3000)).clip(-100, 100).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", loud, RATE, subtype="FLOAT")
    np.testing.assert_array_equal(whole(open_recording(tmp_path / "a.wav")), loud)


@pytest.mark.parametrize("in_memory", [True, False])
def test_hours_of_many_channels_take_little_memory(tmp_path: Path, in_memory: bool) -> None:
    """A few kilobytes of FLAC: eight channels of 40 s at 48 kHz are 61 MB of float32, and of hours no more."""
    rate, channels = 48_000, 8
    path = tmp_path / "bomb.flac"
    with soundfile.SoundFile(path, "w", rate, channels, "PCM_16") as file:
        for _ in range(4):
            file.write(np.zeros((10 * rate, channels), np.int16))
    assert path.stat().st_size < 500_000
    source: Any = path.read_bytes() if in_memory else path
    tracemalloc.start()
    try:
        recording = open_recording(source)
        assert recording.frames == 40 * rate
        assert sum(len(block) for block in islice(recording.blocks(), 4)) > rate
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


def test_more_channels_than_32_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((10, 33)), RATE)
    with pytest.raises(AudioError, match="has 33 channels, expected at most 32"):
        open_recording(tmp_path / "a.wav")


@pytest.mark.parametrize("form", ["path", "text", "bytes", "file", "mapping"])
def test_a_file_states_its_own_rate(path: Path, form: str) -> None:
    data = path.read_bytes()
    recording: Any = {
        "path": path,
        "text": str(path),
        "bytes": data,
        "file": io.BytesIO(data),
        "mapping": {"bytes": data},
    }[form]
    with pytest.raises(ConfigError, match=r"sample_rate is for arrays; .* states its own"):
        open_recording(recording, RATE)


def test_samples_need_a_rate_and_only_one(samples: Samples) -> None:
    with pytest.raises(ConfigError, match=r"needs sample_rate \(Hz\)"):
        open_recording(samples)
    with pytest.raises(ConfigError, match=r"needs sample_rate \(Hz\)"):
        open_recording({"array": samples})
    with pytest.raises(ConfigError, match="states sampling_rate 8000, sample_rate says 16000"):
        open_recording({"array": samples, "sampling_rate": 8000}, 16_000)


@pytest.mark.parametrize(
    ("recording", "rate", "message"),
    [
        ({}, None, "got the keys none"),
        ({"audio": 1, 2: 3}, None, "got the keys audio, 2"),
        ({"array": None, "path": None}, None, "got the keys array, path"),
        (b"", None, "the sound file in memory' is empty"),
        (b"no sound", None, "cannot be read as WAV, FLAC, Ogg or MP3"),
        (io.StringIO("RIFF"), None, "a file opened for bytes .'rb'., reading it gave str"),
        ("nowhere.wav", None, "there is no file 'nowhere.wav'"),
        ({"path": "nowhere.wav"}, None, "there is no file 'nowhere.wav'"),
        ("a\0b", None, "there is no file"),
        (".", None, "is no regular file but a folder"),
        (None, 8000, "expected a recording, got None"),
        ([1, 2], 8000, "got int64"),
        ([], 8000, "at least one sample"),
        ([0.0, float("nan")], 8000, "NaN or infinite"),
        ([0.0], 999, "the sample rate must be"),
        ([0.0], 8000.5, "the sample rate must be"),
        ({"array": [0.0], "sampling_rate": "8000"}, None, "the sample rate must be"),
        (np.zeros((2, 2, 2)), 8000, r"got shape \(2, 2, 2\)"),
    ],
)
def test_what_is_no_recording_is_refused(recording: Any, rate: float | None, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        open_recording(recording, rate)


def test_a_cut_file_is_refused_in_any_form(path: Path) -> None:
    cut = path.read_bytes()[:2000]
    path.write_bytes(cut)
    for form in (path, cut, io.BytesIO(cut)):
        with pytest.raises(AudioError, match="is cut off: its header promises 6000 bytes of samples, 1956 are there"):
            open_recording(form)


class Decoder:
    """As the library *datasets* gives it from version 4 on."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def __getitem__(self, key: str) -> Any:
        if key not in ("array", "sampling_rate"):
            raise TypeError(key)
        return self._samples if key == "array" else RATE


@dataclass
class AudioSamples:
    """As torchcodec gives them: channels first."""

    data: Any
    sample_rate: int
    pts_seconds: float = 0.0


class TorchcodecDecoder:
    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def get_all_samples(self) -> AudioSamples:
        return AudioSamples(np.stack([self._samples, self._samples]), RATE)


def test_pairs_and_decoders_are_taken(samples: Samples) -> None:
    steps = (samples * 2**15).astype(np.int16)
    given: list[Any] = [
        Decoder(samples),
        TorchcodecDecoder(samples),
        AudioSamples(samples[None], RATE),
        (RATE, steps),
        [RATE, steps],
        (RATE, np.stack([steps, steps], axis=1)),
        (samples, RATE),
        (samples[None], RATE),
        (np.int64(RATE), samples),
        (float(RATE), samples.tolist()),
        (np.array(RATE), samples),
        {"array": Decoder(samples)["array"], "sampling_rate": RATE},
    ]
    for recording in given:
        opened = open_recording(recording)
        assert opened.sample_rate == RATE
        np.testing.assert_array_equal(whole(opened), samples)
        np.testing.assert_array_equal(whole(open_recording(recording, RATE)), samples)
        with pytest.raises(ConfigError, match=r"states sampling_rate .*, sample_rate says 8000"):
            open_recording(recording, 8000)


def test_two_samples_are_no_pair() -> None:
    assert open_recording((0.25, 0.5), 8000).frames == open_recording([[0.25], [0.5]], 8000).frames == 2


def test_a_decoder_that_fails_is_our_error() -> None:
    class Broken:
        def get_all_samples(self) -> AudioSamples:
            raise RuntimeError("no such stream")

    with pytest.raises(AudioError, match=r"cannot be decoded \(no such stream\)"):
        open_recording(Broken())


def test_a_file_object_at_its_end_is_rewound(path: Path, samples: Samples) -> None:
    written = io.BytesIO()
    written.write(path.read_bytes())
    np.testing.assert_array_equal(whole(open_recording(written)), samples)
    behind = io.BytesIO(b"1234" + path.read_bytes())
    behind.seek(4)
    np.testing.assert_array_equal(whole(open_recording(behind)), samples)
    with pytest.raises(AudioError, match="is empty"):
        open_recording(io.BytesIO())


def test_a_file_object_that_cannot_be_read_is_our_error(path: Path) -> None:
    with path.open("rb") as file:
        pass
    for closed in (file, (path.parent / "b").open("wb")):
        with pytest.raises(AudioError, match="the file object cannot be read"):
            open_recording(closed)
        closed.close()


def test_a_pipe_is_read_only_where_a_person_names_it(path: Path) -> None:
    pipe = path.parent / "pipe.wav"
    os.mkfifo(pipe)
    for recording in ({"path": str(pipe)}, {"path": str(pipe), "bytes": None}):
        with pytest.raises(AudioError, match="no regular file but a pipe"):
            open_recording(recording)
    for read in (open_file, read_audio, audio_info):
        with pytest.raises(AudioError, match="no regular file but a pipe"):
            read(str(pipe))
    writer = threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()))
    writer.start()
    assert open_recording(pipe).sample_rate == RATE
    writer.join()
