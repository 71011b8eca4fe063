"""Every piece is done once, whoever dies; what the work raises reaches the caller."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from aurora_resnet.engines.engine import Engine, create_engine
from aurora_resnet.engines.jobs import Job, run_jobs
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError
from tests.engines.work import Squares


def squares(engine: Engine, work: Squares, count: int) -> tuple[dict[int, int], list[int], set[int]]:
    """Return the results by number, the numbers lost, and the processes; no number may come twice."""
    outcomes = list(engine.run(work, iter(range(count))))
    assert sorted(outcome.piece for outcome in outcomes) == list(range(count))
    done = {outcome.piece: outcome.result for outcome in outcomes if outcome.result is not None}
    lost = sorted(outcome.piece for outcome in outcomes if outcome.result is None)
    assert all(bool(outcome.lost) == (outcome.result is None) for outcome in outcomes)
    return {number: square for number, (square, _) in done.items()}, lost, {process for _, process in done.values()}


def test_one_worker_is_this_process_and_takes_pieces_as_it_goes(tmp_path: Path) -> None:
    taken: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(3):
            taken.append(number)
            yield number

    outcomes = create_engine("local", workers=1).run(Squares(tmp_path), pieces())
    assert next(outcomes).result == (0, os.getpid())
    assert taken == [0]


@pytest.mark.parametrize("long_pieces", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_processes_that_die_lose_only_what_kills_them(tmp_path: Path, long_pieces: bool) -> None:
    work = Squares(tmp_path, deadly=frozenset({5}), dangerous=frozenset({0, 3}))
    results, lost, processes = squares(create_engine("local", workers=2, long_pieces=long_pieces), work, 9)
    assert results == {number: number**2 for number in range(9) if number != 5}
    assert lost == [5]
    assert os.getpid() not in processes


def test_an_error_of_the_work_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2 is no number to square"):
        list(create_engine("local", workers=2).run(Squares(tmp_path, wrong=frozenset({2})), range(20_000)))
    assert len(list(tmp_path.iterdir())) < 10_000  # nothing new was begun once the error was known


@pytest.mark.parametrize(
    ("name", "workers", "said"), [("sparkle", 1, "expected local or ray"), ("local", 0, "1 or more")]
)
def test_other_engines_and_no_workers_are_refused(name: str, workers: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        create_engine(name, workers=workers)


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'aurora-resnet\[ray\]'"):
        create_engine("ray")


def _refuse() -> int:
    raise ConfigError("not this one")


def test_a_job_that_fails_is_told_and_stops_no_other() -> None:
    jobs: list[Job[int]] = [partial(int, "3"), _refuse, partial(int, "5")]
    outcomes = {outcome.piece: outcome for outcome in run_jobs(create_engine(workers=1), jobs)}
    assert [outcomes[job].result for job in jobs] == [3, None, 5]
    assert outcomes[_refuse].lost == "not this one"
