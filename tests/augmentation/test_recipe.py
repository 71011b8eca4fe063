import math
from dataclasses import Field, fields
from typing import Any

import numpy as np
import pytest

from aurora_resnet.audio.levels import active_power
from aurora_resnet.augmentation.recipe import Augmentation
from aurora_resnet.runtime.errors import ConfigError


def test_without_probabilities_nothing_happens_but_the_gain() -> None:
    plain = Augmentation(
        speed_probability=0,
        vocoder_probability=0,
        equalizer_probability=0,
        reverberation_probability=0,
        band_probability=0,
        codec_probability=0,
        clipping_probability=0,
        gain_db=(-6, -6),
    )
    word = np.random.default_rng(0).uniform(-1, 1, 3000).astype(np.float32)
    generator = np.random.default_rng(1)
    same = plain.equalize(plain.reverberate(plain.vary_voice(word, generator), 8000, generator), 8000, generator)
    np.testing.assert_array_equal(same, word)
    np.testing.assert_allclose(plain.transmit(word, 8000, generator), word * 10 ** (-6 / 20), rtol=1e-6)


def test_a_band_limited_channel_removes_what_lies_outside() -> None:
    limited = Augmentation(band_probability=1, codec_probability=0, clipping_probability=0, gain_db=(0, 0))
    noise = 0.1 * np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    for seed in range(5):
        spectrum = np.square(np.abs(np.fft.rfft(limited.transmit(noise, 8000, np.random.default_rng(seed)))))
        assert spectrum[:30].mean() < 1e-3 * spectrum[500:2400].mean()


def test_what_is_sent_never_exceeds_full_scale() -> None:
    loud = Augmentation(gain_db=(12, 12))
    word = np.random.default_rng(0).uniform(-1, 1, 8000).astype(np.float32)
    for seed in range(20):
        assert np.abs(loud.transmit(word, 8000, np.random.default_rng(seed))).max() <= 1


def test_active_power_does_not_count_pauses() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(4000) / 8000)
    paused = np.concatenate([np.zeros(8000), tone, np.zeros(4000)]).astype(np.float32)
    assert active_power(paused, 8000) == pytest.approx(0.125, rel=1e-3)
    assert active_power(np.zeros(100, np.float32), 8000) == 0


def test_bad_options_are_named_together() -> None:
    with pytest.raises(ConfigError, match=r"speed\.1 .*codec_probability"):
        Augmentation(codec_probability=1.5, speed=(1.2, 100.0))
    with pytest.raises(ConfigError, match=r"^speed must be a range \(low, high\), got \(1\.2, 0\.8\)$"):
        Augmentation(speed=(1.2, 0.8))


@pytest.mark.parametrize("field", fields(Augmentation), ids=lambda field: field.name)
def test_every_option_has_bounds(field: Field[Any]) -> None:
    beyond: tuple[Any, ...] = (-0.1, math.nan, math.inf, "much", None)
    if isinstance(field.default, tuple):
        beyond = ((1.0, 0.9), (0.9, math.nan), (-math.inf, 0.9), (0.9,), (0.9, 0.9, 0.9), 0.9)
    for value in beyond:
        with pytest.raises(ConfigError, match=field.name):
            Augmentation(**{field.name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("speed", (0.4, 1.0)), ("tempo", (1.0, 2.1)), ("pitch", (0.0, 1.0)), ("reverberation_seconds", (0.001, 0.5))],
)
def test_what_no_effect_can_do_is_refused_before_the_training(name: str, value: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match=name):
        Augmentation(**{name: value})  # type: ignore[arg-type]
