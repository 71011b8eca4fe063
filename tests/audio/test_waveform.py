import numpy as np
import numpy.typing as npt
import pytest

from aurora_resnet.audio.waveform import check_sample_rate, check_samples
from aurora_resnet.errors import AudioError


@pytest.mark.parametrize("rate", [0, -1, 999, 768_001, 8000.5, "8000", None])
def test_absurd_rates_are_refused(rate: int) -> None:
    with pytest.raises(AudioError, match=r"^recorder: the sample rate must be a whole number of Hz from 1000 to"):
        check_sample_rate(rate, "recorder")


@pytest.mark.parametrize("rate", [1000, 768_000, np.int64(8000)])
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
