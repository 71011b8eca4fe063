"""The model keeps what all models promise."""

from collections.abc import Callable

import pytest

from aurora_resnet.testing.model_contract import MODEL_CHECKS


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_the_mixer(check: Callable[..., None]) -> None:
    """Each promise by itself."""
    check("own_model.mixer:TimeMixer", width=8)
