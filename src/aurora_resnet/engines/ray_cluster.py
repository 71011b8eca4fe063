"""Processors of a cluster, by Ray: actors hold the work, and each gets a piece when it is free.

A piece whose actor or machine died is done again by another one. Results come to the program that asked, one at a time.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from aurora_resnet.engines.work import ATTEMPTS, Outcome, Piece, Prepare, Result, Worker
from aurora_resnet.runtime.errors import ConfigError, MissingDependencyError


class RayEngine:
    """Work in actors of Ray.

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
        try:
            import ray
        except ImportError as error:
            raise MissingDependencyError(
                f"the engine 'ray' needs Ray ({error}): pip install 'aurora-resnet[ray]'; 'local' needs nothing"
            ) from error
        self.ray: Any = ray
        self.processors = processors
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
        """Yield what became of each piece; see ``Engine.run``."""
        # Ray itself starts an actor that died anew, and gives it its piece again.
        options = {"num_cpus": self.processors, "max_restarts": -1, "max_task_retries": ATTEMPTS - 1}
        actor, errors, coming = self.ray.remote(**options)(Worker), self.ray.exceptions, iter(pieces)
        crew: list[Any] = []
        working: dict[Any, tuple[Any, Piece]] = {}
        try:
            for piece in islice(coming, self.workers):
                crew.append(actor.remote(prepare))
                working[crew[-1].work.remote(piece)] = crew[-1], piece
            while working:
                (done,), _ = self.ray.wait(list(working), num_returns=1)
                worker, piece = working.pop(done)
                try:
                    yield Outcome(piece, self.ray.get(done))
                except errors.RayActorError:
                    yield Outcome(piece, None, f"the Ray actor that worked on it died {ATTEMPTS} times (memory?)")
                except errors.RayTaskError as error:
                    raise error.cause from None
                for following in islice(coming, 1):
                    working[worker.work.remote(following)] = worker, following
        finally:
            for worker in crew:
                self.ray.kill(worker)
