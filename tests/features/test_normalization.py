"""Normalisation by clip and by corpus: moments, independence of the clips, errors."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resnet.features.normalization import CorpusNormalization, normalize_utterance
from aurora_resnet.runtime.errors import ConfigError


def random(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), level=st.floats(-20.0, 20.0), spread=st.floats(0.1, 10.0))
def test_an_utterance_gets_mean_0_and_deviation_1(seed: int, level: float, spread: float) -> None:
    features = normalize_utterance(random(seed, 3, 16, 20) * spread + level)
    torch.testing.assert_close(features.mean(dim=(1, 2)), torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(features.var(dim=(1, 2), correction=0), torch.ones(3), rtol=0, atol=1e-3)


def test_an_utterance_is_the_z_score_written_out() -> None:
    features = random(1, 2, 8, 9).double()
    mean = features.mean(dim=(1, 2), keepdim=True)
    variance = (features - mean).square().mean(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(normalize_utterance(features), (features - mean) / (variance + 1e-6).sqrt())


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), gain=st.floats(0.2, 5.0), shift=st.floats(-10.0, 10.0))
def test_level_and_range_of_a_recording_do_not_matter(seed: int, gain: float, shift: float) -> None:
    features = random(seed, 16, 20).double()
    torch.testing.assert_close(
        normalize_utterance(gain * features + shift), normalize_utterance(features), rtol=0, atol=1e-4
    )


def test_clips_do_not_see_each_other() -> None:
    features = random(2, 4, 8, 30)
    other = features.clone()
    other[1:] *= 100.0
    torch.testing.assert_close(normalize_utterance(other)[0], normalize_utterance(features)[0], rtol=0, atol=0)
    torch.testing.assert_close(normalize_utterance(features[0]), normalize_utterance(features)[0], rtol=0, atol=1e-6)


def test_a_constant_picture_becomes_zero() -> None:
    assert normalize_utterance(torch.full((2, 8, 9), -13.8155)).abs().max() < 0.01


def test_a_fitted_corpus_has_mean_0_and_variance_1_in_every_band() -> None:
    bands = torch.arange(6.0).unsqueeze(1)
    corpus = random(3, 50, 6, 40) * (0.5 + bands) + 100.0 * bands
    normalization = CorpusNormalization(6)
    normalization.fit([corpus[:17], corpus[17:20], corpus[20:]])
    out = normalization(corpus).double()
    torch.testing.assert_close(out.mean(dim=(0, 2)), torch.zeros(6).double(), rtol=0, atol=1e-4)
    torch.testing.assert_close(out.var(dim=(0, 2), correction=0), torch.ones(6).double(), rtol=0, atol=1e-4)


def test_a_new_fit_replaces_the_old_one_and_takes_clips_of_any_length() -> None:
    normalization = CorpusNormalization(4)
    normalization.fit([random(4, 3, 4, 10) + 1000.0])
    batches = [random(5, 2, 4, 7), random(6, 1, 4, 30)]
    normalization.fit(iter(batches))
    frames = torch.cat([batch.transpose(1, 2).reshape(-1, 4) for batch in batches])
    torch.testing.assert_close(normalization.mean[:, 0], frames.mean(dim=0))
    torch.testing.assert_close(normalization.deviation[:, 0], frames.std(dim=0, correction=0))


def test_a_band_that_never_changes_stays_finite() -> None:
    normalization = CorpusNormalization(3)
    normalization.fit([torch.full((4, 3, 5), -13.8155)])
    assert normalization(torch.full((4, 3, 5), -13.8155)).abs().max() < 0.01


def test_the_statistics_travel_with_the_state_dict() -> None:
    fitted, fresh = CorpusNormalization(5), CorpusNormalization(5)
    features = random(7, 4, 5, 6) * 3 - 2
    fitted.fit([features])
    fresh.load_state_dict(fitted.state_dict())
    torch.testing.assert_close(fresh(features), fitted(features), rtol=0, atol=0)


def test_unfitted_and_empty_are_errors() -> None:
    normalization = CorpusNormalization(5)
    with pytest.raises(ConfigError, match=r"no statistics yet; call fit"):
        normalization(torch.zeros(1, 5, 5))
    with pytest.raises(ConfigError, match=r"at least one batch"):
        normalization.fit([])
    with pytest.raises(ConfigError, match=r"no statistics yet"):
        normalization(torch.zeros(1, 5, 5))
