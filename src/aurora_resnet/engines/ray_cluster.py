"""Processors of a cluster, by Ray Data: actors hold the work, and pieces wait until an actor is free.

A piece whose actor or machine died is done again by another one. Results come to the program that asked, one at a time.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from aurora_resnet.engines.work import ATTEMPTS, Outcome, Piece, Prepare, Result
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError


class RayEngine:
    """Work in actors of Ray Data.

    Ray is started on this machine unless ``RAY_ADDRESS`` names a cluster or the program has called ``ray.init``. All
    machines need this package, and paths that mean the same files.

    Args:
        workers: actors, as many as the cluster has processors for if not given.
        processors: of each actor.

    Raises:
        MissingDependencyError: if Ray is not installed.
        ConfigError: if the cluster cannot be reached.
    """

    def __init__(self, workers: int | None = None, *, processors: int = 1) -> None:
        self.ray = _ray()
        self.processors = processors
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what is lost is told as an outcome
        if not self.ray.is_initialized():
            try:
                self.ray.init(
                    address=os.environ.get("RAY_ADDRESS"), logging_level=logging.WARNING, include_dashboard=False
                )
            except (ConnectionError, ValueError) as error:
                raise ConfigError(f"the Ray cluster cannot be reached ({error}); check RAY_ADDRESS") from error
        there = int(self.ray.cluster_resources().get("CPU", 1))
        self.workers = workers or max(1, there // processors)
        if self.workers * processors > there:
            raise ConfigError(
                f"{self.workers} workers need {self.workers * processors} processors, the Ray cluster has {there}; "
                "ask for fewer workers"
            )

    def run(self, prepare: Prepare[Piece, Result], pieces: Iterable[Piece]) -> Iterator[Outcome[Piece, Result]]:
        """Yield what became of each piece; see ``Engine.run``. All pieces are taken at once."""
        from ray import cloudpickle  # takes functions of the program's own file too

        data = self.ray.data
        context = data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        context.max_errored_blocks = -1  # a piece that is lost is told, the others go on
        waiting = dict(enumerate(pieces))
        if not waiting:
            return
        items = [{"number": number, "piece": cloudpickle.dumps(piece)} for number, piece in waiting.items()]
        with warnings.catch_warnings():
            # It is to be said otherwise from Ray 2.64 on; unsaid, a deadly piece is tried for ever.
            warnings.simplefilter("ignore")
            done = data.from_items(items, override_num_blocks=len(items)).map_batches(
                _Actor,
                fn_constructor_args=(cloudpickle.dumps(prepare),),
                batch_size=1,
                num_cpus=self.processors,
                # One piece at a time, so that a piece which ends its actor takes no other with it.
                compute=data.ActorPoolStrategy(size=min(self.workers, len(items)), max_tasks_in_flight_per_actor=1),
                max_task_retries=ATTEMPTS - 1,
            )
        for row in done.iter_rows():
            piece = waiting.pop(row["number"])
            result, error = cloudpickle.loads(row["result"])
            if error is not None:
                raise error
            yield Outcome(piece, result)
        for piece in waiting.values():
            yield Outcome(piece, None, f"the Ray actor that worked on it died {ATTEMPTS} times (memory?)")


class _Actor:
    """Holds the work. What it raises travels as a value, since Ray would take it for a reason to try again."""

    def __init__(self, prepare: bytes) -> None:
        self.work: Any = None
        self.prepare = prepare

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        from ray import cloudpickle

        results = []
        for piece in batch["piece"]:
            try:
                if self.work is None:
                    self.work = cloudpickle.loads(self.prepare)()
                results.append(cloudpickle.dumps((self.work(cloudpickle.loads(piece)), None)))
            except Exception as error:
                results.append(cloudpickle.dumps((None, error)))
        return {"number": batch["number"], "result": results}


def _ray() -> Any:
    """Return the module."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingDependencyError(
            f"the engine 'ray' needs Ray ({error}): pip install 'aurora-resnet[ray]'; 'local' needs nothing"
        ) from error
    return ray
