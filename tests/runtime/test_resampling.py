"""soxr as the library calls it: tones, impulses, SciPy and torchaudio; the stream gives the bits of the whole."""

import math
import subprocess
import sys
import tracemalloc
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal
from soundfile import write

from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.resampling import resample
from aurora_resnet.runtime.errors import AudioError

ODD_PAIRS = [(191_999, 8000), (767_999, 8000), (44_101, 16_000), (7999, 8000), (8000, 7999), (768_000, 16_000)]
RATE_PAIRS = [(8000, 16000), (16000, 8000), (44100, 16000), (48000, 16000), (22050, 8000), (11025, 16000)]
Signal = npt.NDArray[np.float64]


def tone(hz: float, rate: int, seconds: float = 1.0) -> Signal:
    t = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * hz * t)


def middle(samples: npt.NDArray[np.floating]) -> Signal:
    """Leave out the ends, where the filter reaches beyond the signal."""
    edge = len(samples) // 8
    return samples[edge:-edge].astype(np.float64)


def rms_db(samples: npt.NDArray[np.floating]) -> float:
    return 10 * math.log10(np.mean(np.square(samples, dtype=np.float64)))


@pytest.mark.parametrize(("old", "new"), RATE_PAIRS + ODD_PAIRS)
@pytest.mark.parametrize("fraction", [0.05, 0.4, 0.85])
def test_a_tone_in_the_pass_band_is_the_same_tone_at_the_new_rate(old: int, new: int, fraction: float) -> None:
    hz = fraction * min(old, new) / 2
    resampled = middle(resample(tone(hz, old), old, new))
    expected = middle(tone(hz, new))
    assert len(resampled) == len(expected)
    # soxr promises 0.01 dB up to 0.91 of the lower Nyquist frequency, which is an error of -59 dB.
    assert abs(rms_db(resampled) - rms_db(expected)) < 0.01
    assert rms_db(resampled - expected) < (-100 if fraction < 0.5 else -59)


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, new in RATE_PAIRS + ODD_PAIRS if new < old])
@pytest.mark.parametrize("above", [1.01, 1.2, 1.9, 20.3])
def test_a_tone_above_the_new_nyquist_frequency_is_suppressed(old: int, new: int, above: float) -> None:
    hz = above * new / 2
    if hz < old / 2:
        loud = tone(hz, old)
        assert rms_db(middle(resample(loud, old, new))) < rms_db(loud) - 100


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, new in RATE_PAIRS if new > old])
def test_upsampling_adds_no_mirror_image_above_the_old_nyquist_frequency(old: int, new: int) -> None:
    noise = np.random.default_rng(0).standard_normal(old) * 0.1
    frequencies, power = signal.welch(middle(resample(noise, old, new)), new, window="blackmanharris", nperseg=1024)
    image = power[frequencies > 1.05 * old / 2].max()
    speech = np.median(power[frequencies < 0.8 * old / 2])
    assert 10 * math.log10(image / speech) < -60


@pytest.mark.parametrize(("old", "new"), RATE_PAIRS)
def test_a_constant_stays_the_same_constant(old: int, new: int) -> None:
    np.testing.assert_allclose(middle(resample(np.full(old, 0.5), old, new)), 0.5, atol=1e-4)


@pytest.mark.parametrize(("old", "new"), RATE_PAIRS)
def test_an_impulse_keeps_its_place_in_time_and_is_symmetric(old: int, new: int) -> None:
    step = old // math.gcd(old, new)  # every step-th sample falls on a sample of the new rate
    place = 10 * step
    impulse = np.zeros(21 * step + 1)
    impulse[place] = 1
    resampled = resample(impulse, old, new)
    new_place = place * new // old
    assert np.argmax(resampled) == new_place
    around = resampled[: 2 * new_place + 1]
    np.testing.assert_allclose(around, around[::-1], atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 3000), pair=st.sampled_from([*RATE_PAIRS, *ODD_PAIRS, (16000, 16000), (12500, 8000)]))
def test_the_length_is_the_duration_times_the_new_rate(n: int, pair: tuple[int, int]) -> None:
    old, new = pair
    assert len(resample(np.ones(n), old, new)) == max(1, math.floor(Fraction(n * new, old) + Fraction(1, 2)))


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    a=st.floats(-2, 2),
    b=st.floats(-2, 2),
    pair=st.sampled_from(RATE_PAIRS),
)
def test_resampling_is_linear(seed: int, a: float, b: float, pair: tuple[int, int]) -> None:
    x, y = np.random.default_rng(seed).uniform(-1, 1, (2, 500))
    separate = a * resample(x, *pair) + b * resample(y, *pair)
    np.testing.assert_allclose(resample(a * x + b * y, *pair), separate, atol=1e-5)


def test_equal_rates_give_an_exact_copy() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 100).astype(np.float32)
    before = samples.copy()
    same = resample(samples, 16000, 16000)
    np.testing.assert_array_equal(same, samples)
    same[0] = 9
    np.testing.assert_array_equal(samples, before)


