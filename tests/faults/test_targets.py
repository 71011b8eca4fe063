"""Undamaged data is read: a target that refuses everything would find nothing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tools.faults import targets
from tools.faults.targets import Target


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    return targets.all_targets(tmp_path_factory.mktemp("seeds"))


def test_each_target_reads_undamaged_data(every: dict[str, Target], tmp_path: Path) -> None:
    for kind, target in every.items():
        folder = tmp_path / kind
        folder.mkdir()
        data = next(iter(target.seeds.values()))
        target.read(gzip.compress(data) if kind == "archives-tar" else data, folder)  # seeds are plain, to be damaged


def test_the_page_answers_every_undamaged_request(every: dict[str, Target], tmp_path: Path) -> None:
    for request in every["uploads"].seeds.values():
        every["uploads"].read(request, tmp_path)
