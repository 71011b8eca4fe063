"""What counts as a waveform, against libsndfile and NumPy."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from aurora_resnet.runtime.audio.mono import mono_waveform
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import check_sample_rate, check_samples
from aurora_resnet.runtime.errors import AudioError


@pytest.mark.parametrize("rate", [0, -1, 999, 1_000_001, 8000.5, "8000", None])
def test_absurd_rates_are_refused(rate: int) -> None:
    with pytest.raises(AudioError, match=r"^recorder: the sample rate must be a whole number of Hz from 1000 to"):
        check_sample_rate(rate, "recorder")


@pytest.mark.parametrize("rate", [1000, 1_000_000, np.int64(8000)])
def test_rates_at_the_bounds_pass(rate: int) -> None:
    checked = check_sample_rate(rate, "test")
    assert checked == rate
    assert type(checked) is int


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 5)), r"expected one dimension \(mono\), got shape \(2, 5\)"),
        (np.float32(0.5), r"got shape \(\)"),
        (np.zeros(0), "expected at least one sample"),
        (np.zeros(5, dtype=np.int16), "expected floating-point samples in .*, got int16"),
        (np.zeros(5, dtype=complex), "got complex128"),
        ([[0.0], [0.0, 1.0]], "expected one row of samples"),
        (["a"], "expected floating-point samples"),
        ([0.0, np.nan], "NaN or infinite"),
        ([1e300], "NaN or infinite"),
    ],
)
def test_unusable_arrays_are_refused(samples: npt.ArrayLike, message: str) -> None:
    with pytest.raises(AudioError, match="^input: .*" + message):
        check_samples(samples, "input")


def test_usable_arrays_become_float32_without_needless_copies() -> None:
    samples = np.linspace(-0.5, 0.5, 10).astype(np.float32)
    assert check_samples(samples, "input") is samples
    assert check_samples(np.linspace(-0.5, 0.5, 10), "input").dtype == np.float32


INTEGERS = [("int16", "PCM_16"), ("int32", "PCM_32"), ("uint8", "PCM_U8"), ("int8", "PCM_S8")]


@pytest.mark.parametrize(("dtype", "subtype"), INTEGERS)
@pytest.mark.parametrize("channels", [1, 2, 11])
def test_integers_are_scaled_and_averaged_as_libsndfile_and_read_audio_do(
    tmp_path: Path, dtype: str, subtype: str, channels: int
) -> None:
    limits = np.iinfo(dtype)
    steps = np.random.default_rng(0).integers(limits.min, limits.max, (500, channels), dtype=dtype, endpoint=True)
    steps[0], steps[1] = limits.min, limits.max
    file = tmp_path / ("a.au" if subtype == "PCM_S8" else "a.wav")
    # libsndfile takes 16 and 32 bits; the upper bits of these are the samples of 8.
    upper = steps.astype(np.int64) - (128 if dtype == "uint8" else 0)
    container = steps if steps.itemsize > 1 else (upper * 2**8).astype(np.int16)
    soundfile.write(file, container, 8000, subtype=subtype)
    expected, _ = read_audio(file)
    for array in (steps, steps.T, np.asfortranarray(steps), steps.astype(steps.dtype.newbyteorder(">"))):
        np.testing.assert_array_equal(mono_waveform(array, 8000, "input"), expected)
    assert expected.min() >= -1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(100,), (100, 1), (1, 100), (100, 32), (32, 100), (2, 2), (3, 2)])
def test_of_two_axes_the_shorter_one_is_the_channels(dtype: type[np.floating], shape: tuple[int, ...]) -> None:
    time = 0 if len(shape) == 1 or shape[0] >= shape[1] else 1
    rng = np.random.default_rng(0)  # channels of one sound, each with something of its own
    common = rng.uniform(-0.5, 0.5, shape if len(shape) == 1 else np.take(shape, [time]))
    array = np.expand_dims(common, 1 - time) if len(shape) == 2 else common
    array = (array + rng.uniform(-0.1, 0.1, shape)).astype(dtype)
    expected = array.astype(np.float64) if len(shape) == 1 else array.astype(np.float64).mean(axis=1 - time)
    got = mono_waveform(array, 8000, "input")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_lists_pass_and_mono_float32_is_not_copied() -> None:
    samples = np.linspace(-0.5, 0.5, 10).astype(np.float32)
    assert np.shares_memory(mono_waveform(samples, 8000, "input"), samples)
    np.testing.assert_array_equal(mono_waveform(samples.tolist(), 8000, "input"), samples)


def test_tensors_pass_but_not_those_that_numpy_cannot_take() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.linspace(-0.5, 0.5, 10)
    np.testing.assert_array_equal(mono_waveform(tensor, 8000, "input"), tensor.numpy())
    with pytest.raises(AudioError, match=r"^input: expected an array of samples"):
        mono_waveform(tensor.requires_grad_(), 8000, "input")


def test_the_callers_array_stays_as_it_is() -> None:
    for array in (np.full((5, 2), 0.5, np.float32), np.full((5, 2), 100, np.uint8)):
        before = array.copy()
        mono_waveform(array, 8000, "input")
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(5, np.int64), "of int8, uint8, int16, int32, got int64"),
        ([1, 2, 3], "got int64"),
        (np.zeros(5, np.uint16), "got uint16"),
        (np.zeros(5, bool), "got bool"),
        (np.zeros(5, complex), "got complex128"),
        (["a"], "got <U1"),
        (None, "got object"),
        ([[0.0], [0.0, 1.0]], "expected an array of samples"),
        (np.float32(0.5), r"got shape \(\)"),
        (np.zeros((2, 3, 100)), r"got shape \(2, 3, 100\)"),
        (np.zeros((33, 100)), r"at most 32 channels, got shape \(33, 100\)"),
        (np.zeros(0, np.int16), "at least one sample"),
        (np.zeros((0, 2)), "at least one sample"),
        (np.zeros((2, 0)), "at least one sample"),
        (np.array([[0.0, np.nan], [0, 0], [0, 0]]), "NaN or infinite"),
        (np.array([np.inf, -np.inf]), "NaN or infinite"),
        ([1e300], "NaN or infinite"),
        ([0.0, -1e20], "a sample is 1e.20, but full scale .* is 1 and 100 the most that is taken; repair"),
        ([100.1], "for 16-bit integers divide them by 32768"),
        ([0.5, 32767.0], "a sample is 32767, .* for 16-bit integers divide them by 32768"),
        ([-8_000_000.0], "for 24-bit integers divide them by 8388608"),
        ([2.0**31], "for 32-bit integers divide them by 2147483648"),
        (np.array([[1e20, -1e20], [0, 0], [0, 0]]), "a sample is 1e.20"),
        (np.array([3, -32768, 9], np.int32), "of int32 samples is 2147483648, but none of these goes beyond 32768"),
        (bytearray(100), "bytearray does not say what samples it holds.* np.frombuffer.data, np.int16"),
        (memoryview(bytes(100)), "memoryview does not say what samples it holds"),
        (b"1234", "bytes does not say"),
    ],
)
def test_what_is_no_recording_is_refused(samples: npt.ArrayLike, message: str) -> None:
    with pytest.raises(AudioError, match="^input: .*" + message):
        mono_waveform(samples, 8000, "input")
