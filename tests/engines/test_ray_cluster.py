"""The same promises on a real Ray of two workers; it runs where the extra ``ray`` is installed, see docs/scale.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.engines.engine import Engine, create_engine
from aurora_resnet.noisy_corpus.build import build_noisy_corpus
from aurora_resnet.noisy_corpus.scenes import NoiseScenes
from aurora_resnet.runtime.errors import ConfigError
from tests.engines.test_engines import squares
from tests.engines.work import Squares

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'aurora-resnet[ray]'")
    ray.init(
        num_cpus=2, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(["src", "."])}}
    )
    yield create_engine("ray", workers=2)
    ray.shutdown()


def test_actors_that_die_lose_only_what_kills_them(engine: Engine, tmp_path: Path) -> None:
    work = Squares(tmp_path, deadly=frozenset({5}), dangerous=frozenset({0, 3}))
    results, lost, processes = squares(engine, work, 9)
    assert results == {number: number**2 for number in range(9) if number != 5}
    assert lost == [5]
    assert os.getpid() not in processes


def test_an_error_of_the_work_reaches_the_caller(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2 is no number to square"):
        list(engine.run(Squares(tmp_path, wrong=frozenset({2})), range(4)))


def test_more_workers_than_the_cluster_has_processors_are_refused(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="the Ray cluster has 2"):
        create_engine("ray", workers=engine.workers + 1)


@pytest.mark.usefixtures("engine")
def test_a_noisy_corpus_is_the_same_to_the_byte(tmp_path: Path) -> None:
    noise = NoiseScenes({"subway": (sample_noises()["pink"],), "street": (sample_noises()["hum"],)})
    voices = read_samples().filter(split="test", speakers="samples/espeak-en-belinda")
    for name in ("local", "ray"):
        report = build_noisy_corpus(
            voices, noise, tmp_path / name, seed=1, sets="C", snrs_db=[5], engine=name, workers=1
        )
        assert report.written == 24
    files = {path.relative_to(tmp_path / "local") for path in (tmp_path / "local").rglob("*.08")}
    assert len(files) == 24
    for file in files:
        assert (tmp_path / "local" / file).read_bytes() == (tmp_path / "ray" / file).read_bytes()
