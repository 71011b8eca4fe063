"""Jobs of minutes or hours, each a function without arguments; one that fails is reported and stops no other."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from aurora_resnet.engines.work import Engine, Outcome
from aurora_resnet.runtime.errors import AuroraError

Result = TypeVar("Result")
Job = Callable[[], Result]


def run_jobs(engine: Engine, jobs: Sequence[Job[Result]]) -> Iterator[Outcome[Job[Result], Result]]:
    """Yield what became of each job as soon as it is known; where it failed, ``lost`` says why.

    Args:
        engine: made with ``long_pieces=True``.
        jobs: they can be pickled, as ``functools.partial`` of a module's function.

    >>> from functools import partial
    >>> from aurora_resnet.engines.engine import create_engine
    >>> [outcome.result for outcome in run_jobs(create_engine(workers=1), [partial(max, 1, 2), partial(min, 1, 2)])]
    [2, 1]
    """
    for outcome in engine.run(_attempting, jobs):
        yield Outcome(outcome.piece, *(outcome.result or (None, outcome.lost)))


def _attempting() -> Callable[[Job[Result]], tuple[Result | None, str]]:
    return _attempt


def _attempt(job: Job[Result]) -> tuple[Result | None, str]:
    try:
        return job(), ""
    except AuroraError as error:
        return None, str(error)
