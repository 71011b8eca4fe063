"""The bank of negatives: what its projection promises, and what it keeps of what it was made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aurora_resnet.runtime.errors import ModelError
from aurora_resnet.teaching.encoder import Encoder
from aurora_resnet.teaching.negatives import BANK, NOISE, TALK, Bank, discriminants, load_bank


def test_the_projection_finds_the_direction_in_which_words_differ() -> None:
    generator = np.random.default_rng(0)
    labels = np.array(["ja", "nein"] * 200)
    points = generator.standard_normal((400, 3)) * (1.0, 10.0, 0.1)
    points[:, 0] += 4 * (labels == "ja")
    centre, matrix = discriminants(points.astype(np.float32), labels)
    assert abs(centre[0] - 2) < 0.3
    assert abs(matrix[0, 0]) > 10 * abs(matrix[0, 1])  # the wide direction tells nothing
    inside = (points - [[4 * (each == "ja"), 0, 0] for each in labels]) @ matrix[0]
    assert abs(inside.std() - 1) < 0.9  # shrunk


def test_the_bank_of_the_package_is_of_its_encoder_small_and_diverse() -> None:
    bank = load_bank()
    bank.check(Encoder())
    assert BANK.stat().st_size <= 1_000_000
    assert np.allclose(np.linalg.norm(bank.vectors, axis=1), 1, atol=1e-3)
    assert len(bank) > 3000
    assert len(set(bank.labels)) > 150
    assert all((bank.labels == kind).sum() > 200 for kind in (TALK, NOISE))
    assert not set(bank.without(["yes"]).labels) & {"yes"}


def test_a_bank_survives_its_file(tmp_path: Path) -> None:
    bank = load_bank()
    bank.save(tmp_path / "bank.npz")
    again = Bank.load(tmp_path / "bank.npz")
    assert (again.vectors * bank.vectors).sum(axis=1).min() > 0.999
    assert (again.labels == bank.labels).all()


def test_a_bank_of_another_encoder_is_refused() -> None:
    bank = load_bank()
    with pytest.raises(ModelError, match="make it again"):
        replace(bank, probe=bank.probe[::-1].copy()).check(Encoder())
