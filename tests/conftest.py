"""What all tests share: settings of hypothesis and torch."""

from __future__ import annotations

import os

import torch
from hypothesis import settings

# A time limit per example would test the machine. CI draws the same examples every time: a red run is repeatable.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

torch.set_num_threads(1)  # small tensors; also, tests run side by side in CI
