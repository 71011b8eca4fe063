"""What all tests share: settings of hypothesis and torch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# A time limit per example would test the machine. CI draws the same examples every time: a red run is repeatable.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

torch.set_num_threads(1)  # small tensors; also, tests run side by side in CI

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    """The folder of the real recordings; tests that ask for it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("the real recordings in ../shared/data are not here")
    return SHARED
