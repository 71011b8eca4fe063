"""``MelConfig`` and ``MelFrontend``: lengths, laws, gradients, precision, errors."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.signal import get_window
from torch import Tensor

from aurora_resnet.features.filterbank import filter_edges
from aurora_resnet.features.mel import MelConfig, MelFrontend, mel_filters
from aurora_resnet.runtime.errors import ConfigError

NORMALIZATIONS = ("none", "utterance", "corpus")


def noise(*shape: int, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def frontend_of(normalization: Any, **options: Any) -> MelFrontend:
    """Return a front end at 8 kHz, fitted where it must be."""
    frontend = MelFrontend(MelConfig(sample_rate=8000, normalization=normalization, **options))
    if frontend.normalization is not None:
        frontend.normalization.fit([frontend.log_mel(noise(4, 4000, seed=9))])
    return frontend


@given(
    rate=st.sampled_from([8000, 11025, 16000]),
    hop_seconds=st.floats(0.001, 0.05),
    length=st.integers(300, 4000),
)
def test_frame_count(rate: int, hop_seconds: float, length: int) -> None:
    config = MelConfig(sample_rate=rate, hop_seconds=hop_seconds, n_mels=3)
    hop = round(hop_seconds * rate)
    # The centres of the frames lie at 0, hop, 2 hop, ... up to the end of the clip.
    centres = list(range(0, length + 1, hop))
    assert config.frames(length) == len(centres)
    assert MelFrontend(config)(noise(1, length)).shape == (1, 3, len(centres))


@pytest.mark.parametrize(
    ("rate", "window_seconds", "window", "n_fft"),
    [(8000, 0.025, 200, 256), (16000, 0.025, 400, 512), (8000, 0.032, 256, 256), (8000, 0.0321, 257, 512)],
)
def test_lengths_in_samples(rate: int, window_seconds: float, window: int, n_fft: int) -> None:
    config = MelConfig(sample_rate=rate, window_seconds=window_seconds)
    assert (config.window_length, config.fft_length) == (window, n_fft)
    assert config.top == rate / 2


@pytest.mark.parametrize("mel_scale", ["htk", "slaney"])
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_energy_of_a_tone_is_the_hann_windows(mel_scale: Any, power: float) -> None:
    """A tone of amplitude A on bin k has |X[k]| = A N / 4 and half of it on both neighbours, for a Hann window."""
    config = MelConfig(
        sample_rate=8000, window_seconds=0.032, mel_scale=mel_scale, power=power, n_mels=20, normalization="none"
    )
    frontend = MelFrontend(config)
    k, amplitude = 48, 0.5
    tone = amplitude * torch.sin(2 * math.pi * k / 256 * torch.arange(4000, dtype=torch.float64))
    edges = filter_edges(20, 60.0, 4000.0, mel_scale).tolist()
    expected = [0.0] * 20
    for bin_, magnitude in ((k - 1, 16.0), (k, 32.0), (k + 1, 16.0)):
        f = bin_ * 8000 / 256
        for m in range(20):
            weight = min((f - edges[m]) / (edges[m + 1] - edges[m]), (edges[m + 2] - f) / (edges[m + 2] - edges[m + 1]))
            expected[m] += max(0.0, weight) * magnitude**power
    energies = frontend(tone)[:, 5:-5].exp()
    torch.testing.assert_close(
        energies, torch.tensor(expected).double().unsqueeze(1).expand_as(energies), rtol=1e-6, atol=2e-6
    )


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_gain_adds_its_logarithm(power: float) -> None:
    frontend = frontend_of("none", power=power)
    waveform = noise(2, 3000)
    torch.testing.assert_close(frontend(4 * waveform), frontend(waveform) + power * math.log(4), rtol=0, atol=1e-5)


def test_a_shift_by_hops_shifts_the_frames() -> None:
    frontend = frontend_of("none")
    waveform = noise(1, 4000)
    shifted = frontend(waveform[:, 3 * 80 :])
    torch.testing.assert_close(shifted[:, :, 3:-3], frontend(waveform)[:, :, 6:-3], rtol=0, atol=1e-5)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_clip_does_not_see_its_batch(normalization: str) -> None:
    frontend = frontend_of(normalization)
    batch = noise(5, 4000)
    loud = batch.clone()
    loud[1:] *= 30.0
    torch.testing.assert_close(frontend(batch[:1]), frontend(batch)[:1], rtol=0, atol=2e-5)
    torch.testing.assert_close(frontend(batch[0]), frontend(batch)[0], rtol=0, atol=2e-5)
    torch.testing.assert_close(frontend(loud)[0], frontend(batch)[0], rtol=0, atol=0)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_silence_has_finite_features_and_gradients(normalization: str, power: float) -> None:
    frontend = frontend_of(normalization, power=power)
    waveform = torch.zeros(2, 2000, requires_grad=True)
    features = frontend(waveform)
    assert features.isfinite().all()
    if normalization == "none":
        torch.testing.assert_close(features, torch.full_like(features, math.log(1e-6)))
    features.square().sum().backward()
    assert waveform.grad is not None
    assert waveform.grad.isfinite().all()


def test_normalizations_are_what_they_say() -> None:
    waveform = noise(6, 4000) * torch.linspace(0.1, 3.0, 6).unsqueeze(1)
    by_clip = frontend_of("utterance")(waveform)
    torch.testing.assert_close(by_clip.mean(dim=(1, 2)), torch.zeros(6), rtol=0, atol=1e-4)
    torch.testing.assert_close(by_clip.std(dim=(1, 2), correction=0), torch.ones(6), rtol=0, atol=1e-4)
    corpus = MelFrontend(MelConfig(sample_rate=8000, normalization="corpus"))
    with pytest.raises(ConfigError, match=r"no statistics yet; call fit"):
        corpus(waveform)
    assert corpus.normalization is not None
    corpus.normalization.fit([corpus.log_mel(waveform[:2]), corpus.log_mel(waveform[2:])])
    by_band = corpus(waveform)
    torch.testing.assert_close(by_band.mean(dim=(0, 2)), torch.zeros(64), rtol=0, atol=1e-4)
    torch.testing.assert_close(by_band.std(dim=(0, 2), correction=0), torch.ones(64), rtol=0, atol=1e-4)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_log_mel_is_what_normalization_none_gives(normalization: str) -> None:
    waveform = noise(2, 2000)
    torch.testing.assert_close(frontend_of(normalization).log_mel(waveform), frontend_of("none")(waveform))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_gradient_is_that_of_finite_differences(normalization: Any, power: float) -> None:
    config = MelConfig(
        sample_rate=1000, window_seconds=0.03, hop_seconds=0.02, n_mels=4, power=power, normalization=normalization
    )
    frontend = MelFrontend(config)
    if frontend.normalization is not None:
        frontend.normalization.fit([frontend.log_mel(noise(4, 60, seed=3))])
    waveform = noise(2, 50).double().requires_grad_()
    assert torch.autograd.gradcheck(frontend, (waveform,))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_only_rounds_input_and_output(normalization: str, dtype: torch.dtype) -> None:
    frontend = frontend_of(normalization)
    rounded = noise(2, 4000).to(dtype)
    expected = frontend(rounded.float())
    features = frontend(rounded)
    assert features.dtype == dtype
    assert torch.equal(features, expected.to(dtype))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_casting_the_module_leaves_its_constants_exact(normalization: str, dtype: torch.dtype) -> None:
    frontend = frontend_of(normalization)
    cast = copy.deepcopy(frontend).to(dtype)
    assert cast.window.dtype == cast.filters.dtype == torch.float32
    assert torch.equal(cast.window, frontend.window)
    assert torch.equal(cast.filters, frontend.filters)
    waveform = noise(2, 4000)
    # Only fitted statistics are rounded, to 8 bits in bfloat16: features of about -1 by at most 0.4 %.
    tolerance = 0.05 if normalization == "corpus" else 0.0
    torch.testing.assert_close(cast(waveform), frontend(waveform), rtol=0, atol=tolerance)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_autocast_changes_nothing(normalization: str) -> None:
    frontend = frontend_of(normalization)
    waveform = noise(2, 4000)
    expected = frontend(waveform)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = frontend(waveform)
    assert torch.equal(features, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_gpu_gives_the_same_features(normalization: str) -> None:
    frontend = frontend_of(normalization)
    waveform = noise(2, 4000)
    expected = frontend(waveform)
    on_gpu = copy.deepcopy(frontend).cuda()
    torch.testing.assert_close(on_gpu(waveform.cuda()).cpu(), expected, rtol=0, atol=1e-3)
    assert torch.equal(on_gpu.half()(waveform.half().cuda()).cpu().isfinite(), expected.isfinite())


def test_only_fitted_statistics_are_state() -> None:
    assert list(frontend_of("utterance").state_dict()) == []
    fitted = frontend_of("corpus")
    fresh = MelFrontend(fitted.config)
    fresh.load_state_dict(fitted.state_dict())
    assert torch.equal(fresh(noise(1, 2000)), fitted(noise(1, 2000)))


def test_the_dynamic_range_hides_level_and_digital_silence() -> None:
    config = MelConfig(sample_rate=8000, log_floor=1e-10, dynamic_range_db=60.0, normalization="none")
    word = 0.3 * torch.sin(2 * torch.pi * 440 * torch.arange(8000) / 8000)
    padded = torch.cat((torch.zeros(4000), word, torch.zeros(4000)))
    whispered = padded + 1e-5 * torch.randn(16_000, generator=torch.Generator().manual_seed(0))
    features = MelFrontend(config)(torch.stack((padded, whispered)))
    spread_db = 10 * (features.amax((1, 2)) - features.amin((1, 2))) / math.log(10)
    assert spread_db.tolist() == pytest.approx([60.0, 60.0], abs=1e-3)
    torch.testing.assert_close(features[0], features[1], atol=0.05, rtol=0)
    quiet = MelFrontend(config)(0.01 * padded)
    torch.testing.assert_close(quiet, features[0] + 2 * math.log(0.01), atol=1e-3, rtol=0)


def test_the_input_stays_and_any_stride_will_do() -> None:
    frontend = frontend_of("utterance")
    waveform = noise(2000, 3)
    before = waveform.clone()
    assert torch.equal(frontend(waveform.T), frontend(waveform.T.contiguous()))
    assert torch.equal(waveform, before)


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (torch.zeros(2, 2000, dtype=torch.int16), r"floating-point waveform .* got torch.int16 of shape \[2, 2000\]"),
        (torch.zeros(2, 1, 2000), r"waveform \[B, N\] or \[N\], got torch.float32 of shape \[2, 1, 2000\]"),
        (torch.tensor(0.5), r"shape \[\]"),
        (torch.zeros(2, 128), r"more than 128 samples \(0.016 s\), got 128; pad the clip"),
        (torch.zeros(0), r"got 0; pad"),
    ],
)
def test_wrong_waveforms(waveform: Tensor, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        frontend_of("none")(waveform)


def test_the_shortest_waveform_works() -> None:
    assert frontend_of("none")(noise(129)).shape == (64, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 0}, "sample_rate must lie from 1000 to 1000000, got 0"),
        ({"window_seconds": 0.0}, r"window_seconds must lie above 0 and up to 1, got 0\.0"),
        ({"window_seconds": 1e-5}, "window_seconds must be at least one sample, got 1e-05"),
        ({"window_seconds": math.inf}, "window_seconds must be a finite number, got inf"),
        ({"hop_seconds": -0.01}, r"hop_seconds must lie above 0 and up to 1, got -0\.01"),
        ({"hop_seconds": 1e-5}, "hop_seconds must be at least one sample, got 1e-05"),
        ({"n_mels": 0}, "n_mels must lie from 1 to 1000, got 0"),
        ({"n_fft": 128}, "n_fft must be even and at least the window's 200 samples, got 128"),
        ({"n_fft": 257}, "n_fft must be even and at least the window's 200 samples, got 257"),
        ({"f_min": -1.0}, r"f_min must lie from 0 to 500000, got -1\.0"),
        ({"f_min": 300.0, "f_max": 300.0}, "got f_min 300, f_max 300"),
        ({"f_max": 4001.0}, "got f_min 60, f_max 4001"),
        ({"mel_scale": "bark"}, "mel_scale must be 'htk' or 'slaney', got 'bark'"),
        ({"power": 0.0}, r"power must lie above 0 and up to 10, got 0\.0"),
        ({"log_floor": 0.0}, r"log_floor must lie above 0 and up to 1000000, got 0\.0"),
        ({"log_floor": math.nan}, "log_floor must be a finite number, got nan"),
        ({"normalization": "batch"}, "normalization must be 'none', 'utterance' or 'corpus', got 'batch'"),
    ],
)
def test_impossible_settings(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MelConfig(**{"sample_rate": 8000} | options)


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        MelConfig(sample_rate=8000, n_mels=0, power=-1.0, normalization="batch")  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in ("n_mels", "power", "'batch'"))
    assert str(caught.value).count("; ") == 2


@settings(max_examples=20)
@given(length=st.integers(200, 2000), window_seconds=st.sampled_from([0.02, 0.025]), n_fft=st.sampled_from([None, 512]))
def test_causal_frames_end_with_their_hop(length: int, window_seconds: float, n_fft: int | None) -> None:
    """Against numpy: frame t is the window before sample (t + 1) hop, with silence before the waveform."""
    config = MelConfig(
        8000, window_seconds=window_seconds, n_fft=n_fft, n_mels=6, normalization="none", causal=True, log_floor=1e-9
    )
    window, hop = config.window_length, config.hop_length
    assume(length > config.fft_length // 2)
    waveform = noise(1, length)
    padded = np.pad(waveform[0].double().numpy(), (window, 0))
    frames = [padded[(t + 1) * hop : (t + 1) * hop + window] for t in range(length // hop)]
    power = np.abs(np.fft.rfft(np.array(frames) * get_window("hann", window), n=config.fft_length)) ** 2
    expected = np.log(np.maximum(power @ mel_filters(config, torch.float64).numpy(), config.log_floor)).T
    np.testing.assert_allclose(MelFrontend(config)(waveform.double())[0], expected, atol=1e-6)


def test_causal_frames_need_a_front_end_that_knows_no_future() -> None:
    for wrong in ({"normalization": "utterance"}, {"dynamic_range_db": 60.0}, {"hop_seconds": 0.05}):
        with pytest.raises(ConfigError, match="causal frames"):
            MelConfig(8000, causal=True, **{"normalization": "none", **wrong})  # type: ignore[arg-type]
