"""Damage is drawn from its generator alone and does what its name says; seeds are files that others can read."""

from __future__ import annotations

import io
import json
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.faults import mutations, seeds
from tools.faults.mutations import EXTREMES, MUTATIONS, mutate, mutate_text

DATA = st.binary(min_size=1, max_size=400)
SEED = st.integers(0, 2**32)


@settings(max_examples=30)
@given(data=DATA, other=DATA, seed=SEED)
def test_the_same_generator_damages_in_the_same_way(data: bytes, other: bytes, seed: int) -> None:
    for change in MUTATIONS:
        first, second = bytearray(data), bytearray(data)
        change(first, other, np.random.default_rng(seed))
        change(second, other, np.random.default_rng(seed))
        assert first == second
    text = data.hex().encode()
    for damage, sound in ((mutate, data), (mutate_text, text)):
        once, again = (damage(sound, other, np.random.default_rng(seed)) for _ in range(2))
        assert once == again


@settings(max_examples=30)
@given(data=DATA, other=DATA, seed=SEED)
def test_each_damage_is_what_it_is_called(data: bytes, other: bytes, seed: int) -> None:
    def after(name: str) -> bytes:
        changed = bytearray(data)
        getattr(mutations, name)(changed, other, np.random.default_rng(seed))
        return bytes(changed)

    flipped = after("flip_bits")
    assert len(flipped) == len(data)
    assert sum((a ^ b).bit_count() for a, b in zip(data, flipped, strict=True)) <= 16
    assert len(after("overwrite")) == len(data)
    assert data.startswith(after("cut"))
    assert len(after("remove")) < len(data)
    inserted = after("insert")
    more = len(inserted) - len(data)
    assert any(inserted[:i] + inserted[i + more :] == data for i in range(len(data) + 1))
    spliced = after("splice")
    assert any(spliced[:i] == data[:i] and other.endswith(spliced[i:]) for i in range(len(spliced) + 1))


def test_header_fields_get_extreme_values() -> None:
    found = set()
    for seed in range(400):
        data = bytearray(b"\x5a" * 64)
        mutations.set_integer(data, b"", np.random.default_rng(seed))
        found |= {value for value in EXTREMES for order in ("little", "big") if value.to_bytes(8, order) in data}
    assert {2**63 - 1, 2**64 - 1, 0xFFFFFFFF} <= found


def test_texts_get_extreme_numbers_other_types_nesting_and_encodings() -> None:
    text = b'{"a": 1, "b": [2]}'
    mutants = [mutate_text(text, text, np.random.default_rng(seed)) for seed in range(400)]
    for what in (b"1e400", b"-inf", b"9" * 5000, b"[" * 20_000, b'"\\ud800"', b"null", text.decode().encode("utf-16")):
        assert any(what in mutant for mutant in mutants), what[:20]


def test_undamaged_seeds_are_whole() -> None:
    sounds = seeds.sound_files()
    kinds = {name.split("/")[0] for name in sounds}
    assert kinds == set(soundfile.available_formats()) - {"RAW", "SD2"}
    for name, data in sounds.items():
        with soundfile.SoundFile(io.BytesIO(data)) as file:  # libsndfile checks Ogg's checksums
            assert file.channels == int(name[-1]), name
            assert 800 <= file.frames <= 4000, name  # lossy formats fill their last block
    assert all(tomllib.loads(data.decode()) for data in seeds.training_files().values())
    assert all(json.loads(line)["words"] for line in seeds.manifests()[".jsonl"]["seed"].splitlines())


@pytest.mark.slow  # libsndfile writes the time of day in seconds
def test_seeds_are_the_same_bytes_later(tmp_path: Path) -> None:
    def everything(folder: Path) -> list[bytes]:
        folder.mkdir()
        groups = [seeds.sound_files(), seeds.checkpoints(folder), seeds.requests(), *seeds.archives().values()]
        return [data for group in groups for data in group.values()]

    before = everything(tmp_path / "a")
    time.sleep(1.1)
    assert everything(tmp_path / "b") == before