def test_the_input_stays_as_it_is_and_the_result_repeats() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 1000).astype(np.float32)
    before = samples.copy()
    first, second = (resample(samples, 16000, 8000) for _ in range(2))
    np.testing.assert_array_equal(samples, before)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float32


def test_silence_stays_silence() -> None:
    np.testing.assert_array_equal(resample(np.zeros(1000), 16000, 8000), np.zeros(500))


@pytest.mark.parametrize(("old", "new"), RATE_PAIRS)
def test_agrees_with_fourier_resampling_of_a_periodic_signal(old: int, new: int) -> None:
    """Of whole periods, SciPy's FFT method is the ideal band-limited interpolation."""
    periodic = np.sum([tone(hz, old) / k for k, hz in enumerate((100, 700, 1900, 3300), start=1)], axis=0)
    assert rms_db(middle(resample(periodic, old, new)) - middle(signal.resample(periodic, new))) < -80


@pytest.mark.parametrize(("old", "new"), RATE_PAIRS)
def test_agrees_with_torchaudio_on_band_limited_noise(old: int, new: int) -> None:
    try:
        import torch
        from torchaudio.functional import resample as torchaudio_resample
    except (ImportError, OSError, RuntimeError) as error:  # it refuses to load beside the newest torch
        pytest.skip(f"torchaudio does not import here: {error}")
    noise = np.random.default_rng(1).standard_normal(old) * 0.1
    low_pass = signal.firwin(801, 0.75 * min(old, new) / 2, fs=old)
    band_limited = np.convolve(noise, low_pass, mode="same")
    # A wide torchaudio filter, since its default of 6 zero crossings is 1 dB off near the pass band's end.
    reference = torchaudio_resample(torch.from_numpy(band_limited), old, new, lowpass_filter_width=128).numpy()
    ours = resample(band_limited, old, new)
    assert len(ours) == len(reference)
    assert rms_db(middle(ours) - middle(reference)) < rms_db(reference) - 60


@pytest.mark.parametrize("rate", [191_999, 767_999])
def test_a_rate_that_shares_no_factor_with_the_models_takes_little_memory(rate: int) -> None:
    """In its own process, whose peak is seen: 8 KB of samples, and what the filter for them takes."""
    code = (
        f"import resource, numpy as np; from {resample.__module__} import resample; "
        "resample(np.zeros(100), 16000, 8000); "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        f"assert len(resample(np.zeros(2000), {rate}, 8000)) > 10; "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(result.stdout) < 8000  # KB


@settings(max_examples=25, deadline=None)
@given(rate=st.one_of(st.integers(1000, 1_000_000), st.sampled_from([1000, 999_983, 999_999, 1_000_000])))
def test_any_rate_is_read_and_resampled_in_little_memory(tmp_path_factory: pytest.TempPathFactory, rate: int) -> None:
    """A file of 8 KB at any rate from 1 kHz to 1 MHz: right in time, and in memory of the size of the answer."""
    path = tmp_path_factory.mktemp("rates") / "a.wav"
    hz, frames = min(rate / 10, 900.0), 4000
    write(path, 0.5 * np.sin(2 * np.pi * hz * np.arange(frames) / rate), rate, subtype="PCM_16")
    tracemalloc.start()
    try:
        samples, stated = read_audio(path)
        changed = resample(samples, stated, 8000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
    assert abs(len(changed) - frames * 8000 / rate) <= 1
    middle = slice(len(changed) // 3, 2 * len(changed) // 3)
    expected = 0.5 * np.sin(2 * np.pi * hz * np.arange(len(changed)) / 8000)
    if len(changed) > 500:  # a shorter one is all beginning and end
        np.testing.assert_allclose(changed[middle], expected[middle], atol=0.01)


@pytest.mark.slow
def test_the_whole_process_stays_small_at_any_rate() -> None:
    """What NumPy does not see, soxr's filters, is seen by the system: 400 rates one after the other."""
    code = (
        f"import resource, numpy as np; from {resample.__module__} import resample; "
        "resample(np.zeros(100), 16000, 8000); peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "before = peak(); rates = np.random.default_rng(0).integers(1000, 1_000_001, 400).tolist(); "
        "[resample(np.zeros(4000), rate, new) for rate in rates for new in (8000, 16000)]; print(peak() - before)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(result.stdout) < 30_000  # KB


@pytest.mark.parametrize("rate", [0, -8000, 999, 1_000_001, 8000.5])
def test_absurd_rates_are_refused(rate: int) -> None:
    with pytest.raises(AudioError, match="resample from: the sample rate must be a whole number of Hz"):
        resample(np.zeros(10), rate, 8000)
    with pytest.raises(AudioError, match="resample to: the sample rate must be a whole number of Hz"):
        resample(np.zeros(10), 8000, rate)


def test_unusable_samples_are_refused() -> None:
    with pytest.raises(AudioError, match="resample: some samples are NaN"):
        resample(np.array([0.0, np.nan]), 8000, 16000)
